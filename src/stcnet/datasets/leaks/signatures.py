"""What tells one recording from another: a clip's scene, and how it changes from frame to frame.

A static camera makes all clips of a view look alike, so a fingerprint of the picture alone finds
far too much. A clip is therefore described three times:

- its *scene*, the median of its frames on a coarse grid, each pixel less the mean around it and
  divided by the contrast there. That forgets brightness, exposure and the coding, and keeps edges,
  shadows and colours: what changes within the hour;
- its *shades*, the same median in grey levels, less their mean. They change with the light, but in
  fog, in the dark and at dusk, where nothing stands out, a scene without them is noise;
- its *motion*, the differences of frames 20 s apart on a coarser grid, less the mean of each, so
  that a cloud before the sun does not count. No two recordings share it: smoke, steam and shadows
  never move alike twice, while coding, scaling and a change of brightness leave it as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from stcnet.datasets.clips import ClipSet

Signatures = NDArray[np.float32]

SCENE_GRID: Final = 32
"""Cells of the scene each way."""
MOTION_GRID: Final = 8
"""Cells of the motion each way."""
MOMENTS: Final = 36
"""Frames that are looked at, spread over the clip."""
MOTION_STEP: Final = 4
"""Frames between the two of a difference; coding noise drowns those of neighbours."""
COLOURS: Final = 3

SCENE_SIZE: Final = COLOURS * SCENE_GRID**2
SHADES_SIZE: Final = SCENE_GRID**2
MOTION_SHAPE: Final = (MOMENTS - MOTION_STEP, MOTION_GRID**2)
MOTION_SIZE: Final = MOTION_SHAPE[0] * MOTION_SHAPE[1]
SIGNATURE_SIZE: Final = SCENE_SIZE + SHADES_SIZE + MOTION_SIZE
"""Numbers of a clip's signature: the scene's first, then the shades'."""

_SURROUND: Final = 9
"""Cells each way over which brightness and contrast are levelled."""
_LEAST_CONTRAST: Final = 2.0
"""Grey levels of contrast below which nothing is amplified: coding noise."""
_BLOCK: Final = 16


@torch.no_grad()
def signatures(clips: ClipSet) -> Signatures:
    """Describe clips so that those of one recording or one scene can be found.

    Args:
        clips: Of RGB, of any size and length.

    Returns:
        A row a clip, float32, shape (N, 6144): its scene, a vector of length 1, its shades and its
        motion in grey levels, as :func:`parted` takes them apart.

    Raises:
        ValueError: The clips are not RGB: optical flow has no scene.
    """
    length, channels = clips.frames.shape[1:3]
    if channels != COLOURS:
        raise ValueError(f"clips of {channels} channels have no scene")
    moments = (2 * np.arange(MOMENTS) + 1) * length // (2 * MOMENTS)
    rows = np.zeros((len(clips), SIGNATURE_SIZE), np.float32)
    for start in range(0, len(clips), _BLOCK):
        positions = np.arange(start, min(start + _BLOCK, len(clips)))
        block = clips.gather(positions, np.tile(moments, (len(positions), 1))).cpu()
        coarse = F.adaptive_avg_pool2d(block.flatten(0, 1).float(), SCENE_GRID)
        coarse = coarse.reshape(*block.shape[:2], *coarse.shape[1:])
        into = rows[start : start + len(block)]
        still = coarse.median(dim=1).values
        into[:] = torch.cat([scene_of(still), _shades_of(still), _motion_of(coarse)], 1).numpy()
    return rows


def parted(rows: Signatures) -> tuple[Tensor, Tensor, Tensor]:
    """Scenes, shape (N, 3072), shades (N, 1024) and motions (N, 32, 64) of signatures."""
    whole, first = torch.from_numpy(rows), SCENE_SIZE + SHADES_SIZE
    scenes, shades, motions = whole[:, :SCENE_SIZE], whole[:, SCENE_SIZE:first], whole[:, first:]
    return scenes, shades, motions.reshape(-1, *MOTION_SHAPE)


def scene_of(pictures: Tensor) -> Tensor:
    """Pictures on the coarse grid, shape (N, 3, 32, 32), as vectors of length 1."""
    detail = pictures - _surround(pictures)
    contrast = _surround(detail.square()).mean(1, keepdim=True).sqrt()
    return F.normalize((detail / (contrast + _LEAST_CONTRAST)).flatten(1))


def _shades_of(pictures: Tensor) -> Tensor:
    """Grey levels of pictures on the coarse grid, shape (N, 3, 32, 32), to (N, 1024), mean 0."""
    grey = pictures.mean(1).flatten(1)
    return grey - grey.mean(1, keepdim=True)


def _surround(pictures: Tensor) -> Tensor:
    """Mean of the pixels around each."""
    margin = _SURROUND // 2
    padded = F.pad(pictures, (margin,) * 4, mode="reflect")
    return F.avg_pool2d(padded, _SURROUND, stride=1)


def _motion_of(coarse: Tensor) -> Tensor:
    """Differences of frames on the coarse grid, shape (N, 36, 3, 32, 32) to (N, 2048)."""
    grey = F.adaptive_avg_pool2d(coarse.mean(2), MOTION_GRID).flatten(2)
    change = grey[:, MOTION_STEP:] - grey[:, :-MOTION_STEP]
    return (change - change.mean(2, keepdim=True)).flatten(1)
