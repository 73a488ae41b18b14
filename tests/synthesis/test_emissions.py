"""What a plant lets off besides: further steam, in the light and the wind of the first."""

import math
from dataclasses import replace

import pytest
import torch

from stcnet.synthesis.emissions import VENTS, at_mouth, drawn_plume, random_vents
from stcnet.synthesis.parameters import Plume
from stcnet.synthesis.scenes import shoot
from stcnet.synthesis.sites import random_site
from stcnet.synthesis.views import DAYLIGHT, STEAMING, VISIBLE_STEAM, random_view

EVERY = tuple((name, 1.0) for name in VENTS)
DURATION_S = 175.0


def steam(seed: int) -> Plume:
    return drawn_plume(seed, 2, VISIBLE_STEAM, DURATION_S)


def vents(seed: int, chances: tuple[tuple[str, float], ...] = EVERY) -> set[Plume]:
    behind, before = random_vents(seed, chances, random_site(seed), steam(seed), DURATION_S)
    return {*behind, *before}


def test_every_vent_lets_off_steam_in_the_light_of_the_first() -> None:
    for seed in range(20):
        first, found = steam(seed), vents(seed)
        assert len(found) == len(VENTS)
        assert all(plume.optics.evaporation > 0 for plume in found)
        assert {plume.optics.albedo for plume in found} == {first.optics.albedo}
        assert {plume.optics.sun for plume in found} == {first.optics.sun}


def test_what_is_drawn_of_a_vent_hangs_on_no_other() -> None:
    apart = [vents(3, ((name, 1.0),)) for name in VENTS]
    assert set().union(*apart) == vents(3)
    assert vents(3, tuple((name, 0.0) for name in VENTS)) == set()


def test_chances_are_kept() -> None:
    leaking = sum(len(vents(seed, (("leak", 0.3),))) for seed in range(200))
    assert 40 < leaking < 80


@pytest.mark.parametrize(("name", "towards"), [("from the left", 1), ("from the right", -1)])
def test_steam_from_beside_the_picture_is_blown_in(name: str, towards: int) -> None:
    plumes = [plume for seed in range(40) for plume in vents(seed, ((name, 1.0),))]
    starts = [plume.sources[0].position[0] for plume in plumes]
    assert all((x - 0.5) * towards < -0.5 for x in starts)
    inward = sum(plume.wind.velocity[0] * towards > 0 for plume in plumes)
    assert inward > 34


def test_steam_of_the_plant_goes_with_the_wind_of_the_first() -> None:
    for seed in range(20):
        (leak,) = vents(seed, (("leak", 1.0),))
        across = math.copysign(1, steam(seed).wind.velocity[0])
        assert math.copysign(1, leak.wind.velocity[0]) == across


def test_vents_stand_behind_and_before() -> None:
    sides = [
        random_vents(seed, EVERY, random_site(seed), steam(seed), DURATION_S) for seed in range(10)
    ]
    assert all(any(each) for each in zip(*sides, strict=True))


def test_a_vent_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="no vent is called 'geyser'; known: leak, burst, from"):
        vents(1, (("geyser", 1.0),))


def test_a_plume_leaves_a_top_of_the_plant_or_stays_where_it_was_drawn() -> None:
    plant, plume = random_site(1), steam(1)
    placed = at_mouth(plume, plant, ("stack",), 0.0)
    assert {source.position for source in placed.sources} <= set(plant.mouths("stack"))
    assert at_mouth(plume, plant, (), 0.0) == plume


def test_vents_change_nothing_but_the_steam() -> None:
    ranges, times_s = replace(DAYLIGHT, vents=STEAMING), torch.tensor([60.0])
    for seed in range(12):
        plain, steaming = (random_view(seed, "mixed", each) for each in (DAYLIGHT, ranges))
        assert replace(steaming, plumes=()) == replace(plain, plumes=())
        assert set(plain.plumes) <= set(steaming.plumes)
        for situation in ("empty", "smoke"):
            assert random_view(seed, situation, ranges) == random_view(seed, situation)
    assert any(len(random_view(seed, "steam", ranges).plumes) > 3 for seed in range(12))
    wide = shoot(random_view(2, "steam", replace(ranges, vents=EVERY)), times_s, 48, 48)
    alone = shoot(random_view(2, "steam"), times_s, 48, 48)
    assert float(wide.alpha("steam").mean()) > float(alone.alpha("steam").mean())
