"""Scenes of far seeds are as finely resolved as those of near ones.

The noise is periodic, and a seed moves a scene through it by a multiple of factors of at most three
decimals. So a seed that is larger by a whole number of periods shows the same, if nothing is lost
on so long a way in single precision.
"""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from stcnet.synthesis.drifts import Cumulus, FogBank, Foliage, Water
from stcnet.synthesis.movers import Canvas, Mover
from stcnet.synthesis.plants import Plant, paint_plant, random_plant
from stcnet.synthesis.terrain import paint_land
from stcnet.synthesis.weather import Weather, daylight, pixel_grid, sky, within_period

PERIODS = 10_000_000
SIZE = (48, 64)
X, Y = pixel_grid(*SIZE, torch.empty(0))
TIME_S = 35.0
WEATHER = Weather(haze=0.0, cloud_cover=0.6, light_drift=0.0, shadow=1.0)
SEEDS = pytest.mark.parametrize("seed", [0, 5, 123_457])


def far(seed: int) -> int:
    return seed + PERIODS


def plant(seed: int) -> Plant:
    """One of the same buildings, without the grain of trees, which follows the seed otherwise."""
    return replace(random_plant(7), seed=seed, crowns=0.0, blocks=(), patches=1.0, grime=1.0)


def assert_same_but_not_plain(near: Tensor, distant: Tensor) -> None:
    assert near.std() > 0.01
    assert (near - distant).abs().max() < 1e-3


@SEEDS
def test_the_sky(seed: int) -> None:
    near, distant = (sky(plant(s), WEATHER, TIME_S, X, Y) for s in (seed, far(seed)))
    assert_same_but_not_plain(near, distant)


@SEEDS
def test_shadows_on_the_land(seed: int) -> None:
    near, distant = (daylight(plant(s), WEATHER, TIME_S, X, Y) for s in (seed, far(seed)))
    assert_same_but_not_plain(near, distant)


def test_shadows_of_far_times() -> None:
    """They pass at 1.1e-3 periods a second."""
    near, distant = (daylight(plant(0), WEATHER, t, X, Y) for t in (TIME_S, TIME_S + PERIODS))
    assert_same_but_not_plain(near, distant)


@SEEDS
def test_hills_and_ground(seed: int) -> None:
    """Where nothing was built: lamps stand elsewhere for another seed."""
    built = [torch.from_numpy(paint_plant(plant(s), *SIZE)[..., 3]) for s in (seed, far(seed))]
    bare = (built[0] + built[1]) == 0
    near, distant = (paint_land(plant(s), WEATHER, *SIZE, X) for s in (seed, far(seed)))
    assert_same_but_not_plain(near[0][:, bare], distant[0][:, bare])
    assert (near[1] - distant[1])[bare].abs().max() < 1e-2


@SEEDS
def test_wear_of_what_was_built(seed: int) -> None:
    """As the logarithm of the light that it takes from what is as painted elsewhere."""

    def wear(seed: int) -> tuple[Tensor, Tensor]:
        worn, new = plant(seed), replace(plant(seed), grime=0.0)
        solid = torch.from_numpy(paint_plant(new, *SIZE)[..., 3]) == 1
        one, other = (paint_land(each, WEATHER, *SIZE, X)[0] for each in (worn, new))
        return (one / other).log().mean(0), solid

    (near, solid), (distant, solid_too) = wear(seed), wear(far(seed))
    assert_same_but_not_plain(near[solid & solid_too], distant[solid & solid_too])


DRIFTS: dict[str, Any] = {
    "cumulus": Cumulus(1.0),
    "fog bank": FogBank(1.0, top=0.0),
    "water": Water(1.0, shore=0.2, glitter=1.0),
    # Its twigs swing in a phase of their own.
    "foliage": Foliage(1.0, sway=0.0),
}


def veils(mover: Mover) -> Tensor:
    canvas = Canvas(torch.tensor([0.0, TIME_S]), X, Y, torch.ones(SIZE))
    return torch.cat([torch.stack([torch.exp(-v.depth), v.light]) for v in mover.veils(canvas)])


@SEEDS
@pytest.mark.parametrize("name", DRIFTS)
def test_what_drifts(name: str, seed: int) -> None:
    near, distant = (veils(replace(DRIFTS[name], seed=s)) for s in (seed, far(seed)))
    assert_same_but_not_plain(near, distant)


@pytest.mark.parametrize(
    ("way", "expected"),
    [(0.25, 0.25), (3.25, 0.25), (-0.25, 0.75), (1e7 + 0.5, 0.5), (2.0, 0.0)],
)
def test_a_way_is_shortened_by_whole_periods(way: float, expected: float) -> None:
    assert math.isclose(within_period(way), expected, abs_tol=1e-9)
