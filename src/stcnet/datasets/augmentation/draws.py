"""What an effect needs of chance: drawn on the CPU, so that every device sees the same draws.

Randomness comes from torch's global generator. An *effect* takes clips in 0..1, shape
(B, T, 3, S, S), and how strong it shall be in each of them, shape (B,), and gives clips of that
shape; strength 0 leaves a clip as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Effect = Callable[[Tensor, Tensor], Tensor]


def drawn(like: Tensor, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Even draws between two bounds, on the device and of the dtype of ``like``."""
    values = low + (high - low) * torch.rand(shape)
    return values.to(like.device, like.dtype)


def met(clips: int, often: float) -> Tensor:
    """Which clips an effect meets, 1 or 0, on the CPU, shape (clips,)."""
    return (torch.rand(clips) < often).float()


def strengths(clips: int, largest: float, often: float) -> Tensor:
    """How strong an effect is in each clip, on the CPU, shape (clips,).

    Args:
        clips: Their number.
        largest: Upper bound.
        often: Chance that it is not 0.
    """
    return met(clips, often) * largest * torch.rand(clips)


def apply_effect(effect: Effect, clips: Tensor, amounts: Tensor) -> Tensor:
    """Change the clips in which an effect has any strength, and compute for no others.

    Args:
        effect: What to do.
        clips: Shape (B, T, 3, S, S); values beyond 0..1 are cut off in what is changed.
        amounts: On the CPU, shape (B,).
    """
    rows = amounts.nonzero().flatten()
    if not len(rows):
        return clips
    where = rows.to(clips.device)
    changed = effect(clips[where].clamp(0.0, 1.0), amounts[rows].to(clips.device, clips.dtype))
    return clips.index_copy(0, where, changed)


def for_clips(values: Tensor) -> Tensor:
    """A value a clip, shape (B,), shaped to meet clips, (B, 1, 1, 1, 1)."""
    return values.reshape(-1, 1, 1, 1, 1)


def pixel_places(like: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical place of each pixel's middle, 0..1, shapes (S,) and (S, 1)."""
    side = like.shape[-1]
    places = (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5) / side
    return places, places[:, None]
