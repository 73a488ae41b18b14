"""Views drawn at random: one seed, one scene; what it emits is all that its situation changes."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from stcnet.synthesis.draws import SMOKE, random_plumes
from stcnet.synthesis.parameters import stack_plumes, unstack_plumes
from stcnet.synthesis.plumes import render_opacity
from stcnet.synthesis.scenes import shoot
from stcnet.synthesis.sites import random_site, zoomed
from stcnet.synthesis.views import (
    CLEAR,
    DAYLIGHT,
    NIGHT,
    RESTLESS,
    Situation,
    ViewRanges,
    random_view,
)
from stcnet.synthesis.weather import Light

SIZE = (48, 48)
TIMES = torch.tensor([60.0, 65.0])
SITUATIONS = get_args(Situation)
EMITS = {"empty": (), "steam": ("steam",), "smoke": ("smoke",), "mixed": ("smoke", "steam")}


def substances(situation: Situation, seed: int) -> tuple[str, ...]:
    layers = shoot(random_view(seed, situation), TIMES, *SIZE).layers
    return tuple(layer.substance for layer in layers if layer.substance != "fog")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_situation_emits_what_it_says(situation: Situation) -> None:
    assert all(substances(situation, seed) == EMITS[situation] for seed in range(4))


def test_only_the_plumes_differ_between_situations() -> None:
    scenes = [random_view(7, situation) for situation in SITUATIONS]
    assert len({(scene.weather, scene.light, scene.camera) for scene in scenes}) == 1
    assert all(scene.plant == scenes[0].plant for scene in scenes)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_seed_decides_every_bit(situation: Situation) -> None:
    first, second = (shoot(random_view(5, situation), TIMES, *SIZE) for _ in range(2))
    other = shoot(random_view(6, situation), TIMES, *SIZE)
    assert np.array_equal(first.frames, second.frames)
    assert not np.array_equal(first.frames, other.frames)


def test_smoke_can_be_seen_in_most_views() -> None:
    times = torch.arange(0, 175, 25.0)
    shares = [
        float(shoot(random_view(seed, "smoke"), times, *SIZE).mask().float().mean())
        for seed in range(12)
    ]
    assert np.median(shares) > 0.01
    assert np.mean(np.array(shares) > 0.001) > 0.8


@pytest.mark.parametrize(
    ("ranges", "darkest", "brightest"),
    [(CLEAR, 60, 230), (NIGHT, 0, 60)],
    ids=["clear day", "night"],
)
def test_ranges_set_the_light(ranges: object, darkest: float, brightest: float) -> None:
    scenes = [random_view(seed, "empty", ranges) for seed in range(6)]  # type: ignore[arg-type]
    levels = [shoot(scene, TIMES, *SIZE).frames.mean() for scene in scenes]
    assert darkest <= min(levels)
    assert max(levels) <= brightest


def test_a_restless_view_changes_more_without_any_plume() -> None:
    def change(ranges: object) -> float:
        shots = [
            shoot(random_view(seed, "empty", ranges), TIMES, *SIZE)  # type: ignore[arg-type]
            for seed in range(6)
        ]
        return float(
            np.mean([np.abs(np.diff(shot.frames.astype(int), axis=0)).mean() for shot in shots])
        )

    assert change(RESTLESS) > 1.15 * change(DAYLIGHT)


def test_cameras_may_be_grey_and_uncompressed() -> None:
    infrared = replace(DAYLIGHT, grey=1.0, compression=None)
    frames = shoot(random_view(1, "smoke", infrared), TIMES, *SIZE).frames
    assert (frames == frames[..., :1]).all()


def test_plumes_leave_tops_that_can_be_seen() -> None:
    for seed in range(10):
        scene = random_view(seed, "mixed")
        tops = {block.mouth for block in scene.plant.blocks}
        assert all(source.position in tops for plume in scene.plumes for source in plume.sources)


def test_a_longer_lens_enlarges_about_its_focus() -> None:
    plant = random_site(3)
    near = zoomed(plant, (0.4, 0.7), 2.0)
    for before, after in zip(plant.blocks, near.blocks, strict=True):
        assert after.right - after.left == pytest.approx(2 * (before.right - before.left))
        assert after.bottom - after.top == pytest.approx(2 * (before.bottom - before.top))
    again = zoomed(near, (0.5, 0.84), 0.5)
    assert again.blocks[0].top - again.skyline == pytest.approx(plant.blocks[0].top - plant.skyline)


def test_a_batch_taken_apart_renders_the_same() -> None:
    drawn = random_plumes(4, torch.Generator().manual_seed(1), ranges=SMOKE)
    plumes = unstack_plumes(drawn)
    times = torch.tensor([[20.0, 40.0]]).expand(4, 2)
    whole = render_opacity(drawn, times, *SIZE).optical_depth
    again = render_opacity(stack_plumes(plumes), times, *SIZE).optical_depth
    assert torch.allclose(whole, again, rtol=1e-4, atol=1e-5)
    assert [len(plume.sources) for plume in plumes] == (drawn.strength > 0).sum(1).tolist()


def test_edges_of_shadows_change_nothing_else() -> None:
    soft, hard = (
        random_view(3, "smoke", replace(RESTLESS, shadow_edge=edges))
        for edges in ((0.2, 1.0), (0.0, 0.0))
    )
    assert replace(soft.weather, shadow_edge=0.0) == hard.weather
    assert 0.2 <= soft.weather.shadow_edge <= 1.0
    assert replace(soft, weather=hard.weather) == hard


def test_plumes_cast_shadows_by_day_as_often_as_asked_and_nothing_else_changes() -> None:
    def lights(chance: float, ranges: ViewRanges = DAYLIGHT) -> list[Light]:
        return [
            random_view(seed, "steam", replace(ranges, sunlit=chance)).light for seed in range(60)
        ]

    without, some, always = lights(0.0), lights(0.5), lights(1.0)
    assert not any(light.direct for light in without)
    assert 0.3 < np.mean([light.direct > 0 for light in some]) < 0.7
    assert all(0.3 <= light.direct <= 0.8 for light in always)
    assert len({light.cast for light in always}) == 60
    assert [replace(light, direct=0.0, cast=(0.0, 0.0)) for light in always] == without
    assert not any(light.direct for light in lights(1.0, NIGHT))
