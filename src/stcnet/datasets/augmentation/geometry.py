"""Where the camera stands and how it moves: crops, perspective, tilt, and shaking."""

from __future__ import annotations

import math

import kornia.augmentation as ka
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.datasets.augmentation.draws import drawn, pixel_places
from stcnet.datasets.augmentation.settings import AugmentationSettings

FOCAL_LENGTH = 2.0
"""Distance of the picture from the eye in halves of its side; it then spans 53 degrees."""

TURN = 0.5
"""Rotation of a shaking camera in radians, for a displacement of one side."""

_SWINGS = 3


def view_transforms(settings: AugmentationSettings, size: int) -> list[nn.Module]:
    """Zoom, crop and perspective, as kornia's transforms."""
    s = settings
    farther = ka.RandomAffine(0.0, scale=(s.zoom_out, 1.0), padding_mode="reflection", p=0.5)
    return [
        *([farther] if s.zoom_out < 1 else []),
        ka.RandomResizedCrop((size, size), scale=(s.crop_scale, 1.0), ratio=(3 / 4, 4 / 3)),
        ka.RandomPerspective(s.perspective, p=0.5 if s.perspective else 0.0),
    ]


def tilted(clips: Tensor, degrees: Tensor) -> Tensor:
    """Effect: the camera is turned about three axes, and the picture sheared.

    The picture is enlarged until it is full, so that no margin has to be made up.

    Args:
        clips: Shape (B, T, 3, S, S).
        degrees: Largest angle of each turn and of the shear, which are drawn, shape (B,).
    """
    angles = drawn(clips, (4, len(clips)), -1.0, 1.0) * torch.deg2rad(degrees)
    pitch, yaw, roll, shear = angles
    places = 2 * pixel_places(clips)[0] - 1
    rows, columns = torch.meshgrid(places, places, indexing="ij")
    rays = torch.stack([columns, rows, torch.full_like(rows, FOCAL_LENGTH)], dim=-1)
    turned = rays.reshape(1, -1, 3) @ _rotations(pitch, yaw, roll, shear)
    grid = FOCAL_LENGTH * turned[..., :2] / turned[..., 2:]
    # The outermost pixels then lie on the edge of the old picture, as they do where nothing turns.
    grid = grid * places.max() / grid.abs().amax(dim=(1, 2), keepdim=True)
    grid = grid.reshape(len(clips), *rows.shape, 2)
    return _sampled(clips.flatten(1, 2), grid, "bilinear").reshape(clips.shape)


def shaken(clips: Tensor, displacements: Tensor) -> Tensor:
    """Effect: each frame is displaced and turned a little, by a sum of slow and fast swings.

    Args:
        clips: Shape (B, T, 3, S, S).
        displacements: Bound of the way either side, share of the side, shape (B,).
    """
    count, length = clips.shape[:2]
    across, down, turn = swings(clips, 3) * displacements[:, None]
    turn = TURN * turn
    rows = torch.stack(
        [turn.cos(), -turn.sin(), 2 * across, turn.sin(), turn.cos(), 2 * down], dim=-1
    )
    frames = clips.flatten(0, 1)
    grid = F.affine_grid(
        rows.reshape(count * length, 2, 3), list(frames.shape), align_corners=False
    )
    return _sampled(frames, grid, "bicubic").clamp(0.0, 1.0).reshape(clips.shape)


def swings(clips: Tensor, series: int) -> Tensor:
    """Sums of sines over the frames, of frequencies up to a half a frame; in -1..1.

    Returns:
        Shape (series, B, T).
    """
    shape = (_SWINGS, series, len(clips), 1)
    frames = torch.arange(clips.shape[1], device=clips.device, dtype=clips.dtype)
    frequencies, phases = drawn(clips, shape, 0.02, 0.5), drawn(clips, shape, 0.0, 1.0)
    shares = drawn(clips, shape, 0.2, 1.0)
    waves = torch.sin(2 * math.pi * (frequencies * frames + phases))
    return (shares / shares.sum(dim=0) * waves).sum(dim=0)


def _rotations(pitch: Tensor, yaw: Tensor, roll: Tensor, shear: Tensor) -> Tensor:
    """Matrices that turn and shear rays, for rows of coordinates, shape (B, 3, 3)."""
    one, zero = torch.ones_like(roll), torch.zeros_like(roll)

    def matrix(*entries: Tensor) -> Tensor:
        return torch.stack(entries, dim=-1).reshape(-1, 3, 3)

    cosine, sine = roll.cos(), roll.sin()
    rolled = matrix(cosine, sine, zero, -sine, cosine, zero, zero, zero, one)
    cosine, sine = yaw.cos(), yaw.sin()
    yawed = matrix(cosine, zero, -sine, zero, one, zero, sine, zero, cosine)
    cosine, sine = pitch.cos(), pitch.sin()
    pitched = matrix(one, zero, zero, zero, cosine, sine, zero, -sine, cosine)
    sheared = matrix(one, zero, zero, shear.tan(), one, zero, zero, zero, one)
    return sheared @ rolled @ yawed @ pitched


def _sampled(pictures: Tensor, grid: Tensor, mode: str) -> Tensor:
    return F.grid_sample(pictures, grid, mode=mode, padding_mode="reflection", align_corners=False)
