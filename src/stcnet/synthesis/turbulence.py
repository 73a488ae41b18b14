"""Tileable turbulence: a fixed texture of fractal noise, sampled in coordinates that drift."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

_SIZE = 256
_SEED = 20_190_811
_DENSITY_SLOPE = 1.5
_POTENTIAL_SLOPE = 2.6


@dataclass(frozen=True, slots=True, eq=False)
class Eddies:
    """Turbulence at points of the picture.

    Attributes:
        displacement: Divergence-free displacement, shape (..., 2), root mean square 1.
        density: Fluctuation of the density, shape (...), mean 0, standard deviation 1.
    """

    displacement: Tensor
    density: Tensor


def _fractal_noise(generator: torch.Generator, slope: float) -> Tensor:
    """Periodic Gaussian noise with amplitude ~ frequency^-slope, shape (size, size), float64."""
    frequency_y = torch.fft.fftfreq(_SIZE, dtype=torch.float64)[:, None] * _SIZE
    frequency_x = torch.fft.rfftfreq(_SIZE, dtype=torch.float64)[None, :] * _SIZE
    frequency = torch.hypot(frequency_y, frequency_x)
    gain = torch.where(frequency > 0, frequency.clamp(min=1.0) ** -slope, 0.0)
    white = torch.randn(_SIZE, _SIZE, generator=generator, dtype=torch.float64)
    noise: Tensor = torch.fft.irfft2(torch.fft.rfft2(white) * gain, s=(_SIZE, _SIZE))
    spread: Tensor = noise.std()
    return noise / spread


def _curl(potential: Tensor) -> Tensor:
    """Rotated gradient of a periodic potential: a divergence-free field of shape (2, H, W)."""
    along_x = torch.roll(potential, -1, 1) - torch.roll(potential, 1, 1)
    along_y = torch.roll(potential, -1, 0) - torch.roll(potential, 1, 0)
    field = torch.stack([along_y, -along_x])
    return field / field.square().sum(0).mean().sqrt()


@lru_cache(maxsize=8)
def _texture(device: torch.device, dtype: torch.dtype) -> Tensor:
    """Two independent states of (displacement x, y, density), shape (1, 6, size + 1, size + 1).

    The first row and column are repeated at the end, so that interpolation runs over the edge.
    """
    generator = torch.Generator().manual_seed(_SEED)
    states = []
    for _ in range(2):
        states.append(_curl(_fractal_noise(generator, _POTENTIAL_SLOPE)))
        states.append(_fractal_noise(generator, _DENSITY_SLOPE)[None])
    texture = F.pad(torch.cat(states)[None], (0, 1, 0, 1), mode="circular")
    return texture.to(device=device, dtype=dtype)


def _look_up(texture: Tensor, points: Tensor) -> Tensor:
    """Sample the states of a texture (1, 2 C, ...) at points (..., 2): shape (2, C, ...)."""
    grid = ((points - torch.floor(points)) * 2 - 1).reshape(1, -1, 1, 2)
    values = F.grid_sample(texture, grid, mode="bilinear", align_corners=True)
    states: Tensor = values[0, :, :, 0].reshape(2, -1, *points.shape[:-1])
    return states


def sample_density(points: Tensor, phase: Tensor) -> Tensor:
    """The density of :func:`sample_eddies` alone, with the same bits and less work."""
    first, second = _look_up(_texture(points.device, points.dtype)[:, 2::3], points)[:, 0].unbind(0)
    return torch.cos(phase) * first + torch.sin(phase) * second


def sample_eddies(points: Tensor, phase: Tensor) -> Eddies:
    """Look the turbulence up at points of its own periodic plane.

    Args:
        points: Coordinates in periods of the texture, shape (..., 2); any value.
        phase: Angle in radians that turns one state of the turbulence into another, shape (...)
            or broadcastable to it. A quarter turn changes everything; small steps change little.

    Returns:
        The turbulence at each point.
    """
    first, second = _look_up(_texture(points.device, points.dtype), points).unbind(0)
    blended = torch.cos(phase) * first + torch.sin(phase) * second
    return Eddies(torch.movedim(blended[:2], 0, -1), blended[2])
