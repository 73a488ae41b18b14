"""Raw scores of a torch network on clips in memory."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet, fixed_frames
from stcnet.datasets.network_input import NetworkInput
from stcnet.networks import ClipNetwork, smoke_logit


@torch.inference_mode()
def predict_logits(
    model: ClipNetwork,
    network_input: NetworkInput,
    clips: ClipSet,
    *,
    batch_size: int = 32,
) -> Tensor:
    """Smoke logits of clips by the test sampling, in 32 bits.

    As in a model package, the logits of as many temporal offsets are averaged as a segment of
    the clip has frames: 4 for 8 residuals of a clip of 36 frames.

    Args:
        model: In evaluation mode, on the device of ``clips``.
        network_input: Normalisation and residual form of the model.
        clips: What to score.
        batch_size: Clips at a time; has no influence on the result beyond rounding.

    Returns:
        Logits on the CPU, float64, shape (N,).
    """
    segments = model.frames + model.takes_residuals
    length = clips.frames.shape[1]
    phases = length // segments
    total = torch.zeros(len(clips), dtype=torch.float64)
    for start in range(0, len(clips), batch_size):
        rows = np.arange(start, min(start + batch_size, len(clips)))
        for phase in range(phases):
            frames = fixed_frames(len(rows), length, segments, phases, phase)
            logits = model(*network_input(clips.gather(rows, frames)))
            total[start : start + len(rows)] += smoke_logit(logits).double().cpu() / phases
    return total
