"""Tileable turbulence: a fixed texture of fractal noise, sampled in coordinates that drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Pair

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


def _frequencies() -> tuple[Tensor, Tensor]:
    """Of the texture's real Fourier transform, in cycles a period: along x (1, F) and y (S, 1)."""
    along_y = torch.fft.fftfreq(_SIZE, dtype=torch.float64)[:, None] * _SIZE
    along_x = torch.fft.rfftfreq(_SIZE, dtype=torch.float64)[None, :] * _SIZE
    return along_x, along_y


def _filtered(field: Tensor, gain: Tensor) -> Tensor:
    """A periodic field (size, size), each frequency of it times its gain."""
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(field) * gain, s=(_SIZE, _SIZE))
    return filtered


def _fractal_noise(generator: torch.Generator, slope: float) -> Tensor:
    """Periodic Gaussian noise with amplitude ~ frequency^-slope, shape (size, size), float64."""
    frequency = torch.hypot(*reversed(_frequencies()))
    gain = torch.where(frequency > 0, frequency.clamp(min=1.0) ** -slope, 0.0)
    white = torch.randn(_SIZE, _SIZE, generator=generator, dtype=torch.float64)
    noise = _filtered(white, gain)
    return noise / noise.std()


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


@lru_cache(maxsize=8)
def _patches(device: torch.device, dtype: torch.dtype, contrast: float, blur: Pair) -> Tensor:
    """Patches of the first state, blurred; laid out as :func:`_texture`, with one channel."""
    density = _texture(torch.device("cpu"), torch.float64)[0, 2, :-1, :-1]
    along_x, along_y = _frequencies()
    spread = (blur[0] * along_x).square() + (blur[1] * along_y).square()
    blurred = _filtered(torch.sigmoid(contrast * density), torch.exp(-2 * math.pi**2 * spread))
    texture = F.pad(blurred[None, None], (0, 1, 0, 1), mode="circular")
    return texture.to(device=device, dtype=dtype)


def _look_up(texture: Tensor, points: Tensor) -> Tensor:
    """Sample a texture (1, C, ...) at points (..., 2): shape (C, ...)."""
    grid = ((points - torch.floor(points)) * 2 - 1).reshape(1, -1, 1, 2)
    values: Tensor = F.grid_sample(texture, grid, mode="bilinear", align_corners=True)
    return values[0, :, :, 0].reshape(-1, *points.shape[:-1])


def sample_density(points: Tensor, phase: Tensor) -> Tensor:
    """The density of :func:`sample_eddies` alone, with the same bits and less work."""
    first, second = _look_up(_texture(points.device, points.dtype)[:, 2::3], points).unbind(0)
    return torch.cos(phase) * first + torch.sin(phase) * second


def sample_patches(points: Tensor, contrast: float, blur: Pair) -> Tensor:
    """Patches that cover half of the plane, their edges blurred.

    Args:
        points: As those of :func:`sample_eddies`.
        contrast: Steepness of the edges before the blur: of a sigmoid of the density.
        blur: Standard deviations of a Gaussian along x and y, in periods.

    Returns:
        Cover 0..1, shape (...), mean 0.5.
    """
    return _look_up(_patches(points.device, points.dtype, contrast, blur), points)[0]


def sample_eddies(points: Tensor, phase: Tensor) -> Eddies:
    """Look the turbulence up at points of its own periodic plane.

    Args:
        points: Coordinates in periods of the texture, shape (..., 2); any value.
        phase: Angle in radians that turns one state of the turbulence into another, shape (...)
            or broadcastable to it. A quarter turn changes everything; small steps change little.

    Returns:
        The turbulence at each point.
    """
    states = _look_up(_texture(points.device, points.dtype), points)
    first, second = states.reshape(2, -1, *points.shape[:-1]).unbind(0)
    blended = torch.cos(phase) * first + torch.sin(phase) * second
    return Eddies(torch.movedim(blended[:2], 0, -1), blended[2])
