"""Plumes drawn at random: what a camera before a plant may see."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from stcnet.synthesis.parameters import Colour, PlumeParameters
from stcnet.synthesis.randomness import Range, chance, log_uniform, uniform

if TYPE_CHECKING:
    from torch import Tensor

COLOURS: dict[str, Colour] = {
    "white": (0.80, 0.80, 0.80),
    "grey": (0.55, 0.56, 0.58),
    "blue": (0.45, 0.55, 0.72),
    "dark": (0.28, 0.28, 0.29),
    "brown": (0.36, 0.25, 0.16),
    "yellow": (0.60, 0.50, 0.30),
    "rust": (0.40, 0.22, 0.12),
    "black": (0.03, 0.03, 0.03),
}
"""Albedos of smoke by name, linear RGB."""


@dataclass(frozen=True, slots=True)
class PlumeRanges:
    """From where to where each property is drawn; see ``Source``, ``Wind`` and ``Optics``.

    Lengths are in picture heights, speeds in picture heights per second. Ranges of lengths,
    speeds, strengths and spread are logarithmic.

    Attributes:
        extent: Way that the smoke makes in its life.
        across, down: Position of the sources as fractions of the picture.
        brightness: Factor on the albedo.
        lifetime_s: Bounds that the lifetime, extent over speed, is held within.
        steady: Probability that a source emits all the time; otherwise it starts or stops.
        palette: Albedos, linear RGB, each with its weight.
    """

    extent: Range = (0.15, 2.5)
    speed: Range = (0.005, 0.07)
    lifetime_s: Range = (4.0, 300.0)
    across: Range = (-0.02, 1.02)
    down: Range = (0.15, 0.97)
    radius: Range = (0.004, 0.05)
    opening: Range = (0.0, 0.5)
    strength: Range = (0.2, 6.0)
    spread: Range = (0.05, 0.3)
    rise_share: Range = (0.05, 1.0)
    rise_time_s: Range = (3.0, 40.0)
    gustiness: Range = (0.1, 0.8)
    veer: Range = (0.0, 1.0)
    churn: Range = (0.06, 0.3)
    turbulence: Range = (0.3, 1.0)
    texture: Range = (0.3, 1.0)
    ambient: Range = (0.45, 0.9)
    intermittency: Range = (0.0, 1.0)
    period_s: Range = (6.0, 300.0)
    evaporation: Range = (0.0, 0.0)
    brightness: Range = (0.75, 1.25)
    steady: float = 0.4
    palette: tuple[tuple[Colour, float], ...] = (
        (COLOURS["white"], 4.0),
        (COLOURS["grey"], 4.0),
        (COLOURS["blue"], 2.5),
        (COLOURS["dark"], 1.0),
        (COLOURS["brown"], 1.0),
        (COLOURS["yellow"], 1.0),
        (COLOURS["rust"], 0.3),
        ((0.10, 0.10, 0.10), 0.4),
        (COLOURS["black"], 0.4),
    )


SMOKE = PlumeRanges()
"""Smoke of every colour, thin or thick, near or far; it dilutes but does not vanish."""

DENSE_SMOKE = replace(
    SMOKE,
    extent=(0.3, 2.2),
    radius=(0.01, 0.045),
    strength=(6.0, 40.0),
    steady=0.8,
    palette=(
        (COLOURS["black"], 2.0),
        (COLOURS["dark"], 2.0),
        (COLOURS["brown"], 2.0),
        (COLOURS["grey"], 1.0),
        (COLOURS["yellow"], 1.0),
        (COLOURS["rust"], 1.0),
    ),
)
"""Smoke as dense as steam, of every colour but white, which on real cameras is nearly always
steam."""

STEAM = PlumeRanges(
    extent=(0.1, 2.0),
    radius=(0.006, 0.06),
    opening=(0.0, 0.05),
    strength=(4.0, 25.0),
    spread=(0.08, 0.28),
    rise_share=(0.3, 1.0),
    texture=(0.4, 0.9),
    ambient=(0.3, 0.65),
    evaporation=(0.2, 1.5),
    brightness=(0.85, 1.1),
    steady=0.9,
    palette=(((0.88, 0.89, 0.90), 3.0), ((0.75, 0.76, 0.78), 1.0)),
)
"""Steam: dense and white where it leaves, hard-edged, gone where it is diluted."""


def _pick_albedo(generator: torch.Generator, batch: int, ranges: PlumeRanges) -> Tensor:
    colours = torch.tensor([colour for colour, _ in ranges.palette])
    weights = torch.tensor([weight for _, weight in ranges.palette])
    index = torch.multinomial(weights, batch, replacement=True, generator=generator)
    tint = 1 + 0.06 * torch.randn(batch, 3, generator=generator)
    return (colours[index] * tint * uniform(generator, (batch, 1), ranges.brightness)).clamp(0, 1)


def _emission_times(
    generator: torch.Generator, shape: tuple[int, int], duration_s: Tensor, steady: float
) -> tuple[Tensor, Tensor]:
    """When sources start and stop: always on, or a stretch that overlaps the middle."""
    always = chance(generator, shape, steady)
    starts = chance(generator, shape, 0.6)
    stops = chance(generator, shape, 0.6) | ~starts
    start_s = uniform(generator, shape, (-0.1, 0.5)) * duration_s
    stop_s = start_s + uniform(generator, shape, (0.2, 0.7)) * duration_s
    stop_s = torch.where(starts, stop_s, uniform(generator, shape, (0.3, 0.8)) * duration_s)
    start_s = torch.where(always | ~starts, -math.inf, start_s)
    return start_s, torch.where(always | ~stops, math.inf, stop_s)


def _positions(generator: torch.Generator, shape: tuple[int, int], ranges: PlumeRanges) -> Tensor:
    """First source anywhere, more often low; the others near it."""
    batch, _ = shape
    across = uniform(generator, (batch, 1), ranges.across)
    low, high = ranges.down
    down = low + (high - low) * torch.rand(batch, 1, generator=generator) ** 0.5
    near = 0.12 * torch.randn(*shape, 2, generator=generator) * torch.tensor([1.0, 0.3])
    near[:, 0] = 0
    return torch.stack([across, down], dim=-1) + near


def _wind(generator: torch.Generator, across: Tensor, speed: Tensor) -> Tensor:
    """Mean wind that blows more often into the picture than out of it, shape (B, 2)."""
    inward = (1.5 * across - 0.25).clamp(0.03, 0.97)
    right = torch.rand(across.shape, generator=generator) > inward
    tilt = 0.25 * torch.randn(across.shape, generator=generator)
    direction = torch.where(right, 1.0, -1.0)
    return speed[:, None] * torch.stack([direction * torch.cos(tilt), torch.sin(tilt)], dim=-1)


def random_plumes(
    batch: int,
    generator: torch.Generator,
    *,
    ranges: PlumeRanges = SMOKE,
    duration_s: float | Tensor = 175.0,
    sources: int = 3,
) -> PlumeParameters:
    """Draw plumes at random.

    Args:
        batch: Number of plumes B.
        generator: On the CPU; it alone decides what is drawn.
        ranges: What may be drawn, ``SMOKE`` or ``STEAM`` or your own.
        duration_s: Length of the clip, or of each, shape (B,), on the CPU; sources that start or
            stop do it between 0 and this.
        sources: Number of sources S a plume may have; one is the most frequent.

    Returns:
        Parameters on the CPU, float32.
    """
    shape = (batch, sources)
    speed = log_uniform(generator, (batch,), ranges.speed)
    share = uniform(generator, (batch,), ranges.rise_share)
    position = _positions(generator, shape, ranges)
    reach = log_uniform(generator, (batch,), ranges.extent)
    number = torch.randint(0, 2 * sources, (batch, 1), generator=generator) - sources
    present = torch.arange(sources) <= number.clamp(min=0)
    lengths_s = torch.as_tensor(duration_s, dtype=torch.float32).expand(batch)[:, None]
    start_s, stop_s = _emission_times(generator, shape, lengths_s, ranges.steady)
    strength = log_uniform(generator, (batch, 1), ranges.strength)
    strength = strength * log_uniform(generator, shape, (0.6, 1.6))
    wide = chance(generator, (batch, 1), 0.3) * uniform(generator, (batch, 1), ranges.opening)
    angle = uniform(generator, (batch,), (-math.pi, 0.0))
    return PlumeParameters(
        seed=torch.randint(0, 2**31, (batch,), generator=generator),
        position=position,
        size=torch.stack([wide.expand(shape), 0.1 * wide.expand(shape)], dim=-1),
        radius=log_uniform(generator, (batch, 1), ranges.radius)
        * log_uniform(generator, shape, (0.7, 1.4)),
        strength=torch.where(present, strength, 0.0),
        rise=(share * speed)[:, None] * uniform(generator, shape, (0.8, 1.2)),
        rise_time_s=log_uniform(generator, shape, ranges.rise_time_s),
        lifetime_s=(reach / speed).clamp(*ranges.lifetime_s)[:, None].repeat(1, sources),
        start_s=start_s,
        stop_s=stop_s,
        intermittency=uniform(generator, shape, ranges.intermittency),
        period_s=log_uniform(generator, shape, ranges.period_s),
        velocity=_wind(generator, position[:, 0, 0], speed * (1 - 0.8 * share)),
        gustiness=uniform(generator, (batch,), ranges.gustiness),
        turbulence=uniform(generator, (batch,), ranges.turbulence),
        spread=log_uniform(generator, (batch,), ranges.spread),
        albedo=_pick_albedo(generator, batch, ranges),
        ambient=uniform(generator, (batch,), ranges.ambient),
        sun=torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1),
        texture=uniform(generator, (batch,), ranges.texture),
        evaporation=uniform(generator, (batch,), ranges.evaporation),
        veer=uniform(generator, (batch,), ranges.veer),
        churn=uniform(generator, (batch,), ranges.churn),
    )
