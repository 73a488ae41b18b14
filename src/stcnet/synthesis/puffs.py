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
    """Who is in the air: identity, birth and age of each puff, shape (B, T, S, N).

    Attributes:
        key: Of its source.
        number: Of it among those of its source.
        emitted_s: When it left.
        age_s: Time since then.
        share: Its radius as a share of the plume's.
        place: Where in the opening of its source it left, 0..1, shape (B, T, S, N, 2).
    """

    key: Tensor
    number: Tensor
    emitted_s: Tensor
    age_s: Tensor
    share: Tensor
    place: Tensor


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
    swings = _swings(parameters)
    rate, phase, reach = (
        each.reshape(len(each), *(1,) * (times_s.ndim - 1), *each.shape[1:]) for each in swings
    )
    angle = rate * times_s[..., None] + phase
    way = reach * ((torch.cos(phase) - torch.cos(angle)) / rate)[..., None]
    mean = parameters.velocity.reshape(-1, *(1,) * (times_s.ndim - 1), 2)
    return mean * times_s[..., None] + way.sum(-2)


def _swings(parameters: PlumeParameters) -> tuple[Tensor, Tensor, Tensor]:
    """Gusts and veering: rate in radians/s and phase, (B, K), and their velocity, (B, K, 2)."""
    velocity, seed = parameters.velocity, parameters.seed[:, None]
    periods_s = velocity.new_tensor(_GUST_PERIODS_S + _VEER_PERIODS_S)
    number = torch.arange(len(periods_s), device=seed.device)
    rate = 2 * math.pi / periods_s * (0.8 + 0.4 * hashed_uniform(seed, 11, number).to(velocity))
    phase = 2 * math.pi * hashed_uniform(seed, 12, number).to(velocity)
    veering = number >= len(_GUST_PERIODS_S)
    share = torch.where(veering, parameters.veer[:, None], parameters.gustiness[:, None])
    strength = 0.5 * share * velocity.norm(dim=-1, keepdim=True)
    return rate, phase, strength[..., None] * hashed_normal_pair(seed, 13, number).to(velocity)


def _births(parameters: PlumeParameters, times_s: Tensor) -> _Births:
    interval_s = _per_puff(parameters.lifetime_s) / PUFFS
    now_s = times_s[:, :, None, None]
    newest = torch.floor(now_s / interval_s).to(torch.int64)
    number = newest - torch.arange(PUFFS, device=times_s.device)
    source = torch.arange(parameters.radius.shape[1], device=times_s.device)[:, None]
    key = _per_puff(parameters.seed) * 131 + source
    traits = torch.arange(1, 5, device=times_s.device)
    drawn = hashed_uniform(key[..., None], traits, number[..., None]).to(times_s)
    late, share = drawn[..., 0], 0.3 + 0.35 * drawn[..., 1]
    emitted_s = (number + late) * interval_s
    return _Births(key, number, emitted_s, now_s - emitted_s, share, drawn[..., 2:])


def _emission(parameters: PlumeParameters, births: _Births) -> Tensor:
    """Share of the full rate at which the source emitted when each puff was born, 0..1."""
    emitted_s = births.emitted_s
    running = emitted_s >= _per_puff(parameters.start_s)
    running &= emitted_s < _per_puff(parameters.stop_s)
    rate = 2 * math.pi / _per_puff(parameters.period_s)
    octave, height = emitted_s.new_tensor(_PUFFING).unbind(1)
    number = torch.arange(len(_PUFFING), device=emitted_s.device)
    phase = 2 * math.pi * hashed_uniform(births.key[..., None], 21, number).to(emitted_s)
    angle = (rate * emitted_s)[..., None] * octave + phase
    wave = (height * torch.sin(angle)).sum(-1)
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
    emitted_s = births.emitted_s
    count = emitted_s.new_tensor(_SWAYS_PER_LIFE)
    number = torch.arange(len(count), device=emitted_s.device)
    phase = 2 * math.pi * hashed_normal_pair(births.key[..., None], 31, number).to(emitted_s)
    angle = (2 * math.pi * emitted_s / _per_puff(parameters.lifetime_s))[..., None] * count
    swing = torch.sin(angle[..., None] + phase) * (count[0] / count).sqrt()[:, None]
    sway = swing.sum(-2)
    return sway * _per_puff(parameters.turbulence)[..., None]


def _opening(parameters: PlumeParameters, births: _Births, aspect: float) -> Tensor:
    """Point of the source's rectangle at which each puff leaves, shape (B, T, S, N, 2)."""
    place = births.place - 0.5
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
    mass = _mass(parameters, births)
    return Puffs(centre.flatten(2, 3), (births.share * radius).flatten(2), mass.flatten(2))
