"""What moves and is no smoke: repeatable at any time step, before plumes or behind them."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

from stcnet.synthesis.bustle import MOVERS, random_movers
from stcnet.synthesis.camera import Camera
from stcnet.synthesis.drifts import Cumulus, FogBank, Foliage, Water
from stcnet.synthesis.movers import (
    Birds,
    Gantry,
    Lamps,
    Mover,
    Precipitation,
    Specks,
    Traffic,
)
from stcnet.synthesis.parameters import Optics, Plume, Source, Wind
from stcnet.synthesis.plants import random_plant
from stcnet.synthesis.scenes import Scene, Shot, shoot
from stcnet.synthesis.views import BUSY, DAYLIGHT, DUSK, random_view
from stcnet.synthesis.weather import Light, Weather

SIZE = (48, 64)
TIMES = torch.tensor([40.0, 45.0, 60.0, 100.0])
SMOKE = Plume(
    (Source((0.4, 0.7), radius=0.05, strength=12.0, lifetime_s=40.0),),
    Wind((0.015, 0.0)),
    Optics((0.1, 0.1, 0.1)),
)
SCENE = Scene(random_plant(2), (SMOKE,), Weather(light_drift=0.0), camera=Camera(noise=0.0))
EVERY: dict[str, Mover] = {
    "precipitation": Precipitation(0.8),
    "traffic": Traffic(0.9, headlamps=0.5),
    "birds": Birds(1.0, size=0.03),
    "specks": Specks(1.0),
    "gantry": Gantry(),
    "lamps": Lamps(),
    "cumulus": Cumulus(1.0),
    "fog bank": FogBank(),
    "water": Water(),
    "foliage": Foliage(),
}


def take(*movers: Mover, scene: Scene = SCENE, times: torch.Tensor = TIMES) -> Shot:
    return shoot(replace(scene, movers=movers), times, *SIZE)


@pytest.fixture(scope="module")
def bare() -> Shot:
    return take()


@pytest.mark.parametrize("name", EVERY)
def test_a_mover_shows_moves_and_repeats(name: str, bare: Shot) -> None:
    first, second = take(EVERY[name]), take(EVERY[name])
    assert np.array_equal(first.frames, second.frames)
    change = first.clean() - bare.clean()
    assert change.abs().max() > 20
    assert (change[1:] - change[:-1]).abs().amax((1, 2, 3)).min() > 2


@pytest.mark.parametrize("name", EVERY)
def test_no_strength_leaves_every_bit(name: str, bare: Shot) -> None:
    mover: Any = EVERY[name]
    shot = take(replace(mover, strength=0.0))
    assert torch.equal(shot.clean(), bare.clean())
    assert np.array_equal(shot.frames, bare.frames)


@pytest.mark.parametrize("name", EVERY)
def test_a_moment_is_the_same_in_any_film(name: str) -> None:
    alone = take(EVERY[name], times=TIMES[2:3])
    assert (take(EVERY[name]).clean()[2:3] - alone.clean()).abs().max() < 0.05


@pytest.mark.parametrize("name", EVERY)
def test_a_mover_changes_neither_smoke_nor_background(name: str, bare: Shot) -> None:
    shot = take(EVERY[name])
    assert torch.equal(shot.alpha("smoke"), bare.alpha("smoke"))
    assert torch.equal(shot.background, bare.background)
    clear = shot.alpha("mover") == 0
    assert torch.equal(shot.clean().movedim(1, -1)[clear], bare.clean().movedim(1, -1)[clear])


@pytest.mark.parametrize("name", EVERY)
def test_a_mover_lies_on_its_side_of_the_plumes(name: str) -> None:
    substances = [layer.substance for layer in take(EVERY[name]).layers]
    others = ["mover"] * (len(substances) - 1)
    assert substances == (["smoke", *others] if EVERY[name].before else [*others, "smoke"])


def test_opaque_smoke_hides_what_is_behind_it(bare: Shot) -> None:
    thick = bare.alpha("smoke") > 0.999
    assert thick.any()
    behind, front = (take(mover).clean() - bare.clean() for mover in (Lamps(), FogBank(1.0, top=0)))
    assert behind.movedim(1, -1)[thick].abs().max() < 2
    assert front.movedim(1, -1)[thick].abs().max() > 10


def test_clouds_are_in_the_sky_alone() -> None:
    cloudy = take(Cumulus(1.0), scene=replace(SCENE, plumes=())).alpha("mover")
    assert cloudy[:, :8].mean() > 0.2
    assert not cloudy[:, -8:].any()


def test_vehicles_go_at_their_speed() -> None:
    fast, slow = (
        take(Traffic(1.0, speed=speed), times=40 + torch.tensor([0.0, 0.1])).alpha("mover")
        for speed in (0.3, 0.03)
    )
    assert (fast[1] - fast[0]).abs().sum() > 4 * (slow[1] - slow[0]).abs().sum()


def test_lamps_shine_at_night_when_bodies_are_dark() -> None:
    night = replace(SCENE, plumes=(), light=Light(level=0.005))
    dark = take(scene=night).clean()
    lit, body = (take(mover, scene=night).clean() for mover in (Lamps(), Gantry()))
    assert (lit - dark).max() > 100
    assert (body - dark).max() < 20


@pytest.mark.parametrize(("trend", "factor"), [(-0.5, np.exp(-0.5)), (0.2, np.exp(0.2))])
def test_the_sun_sets_and_rises(trend: float, factor: float) -> None:
    scene = replace(SCENE, plumes=(), light=Light(level=0.3, trend=trend))
    frames = take(scene=scene, times=torch.tensor([0.0, 60.0])).clean()
    level = ((frames.double() / 255) ** 2.2).mean((1, 2, 3))
    assert float(level[1] / level[0]) == pytest.approx(factor, rel=0.05)
    assert Light(level=0.3, trend=trend).at(1e6).level in (pytest.approx(0, abs=1e-9), 1.0)


@pytest.mark.parametrize("name", MOVERS)
def test_a_named_mover_is_drawn_by_its_seed_alone(name: str) -> None:
    one = random_movers(3, ((name, 1.0),))
    among = random_movers(3, (("rain", 1.0), ("waves", 0.0), (name, 1.0)))
    assert len(one) == 1
    assert among[-1] == one[0]
    assert random_movers(4, ((name, 1.0),)) != one
    assert random_movers(3, ((name, 0.0),)) == ()


def test_an_unknown_mover_is_refused() -> None:
    with pytest.raises(ValueError, match="no mover is called 'hail'; known: rain, snow"):
        random_movers(0, (("hail", 1.0),))


def test_movers_and_trend_change_nothing_else_of_a_view() -> None:
    for seed in range(6):
        calm, busy = random_view(seed, "mixed"), random_view(seed, "mixed", BUSY)
        assert replace(busy, movers=()) == calm
        dusk = random_view(seed, "mixed", replace(DAYLIGHT, trend=DUSK.trend))
        assert replace(dusk, light=replace(dusk.light, trend=0.0)) == calm
        assert dusk.light.trend != 0


@pytest.mark.parametrize("name", EVERY)
def test_numbers_out_of_range_are_refused(name: str) -> None:
    mover: Any = EVERY[name]
    for field in fields(mover):
        if isinstance(getattr(mover, field.name), float):
            with pytest.raises(ValueError, match=rf"{type(mover).__name__}\.{field.name} is nan"):
                replace(mover, **{field.name: float("nan")})
