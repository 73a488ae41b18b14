"""What the sensor adds, anew in each frame: exposure that flickers, and noise."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from stcnet.datasets.augmentation.draws import for_clips


def flickering(clips: Tensor, deviation: float) -> Tensor:
    """Multiply each frame by a gain near 1, up to a relative standard deviation."""
    shape = (*clips.shape[:2], 1, 1, 1)
    gains = torch.randn(shape, device=clips.device, dtype=clips.dtype)
    return clips * (1.0 + _amounts(clips, deviation) * gains)


def noisy(clips: Tensor, deviation: float) -> Tensor:
    """Add independent noise to each pixel, up to a standard deviation."""
    return clips + _amounts(clips, deviation) * torch.randn_like(clips)


def grained(clips: Tensor, deviations: Tensor) -> Tensor:
    """Effect: the noise of a weakly lit sensor, as colour interpolation leaves it.

    Half of it is brightness, half colour; neighbouring pixels share some. The tone curve lifts
    the dark, so there is three times as much in black as in white.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        deviations: Standard deviation in mid grey, shape (B,).
    """
    brightness = torch.randn_like(clips[:, :, :1])
    colours = torch.randn_like(clips)
    both = (brightness + colours).flatten(0, 1) * 0.5**0.5
    # The mean of 3 x 3 with 4 in the middle of 12 keeps sqrt(24) / 12 of the deviation.
    smooth = (9 * F.avg_pool2d(F.pad(both, (1, 1, 1, 1), mode="reflect"), 3, 1) + 3 * both) / 12
    grain: Tensor = (smooth * 12 / 24**0.5).reshape(clips.shape)
    return (clips + for_clips(deviations) * (1.5 - clips) * grain).clamp(0.0, 1.0)


def _amounts(clips: Tensor, largest: float) -> Tensor:
    """How much of a disturbance each clip gets, mostly little; shape (B, 1, 1, 1, 1)."""
    shape = (len(clips), 1, 1, 1, 1)
    return largest * torch.rand(shape, device=clips.device, dtype=clips.dtype) ** 3
