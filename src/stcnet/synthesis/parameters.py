"""What a plume is made of: sources, wind and optics, by hand or as one batched table."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

Pair = tuple[float, float]
Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """A place that emits, seen as a rectangle in the picture.

    Lengths are in picture heights, times in seconds on the clock of the frames.

    Attributes:
        position: Centre as fractions (x, y) of the picture, y down; may lie outside it.
        size: Width and height of the opening; (0, 0) is a point.
        radius: Standard deviation of the smoke's cross-section as it leaves, above 0.
        strength: Optical depth across the plume where it leaves; 0 emits nothing.
        rise: Upward speed as it leaves, in picture heights per second.
        rise_time_s: Time over which that speed dies away, above 0.
        lifetime_s: Age at which the smoke is no longer followed, above 0.
        start_s, stop_s: When it emits.
        intermittency: 0 emits steadily, 1 in separate puffs.
        period_s: Typical time between puffs, above 0.
    """

    position: Pair
    size: Pair = (0.0, 0.0)
    radius: float = 0.01
    strength: float = 1.0
    rise: float = 0.01
    rise_time_s: float = 10.0
    lifetime_s: float = 60.0
    start_s: float = -math.inf
    stop_s: float = math.inf
    intermittency: float = 0.0
    period_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Wind:
    """The air that carries all plumes of a scene.

    Attributes:
        velocity: Mean drift (x, y), y down, in picture heights per second.
        gustiness: Slow changes of the wind as a share of its speed, 0 or more.
        turbulence: Strength of the eddies that fold the plume, 0 (smooth) to about 1.
        spread: Growth of the plume's radius per distance travelled, 0 or more.
        veer: Turning of the wind over minutes, as a share of its speed, 0 or more.
        churn: Rate at which the eddies turn into others, in radians per second, 0 or more: after
            a quarter turn nothing is left of their shape.
    """

    velocity: Pair = (0.01, 0.0)
    gustiness: float = 0.3
    turbulence: float = 0.5
    spread: float = 0.15
    veer: float = 0.0
    churn: float = 0.08


@dataclass(frozen=True, slots=True)
class Optics:
    """How the plume meets the light.

    Attributes:
        albedo: Colour of the plume under full light, linear RGB, 0..1.
        ambient: Share of the light that comes from all sides, 0..1; the rest is sunlight that the
            plume casts shadows in.
        sun: Direction (x, y) towards the sun in the picture, y down; not (0, 0).
        texture: Depth of the fine fluctuation of the density, 0 (none) to about 1.
        evaporation: Optical depth below which droplets have evaporated: above 0 for steam, whose
            edges are hard and which ends where it is diluted; 0 for smoke.
    """

    albedo: Colour = (0.6, 0.6, 0.6)
    ambient: float = 0.6
    sun: Pair = (0.3, -0.95)
    texture: float = 0.6
    evaporation: float = 0.0


@dataclass(frozen=True, slots=True)
class Plume:
    """Sources that share one wind and one substance; ``seed`` picks the turbulence."""

    sources: tuple[Source, ...]
    wind: Wind = Wind()
    optics: Optics = Optics()
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PlumeParameters:
    """A batch of plumes as tensors: B plumes of S sources each.

    Each attribute means what the attribute of the same name in :class:`Source`, :class:`Wind`,
    :class:`Optics` or :class:`Plume` means. A source of strength 0 is absent.

    Attributes:
        seed: int64, shape (B,).
        position, size: Shape (B, S, 2).
        radius, strength, rise, rise_time_s, lifetime_s, start_s, stop_s, intermittency, period_s:
            Shape (B, S).
        velocity, sun: Shape (B, 2).
        gustiness, turbulence, spread, veer, churn, ambient, texture, evaporation: Shape (B,).
        albedo: Shape (B, 3).
    """

    seed: Tensor
    position: Tensor
    size: Tensor
    radius: Tensor
    strength: Tensor
    rise: Tensor
    rise_time_s: Tensor
    lifetime_s: Tensor
    start_s: Tensor
    stop_s: Tensor
    intermittency: Tensor
    period_s: Tensor
    velocity: Tensor
    gustiness: Tensor
    turbulence: Tensor
    spread: Tensor
    veer: Tensor
    churn: Tensor
    albedo: Tensor
    ambient: Tensor
    sun: Tensor
    texture: Tensor
    evaporation: Tensor

    def __len__(self) -> int:
        return int(self.seed.shape[0])

    def __getitem__(self, index: slice) -> PlumeParameters:
        """The plumes of a slice of the batch."""
        return PlumeParameters(**{name: value[index] for name, value in self._tensors().items()})

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> PlumeParameters:
        """Move to a device and, if given, convert the floating tensors to ``dtype``."""
        return PlumeParameters(
            **{
                name: value.to(device, dtype if value.is_floating_point() else None)
                for name, value in self._tensors().items()
            }
        )

    def where(self, choice: Tensor, other: PlumeParameters) -> PlumeParameters:
        """Take each plume from here where ``choice`` (bool, shape (B,)) holds, else from other."""
        mine, theirs = self._tensors(), other._tensors()
        return PlumeParameters(
            **{
                name: torch.where(choice.reshape(-1, *[1] * (value.ndim - 1)), value, theirs[name])
                for name, value in mine.items()
            }
        )

    def _tensors(self) -> dict[str, Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


_SOURCE_FIELDS = tuple(field.name for field in fields(Source))
_WIND_FIELDS = tuple(field.name for field in fields(Wind))
_OPTICS_FIELDS = tuple(field.name for field in fields(Optics))


def stack_plumes(plumes: Sequence[Plume]) -> PlumeParameters:
    """Put plumes into one batch, float32; shorter lists of sources are padded with absent ones.

    Raises:
        ValueError: There is no plume.
    """
    if not plumes:
        raise ValueError("a batch needs at least one plume")
    most = max(1, *(len(plume.sources) for plume in plumes))
    absent = Source((0.5, 0.5), strength=0.0)
    rows = [plume.sources + (absent,) * (most - len(plume.sources)) for plume in plumes]
    table = {n: [[getattr(source, n) for source in row] for row in rows] for n in _SOURCE_FIELDS}
    table |= {name: [getattr(plume.wind, name) for plume in plumes] for name in _WIND_FIELDS}
    table |= {name: [getattr(plume.optics, name) for plume in plumes] for name in _OPTICS_FIELDS}
    tensors = {name: torch.tensor(values, dtype=torch.float32) for name, values in table.items()}
    return PlumeParameters(seed=torch.tensor([plume.seed for plume in plumes]), **tensors)


def unstack_plumes(parameters: PlumeParameters) -> list[Plume]:
    """Take a batch apart into plumes, without the sources that are absent.

    Rendered at float32, each gives what its row of the batch gives, if its absent sources came
    last.
    """
    table = {field.name: getattr(parameters, field.name).tolist() for field in fields(parameters)}
    return [_plume_of(table, row) for row in range(len(parameters))]


def _plume_of(table: dict[str, Any], row: int) -> Plume:
    def part(names: tuple[str, ...], *place: int) -> dict[str, Any]:
        values = {name: reduce(getitem, place, table[name][row]) for name in names}
        return {
            n: tuple(value) if isinstance(value, list) else value for n, value in values.items()
        }

    present = [k for k, strength in enumerate(table["strength"][row]) if strength > 0]
    sources = tuple(Source(**part(_SOURCE_FIELDS, k)) for k in present)
    wind, optics = Wind(**part(_WIND_FIELDS)), Optics(**part(_OPTICS_FIELDS))
    return Plume(sources, wind, optics, table["seed"][row])
