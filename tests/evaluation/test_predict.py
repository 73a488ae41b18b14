"""Raw scores of a network on clips in memory."""

import numpy as np
import pytest
import torch

from random_networks import settled_network
from small_cells import planted_clips
from stcnet.datasets.network_input import NetworkInput
from stcnet.evaluation.predict import predict_logits
from stcnet.networks import smoke_logit
from stcnet.preprocess import EFFICIENTNET_LITE, phase_indices

INPUT = NetworkInput(EFFICIENTNET_LITE, "signed")


@pytest.mark.parametrize(("frames", "phases"), [(2, 12), (8, 4)])
def test_the_mean_over_all_phases(frames: int, phases: int) -> None:
    model = settled_network("plain-lite0", frames=frames, head="mean")
    clips = planted_clips(3)
    logits = predict_logits(model, INPUT, clips)
    with torch.no_grad():
        each = torch.stack([
            smoke_logit(model(*INPUT(clips.frames[:, list(indices)])))
            for indices in phase_indices(36, frames + 1, phases)
        ])  # fmt: skip
    assert logits.dtype == torch.float64
    np.testing.assert_allclose(logits, each.mean(dim=0), atol=1e-4)
    assert float(each.std(dim=0).max()) > 1e-3


def test_the_batch_size_changes_nothing() -> None:
    model = settled_network("plain-lite0", frames=2, head="mean")
    whole = predict_logits(model, INPUT, planted_clips(5))
    in_pairs = predict_logits(model, INPUT, planted_clips(5), batch_size=2)
    torch.testing.assert_close(whole, in_pairs, atol=1e-5, rtol=1e-5)
