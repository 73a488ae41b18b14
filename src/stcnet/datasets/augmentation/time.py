"""Which frames of a clip are seen, and in which order."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.augmentation.settings import AugmentationSettings
from stcnet.datasets.clips import IndexArray, draw_frames
from stcnet.preprocess import random_segment_indices


def draw_varied_frames(
    clips: int,
    length: int,
    segments: int,
    settings: AugmentationSettings | None,
    rng: np.random.Generator,
) -> IndexArray:
    """Frames of each segment for a batch of clips: some slower, some at equal distances.

    With neither asked for these are the draws of :func:`stcnet.datasets.clips.draw_frames`. A clip
    holds no frames beside its own, so it can be made slower but not faster.

    Args:
        clips: Number of clips.
        length: Frames of a clip.
        segments: Frames to draw of each.
        settings: How often and how much; None: not at all.
        rng: Source of randomness.

    Returns:
        Increasing in each clip, shape (clips, segments).
    """
    if settings is None or (settings.slow == 1 and settings.even == 0):
        return draw_frames(clips, length, segments, rng)
    return np.stack([_draw_one(length, segments, settings, rng) for _ in range(clips)])


def reversed_some(clips: Tensor, chance: float) -> Tensor:
    """Turn the time of some clips round."""
    turned = torch.rand(len(clips), 1, 1, 1, 1, device=clips.device) < chance
    return torch.where(turned, clips.flip(1), clips)


def permuted_some(clips: Tensor, chance: float) -> Tensor:
    """Put the frames of some clips in random order."""
    if not chance:
        return clips
    count, length = clips.shape[:2]
    chosen = torch.rand(count, 1, device=clips.device) < chance
    shuffled = torch.rand(count, length, device=clips.device).argsort(dim=1)
    order = torch.where(chosen, shuffled, torch.arange(length, device=clips.device))
    return clips[torch.arange(count, device=clips.device)[:, None], order]


def _draw_one(
    length: int, segments: int, settings: AugmentationSettings, rng: np.random.Generator
) -> IndexArray:
    """Frames of one clip, shape (segments,)."""
    met, even = rng.random(2) < (settings.often, settings.even)
    factor = rng.uniform(1.0, settings.slow) if met else 1.0
    span = max(segments, round(length / factor))
    start = rng.integers(length - span + 1)
    if not even:
        return start + random_segment_indices(span, segments, rng)
    phase = rng.integers(span // segments)
    return np.asarray(start + phase + np.arange(segments) * (span // segments))
