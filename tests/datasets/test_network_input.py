"""What is trained on is what is served: one definition of the network's input."""

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
import torch

from stcnet.datasets.network_input import NetworkInput
from stcnet.inference import InputSpec, PhaseScorer
from stcnet.preprocess import (
    EFFICIENTNET_LITE,
    IMAGENET,
    Normalisation,
    ResidualForm,
    centred_square,
    normalise,
    residual_frames,
)
from tiny_model import random_clip

FORMS: list[ResidualForm] = ["signed", "absolute"]


@pytest.mark.parametrize("normalisation", [IMAGENET, EFFICIENTNET_LITE])
@pytest.mark.parametrize("form", FORMS)
def test_equals_preprocessing(normalisation: Normalisation, form: ResidualForm) -> None:
    clip = random_clip(5, 32, 32)
    frames, residuals = NetworkInput(normalisation, form)(
        torch.from_numpy(clip).permute(0, 3, 1, 2)[None]
    )
    normalised = normalise(clip, normalisation)
    assert frames.dtype == residuals.dtype == torch.float32
    np.testing.assert_array_equal(frames[0].numpy(), normalised[:-1])
    np.testing.assert_array_equal(residuals[0].numpy(), residual_frames(normalised, form))


class Recorder:
    """Stands for the graphs and keeps what they are given."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, Any]] = []

    def features(self, frame: Any, residual: Any) -> Any:
        self.seen.append((frame, residual))
        return frame


@pytest.mark.parametrize("form", FORMS)
def test_equals_what_a_scorer_feeds_its_graphs(form: ResidualForm) -> None:
    clip = random_clip(4, 64, 64)
    recorder = Recorder()
    spec = InputSpec(size=64, mean=IMAGENET.mean, std=IMAGENET.std, residual=form)
    scorer = PhaseScorer(cast("Any", recorder), spec)
    prepared = [scorer.prepare(frame, centred_square(64, 64)) for frame in clip]
    for pair in pairwise(prepared):
        scorer.features(*pair)
    frames, residuals = NetworkInput(IMAGENET, form)(
        torch.from_numpy(clip).permute(0, 3, 1, 2)[None]
    )
    for number, (frame, residual) in enumerate(recorder.seen):
        np.testing.assert_array_equal(frames[0, number].numpy(), frame)
        np.testing.assert_array_equal(residuals[0, number].numpy(), residual)
    assert len(recorder.seen) == 3
