"""Puffs of smoke on their way: where each one is at any moment, in closed form.

Each source releases puffs at a steady clock. A puff is carried by the wind it has met since it
left, rises, sways with its neighbours, is thrown about by eddies of its own, and grows (a Gaussian
puff model, as used for dispersion). Nothing is stepped through time: the puffs of any frame follow
from the time of that frame alone, with random numbers hashed from the puff's serial number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from stcnet.synthesis.randomness import hashed_normal_pair, hashed_uniform

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import PlumeParameters

PUFFS = 256
"""Puffs that each source has in the air at any moment."""

_GUST_PERIODS_S = (97.0, 41.0, 17.0, 7.0)
_VEER_PERIODS_S = (420.0, 190.0)
_SWAYS_PER_LIFE = (2.5, 6.0, 14.0)
_PUFFING = ((1.0, 1.0), (1.73, 0.6), (3.1, 0.3))


@dataclass(frozen=True, slots=True, eq=False)
class Puffs:
    """All P puffs that are in the air in each frame; lengths in picture heights.

    Attributes:
        centre: Position (x, y), y down, x up to the picture's width over its height;
            shape (B, T, P, 2).
        radius: Standard deviation of the Gaussian puff, shape (B, T, P).
        mass: Integral of its optical depth over the picture plane, shape (B, T, P).
    """

    centre: Tensor
    radius: Tensor
    mass: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Births:
    """Who is in the air: identity, birth and age of each puff, shape (B, T, S, N)."""

    key: Tensor
    number: Tensor
    emitted_s: Tensor
    age_s: Tensor


def _per_puff(values: Tensor) -> Tensor:
    """Give values of shape (B, S) or (B,) the axes of (B, T, S, N)."""
    return values[:, None, :, None] if values.ndim == 2 else values[:, None, None, None]


def wind_path(parameters: PlumeParameters, times_s: Tensor) -> Tensor:
    """Way of the air since time 0, the integral of mean wind, gusts and veering.

    Args:
        parameters: B plumes.
        times_s: Shape (B, ...).

    Returns:
        Way (x, y) in picture heights, shape (B, ..., 2).
    """
    spare = (1,) * (times_s.ndim - 1)
    seed = parameters.seed.reshape(-1, *spare)
    mean = parameters.velocity.reshape(-1, *spare, 2)
    speed = mean.norm(dim=-1, keepdim=True)
    gusts, veer = (
        share.reshape(-1, *spare, 1) * speed for share in (parameters.gustiness, parameters.veer)
    )
    path = mean * times_s[..., None]
    swings = [(p, gusts) for p in _GUST_PERIODS_S] + [(p, veer) for p in _VEER_PERIODS_S]
    for k, (period_s, strength) in enumerate(swings):
        rate = 2 * math.pi / period_s * (0.8 + 0.4 * hashed_uniform(seed, 11, k).to(mean))
        phase = 2 * math.pi * hashed_uniform(seed, 12, k).to(mean)
        way_s = (torch.cos(phase) - torch.cos(rate * times_s + phase)) / rate
        path = path + strength * hashed_normal_pair(seed, 13, k).to(mean) * 0.5 * way_s[..., None]
    return path


def _births(parameters: PlumeParameters, times_s: Tensor) -> _Births:
    interval_s = _per_puff(parameters.lifetime_s) / PUFFS
    now_s = times_s[:, :, None, None]
    newest = torch.floor(now_s / interval_s).to(torch.int64)
    number = newest - torch.arange(PUFFS, device=times_s.device)
    source = torch.arange(parameters.radius.shape[1], device=times_s.device)[:, None]
    key = _per_puff(parameters.seed) * 131 + source
    emitted_s = (number + hashed_uniform(key, 1, number).to(times_s)) * interval_s
    return _Births(key, number, emitted_s, now_s - emitted_s)


def _emission(parameters: PlumeParameters, births: _Births) -> Tensor:
    """Share of the full rate at which the source emitted when each puff was born, 0..1."""
    emitted_s = births.emitted_s
    running = emitted_s >= _per_puff(parameters.start_s)
    running &= emitted_s < _per_puff(parameters.stop_s)
    rate = 2 * math.pi / _per_puff(parameters.period_s)
    wave = torch.zeros_like(emitted_s)
    for k, (octave, height) in enumerate(_PUFFING):
        phase = 2 * math.pi * hashed_uniform(births.key, 21, k).to(emitted_s)
        wave = wave + height * torch.sin(rate * octave * emitted_s + phase)
    share = _per_puff(parameters.intermittency)
    return running * (1 - share + share * torch.sigmoid(6 * (wave - 0.3)))


def _mass(parameters: PlumeParameters, births: _Births) -> Tensor:
    """Optical depth times area of each puff: the flux of the source shared among its puffs."""
    interval_s = _per_puff(parameters.lifetime_s) / PUFFS
    speed = _per_puff(parameters.rise) + _per_puff(parameters.velocity.norm(dim=-1))
    opening = _per_puff(parameters.size.amax(-1)) / math.sqrt(12)
    width = math.sqrt(2 * math.pi) * torch.hypot(_per_puff(parameters.radius), opening)
    left = (1 - births.age_s / _per_puff(parameters.lifetime_s)).clamp(0, 1)
    fade = left * left * (3 - 2 * left)
    flux = _per_puff(parameters.strength) * width * speed
    born = births.age_s >= 0
    return flux * interval_s * fade * born * _emission(parameters, births)


def _growth(parameters: PlumeParameters, age_s: Tensor) -> Tensor:
    """Radius that the plume has gained at each age, in picture heights."""
    speed = _per_puff(parameters.rise) + _per_puff(parameters.velocity.norm(dim=-1))
    return _per_puff(parameters.spread) * (speed * age_s.clamp(min=0)) ** 0.9


def _climb(parameters: PlumeParameters, age_s: Tensor) -> Tensor:
    """Height gained by buoyancy; four fifths of the rising speed die away."""
    rise_s = _per_puff(parameters.rise_time_s)
    age_s = age_s.clamp(min=0)
    return _per_puff(parameters.rise) * (0.8 * rise_s * -torch.expm1(-age_s / rise_s) + 0.2 * age_s)


def _sway(parameters: PlumeParameters, births: _Births) -> Tensor:
    """Displacement shared by puffs that left together, in units of the growth: (..., 2)."""
    sway = births.emitted_s.new_zeros(*births.emitted_s.shape, 2)
    for k, count in enumerate(_SWAYS_PER_LIFE):
        phase = 2 * math.pi * hashed_normal_pair(births.key, 31, k).to(sway)
        angle = 2 * math.pi * count * births.emitted_s / _per_puff(parameters.lifetime_s)
        sway = sway + torch.sin(angle[..., None] + phase) * (_SWAYS_PER_LIFE[0] / count) ** 0.5
    return sway * _per_puff(parameters.turbulence)[..., None]


def _opening(parameters: PlumeParameters, births: _Births, aspect: float) -> Tensor:
    """Point of the source's rectangle at which each puff leaves, shape (B, T, S, N, 2)."""
    across = hashed_uniform(births.key, 3, births.number)
    down = hashed_uniform(births.key, 4, births.number)
    place = torch.stack([across, down], dim=-1).to(parameters.size) - 0.5
    middle = parameters.position * parameters.position.new_tensor([aspect, 1.0])
    return middle[:, None, :, None] + place * parameters.size[:, None, :, None]


def release_puffs(parameters: PlumeParameters, times_s: Tensor, aspect: float) -> Puffs:
    """Find every puff that is in the air at each time.

    Args:
        parameters: B plumes of S sources.
        times_s: Times of the frames, of the same dtype as the parameters, shape (B, T).
        aspect: Width of the picture over its height.

    Returns:
        S * ``PUFFS`` puffs in each frame.
    """
    births = _births(parameters, times_s)
    growth = _growth(parameters, births.age_s)
    radius = _per_puff(parameters.radius) + growth
    now = wind_path(parameters, times_s)[:, :, None, None]
    carried = now - wind_path(parameters, births.emitted_s)
    thrown = hashed_normal_pair(births.key, 5, births.number).to(radius) * 0.9 * radius[..., None]
    swayed = _sway(parameters, births) * growth[..., None]
    centre = _opening(parameters, births, aspect) + carried + thrown + swayed
    centre[..., 1] -= _climb(parameters, births.age_s)
    share = 0.3 + 0.35 * hashed_uniform(births.key, 2, births.number).to(radius)
    mass = _mass(parameters, births)
    return Puffs(centre.flatten(2, 3), (share * radius).flatten(2), mass.flatten(2))
