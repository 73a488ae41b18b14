"""From parameters to optical depth and light: all frames of a batch of plumes at once.

Isotropic Gaussian puffs are separable, so the sum over all of them is one matrix product. A
divergence-free warp and a fractal modulation, both drifting with the wind, then fold the smooth
cloud into wisps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from stcnet.synthesis.puffs import release_puffs, wind_path
from stcnet.synthesis.randomness import hashed_uniform
from stcnet.synthesis.turbulence import sample_eddies

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import PlumeParameters
    from stcnet.synthesis.puffs import Puffs
    from stcnet.synthesis.turbulence import Eddies

SMALLEST = 8
"""Fewest rows and columns of a rendered picture."""

_GRID = 128
_FAINTEST = 2e-3
_EDDY_PERIOD = 10.0
_FINER = 2.7
_SUN_STEPS = (0.6, 1.6, 3.5)
_FLAT_LIGHT = 1.0
_RELIEF = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Opacity:
    """What a plume does to the light behind it and to the light that falls on it.

    Attributes:
        optical_depth: 0 or more, shape (B, T, H, W).
        light: Light that reaches the smoke seen at a pixel, as a share of the full light, 0..1,
            shape (B, T, H, W).
    """

    optical_depth: Tensor
    light: Tensor

    @property
    def alpha(self) -> Tensor:
        """Opacity 1 - exp(-optical depth), 0..1, shape (B, T, H, W) (Beer-Lambert)."""
        return -torch.expm1(-self.optical_depth)

    def mask(self, threshold: float = 0.05) -> Tensor:
        """Where the opacity reaches ``threshold``: bool, shape (B, T, H, W)."""
        return self.alpha >= threshold

    def scaled(self, gain: Tensor) -> Opacity:
        """The same plume with its optical depth multiplied by ``gain``, shape (B,)."""
        return Opacity(self.optical_depth * gain[:, None, None, None], self.light)


def _axis(centres: Tensor, radius: Tensor, length: float, pixels: int) -> Tensor:
    """Gaussian of each puff along one axis of the picture: (B, T, P) -> (B, T, P, pixels)."""
    places = (torch.arange(pixels, device=centres.device) + 0.5).to(centres) * (length / pixels)
    return torch.exp(-0.5 * ((places - centres[..., None]) / radius[..., None]) ** 2)


def _rasterise(puffs: Puffs, aspect: float, height: int, width: int) -> Tensor:
    """Sum the puffs: optical depth and its product with the puffs' radius, (B, T, 2, h, w)."""
    radius = torch.hypot(puffs.radius, torch.full_like(puffs.radius, 0.5 / height))
    rows = _axis(puffs.centre[..., 1], radius, 1.0, height).transpose(-1, -2)
    columns = _axis(puffs.centre[..., 0], radius, aspect, width)
    peak = puffs.mass / (2 * math.pi * radius**2)
    depth = (rows * peak[:, :, None]) @ columns
    weighted = (rows * (peak * puffs.radius)[:, :, None]) @ columns
    return torch.stack([depth, weighted], dim=2)


def _pixel_places(height: int, width: int, like: Tensor) -> Tensor:
    """Centres (x, y) of the pixels in picture heights, shape (height, width, 2)."""
    y = (torch.arange(height, device=like.device) + 0.5).to(like) / height
    x = (torch.arange(width, device=like.device) + 0.5).to(like) / height
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def _look_up(fields: Tensor, places: Tensor, aspect: float) -> Tensor:
    """Sample fields (B, T, C, h, w) at places (B, T, H, W, 2): (B, T, C, H, W), 0 outside."""
    batch, times = fields.shape[:2]
    grid = places / places.new_tensor([aspect, 1.0]) * 2 - 1
    sampled = F.grid_sample(
        fields.flatten(0, 1),
        grid.flatten(0, 1),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return sampled.reshape(batch, times, *sampled.shape[1:])


def _per_pixel(values: Tensor) -> Tensor:
    """Give values of shape (B,) the axes of (B, T, H, W)."""
    return values[:, None, None, None]


def _typical_radius(parameters: PlumeParameters) -> Tensor:
    """Radius of the largest source's plume in the middle of its life, shape (B,)."""
    speed = parameters.rise + parameters.velocity.norm(dim=-1, keepdim=True)
    way = speed * parameters.lifetime_s / 2
    radius = parameters.radius + parameters.spread[:, None] * way**0.9
    return torch.where(parameters.strength > 0, radius, 0.0).amax(-1).clamp(min=1e-3)


def _turbulence(
    parameters: PlumeParameters, places: Tensor, times_s: Tensor
) -> tuple[Eddies, Eddies]:
    """Large and small eddies that drift with the wind, at places (H, W, 2), for each frame."""
    drift = wind_path(parameters, times_s)[:, :, None, None]
    period = _EDDY_PERIOD * _typical_radius(parameters)[:, None, None, None, None]
    start = hashed_uniform(parameters.seed, 41).to(places)
    turned = times_s[:, :, None, None] * _per_pixel(parameters.churn)
    phase = _per_pixel(2 * math.pi * start) + turned
    moving = (places - drift) / period + start[:, None, None, None, None]
    return sample_eddies(moving, phase), sample_eddies(moving * _FINER, 2 * phase)


def _puff_radius(smooth: Tensor, places: Tensor, aspect: float) -> Tensor:
    """Mean radius of the puffs at places (B, T, H, W, 2), weighted with what they hide."""
    fields = _look_up(smooth, places, aspect)
    return fields[:, :, 1] / fields[:, :, 0].clamp(min=1e-9)


def _fold(
    parameters: PlumeParameters, smooth: Tensor, places: Tensor, times_s: Tensor, aspect: float
) -> tuple[Tensor, Tensor]:
    """Fold the smooth cloud into wisps: optical depth and puff radius, both (B, T, H, W)."""
    large, small = _turbulence(parameters, places, times_s)
    push = large.displacement + 0.35 * small.displacement
    strength = 1.5 * _per_pixel(parameters.turbulence)
    radius = _puff_radius(smooth, places.expand(*times_s.shape, *places.shape), aspect)
    # Young smoke is not torn away by the wide eddies that fold old smoke beside it.
    there = places + push * (strength * radius)[..., None]
    reach = strength * torch.minimum(radius, _puff_radius(smooth, there, aspect))
    depth = _look_up(smooth[:, :, :1], places + push * reach[..., None], aspect)[:, :, 0]
    deep = _per_pixel(parameters.texture)
    noise = 0.8 * large.density + 0.6 * small.density
    return depth * torch.exp(deep * noise - deep**2 / 2), radius


def _condense(parameters: PlumeParameters, depth: Tensor) -> Tensor:
    """Take away what has evaporated and what is too thin to be seen."""
    limit = _per_pixel(parameters.evaporation)
    left = -torch.expm1(-((depth / limit.clamp(min=1e-6)) ** 2))
    return (torch.where(limit > 0, depth * left, depth) - _FAINTEST).clamp(min=0)


def _light(
    parameters: PlumeParameters, depth: Tensor, radius: Tensor, places: Tensor, aspect: float
) -> Tensor:
    """Light at the smoke: from all sides, and from the sun where less smoke lies towards it.

    The logarithm of the optical depth serves as the relief of the cloud: it bulges towards the
    eye where there is more of it, and a slope that faces the sun is bright.
    """
    towards = parameters.sun / parameters.sun.norm(dim=-1, keepdim=True)
    towards = towards[:, None, None, None]
    relief = torch.log1p(depth)
    slope = torch.zeros_like(depth)
    for step in _SUN_STEPS:
        there = places + towards * (step * radius)[..., None]
        slope = slope + relief - _look_up(relief[:, :, None], there, aspect)[:, :, 0]
    ambient = _per_pixel(parameters.ambient)
    return ambient + (1 - ambient) * torch.sigmoid(_FLAT_LIGHT + _RELIEF * slope)


def _render(parameters: PlumeParameters, times_s: Tensor, height: int, width: int) -> Opacity:
    aspect = width / height
    grid = (min(height, _GRID), min(width, round(_GRID * aspect)))
    smooth = _rasterise(release_puffs(parameters, times_s, aspect), aspect, *grid)
    places = _pixel_places(height, width, times_s)
    depth, radius = _fold(parameters, smooth, places, times_s, aspect)
    depth = _condense(parameters, depth)
    return Opacity(depth, _light(parameters, depth, radius, places, aspect))


@torch.no_grad()
def render_opacity(
    parameters: PlumeParameters, times_s: Tensor, height: int, width: int
) -> Opacity:
    """Render a batch of plumes at the given times.

    Every plume is rendered from its own parameters and times alone: neither the batch around it
    nor the other frames change it.

    Args:
        parameters: B plumes; the result has their device and floating dtype.
        times_s: World time of each frame in seconds, shape (B, T), increasing or not.
        height: Rows of the result, at least 8.
        width: Columns of the result, at least 8.

    Returns:
        Optical depth and light, each of shape (B, T, height, width).

    Raises:
        ValueError: The times do not have the shape (B, T), or the picture is too small.
    """
    if times_s.ndim != 2 or times_s.shape[0] != len(parameters):
        raise ValueError(f"times of {len(parameters)} plumes are (B, T), got {times_s.shape}")
    if min(height, width) < SMALLEST:
        raise ValueError(f"a picture is at least {SMALLEST} px each way, got {width}x{height}")
    with torch.autocast(parameters.radius.device.type, enabled=False):
        return _render(parameters, times_s.to(parameters.radius), height, width)
