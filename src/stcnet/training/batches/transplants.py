"""Motion carried from one clip into the scene of another.

What moves in a clip is its difference from its own temporal median. Added to a clip of another
scene it takes along real smoke, steam and drifting light, so that a network cannot learn a scene
for its smoke. The clip shows smoke if either did. Of smoke that stands still only what flickers is
carried, so some labels are more certain than what is seen.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet, IndexArray, fixed_frames

BACKGROUND_FRAMES = 9


def transplant(
    clips: ClipSet,
    indices: IndexArray,
    pixels: Tensor,
    labels: Tensor,
    chance: float,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Add the motion of other clips to some clips of a batch.

    Args:
        clips: Where the motion comes from: training clips and no others.
        indices: Frames drawn of each clip of the batch, shape (B, K); the same are taken of the
            other, so that both run at one pace.
        pixels: Of the batch, 0..255, floating, shape (B, K, C, S, S).
        labels: 1 smoke, 0 none, shape (B,).
        chance: That a clip gets the motion of another, 0..1.
        rng: Source of randomness.

    Returns:
        Pixels and labels.
    """
    rows = np.flatnonzero(rng.random(len(labels)) < chance)
    if not len(rows):
        return pixels, labels
    sources = rng.integers(len(clips), size=len(rows))
    mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5).to(pixels.device)
    moving = motion(clips, sources, indices[rows])
    moving = torch.where(mirrored[:, None, None, None, None], moving.flip(-1), moving)
    chosen = torch.from_numpy(rows).to(pixels.device)
    theirs = clips.labels[torch.from_numpy(sources).to(clips.labels.device)]
    both = (pixels[chosen] + moving).clamp(0.0, 255.0)
    return (
        pixels.index_copy(0, chosen, both),
        labels.index_copy(0, chosen, torch.maximum(labels[chosen], theirs)),
    )


def motion(clips: ClipSet, positions: IndexArray, indices: IndexArray) -> Tensor:
    """Frames ``indices`` (shape (B, K)) of clips less each clip's median, in pixel values.

    The median is taken over nine frames spread over the clip.

    Returns:
        Floating, -255..255, shape (B, K, C, S, S).
    """
    length = clips.frames.shape[1]
    spread = fixed_frames(len(positions), length, min(BACKGROUND_FRAMES, length), 1, 0)
    background = clips.gather(positions, spread).median(dim=1, keepdim=True).values
    return clips.gather(positions, indices).float() - background.float()
