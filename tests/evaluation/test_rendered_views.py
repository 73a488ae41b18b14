"""Rendered scenes filmed under conditions: the condition alone differs."""

from dataclasses import replace

import numpy as np
import pytest

from stcnet.evaluation.rendered_views import (
    LIGHTS,
    RENDERED_REFERENCE,
    RenderedCondition,
    film_scene,
    rendered_conditions,
    seeds_with_smoke,
)
from stcnet.synthesis.views import CLEAR
from stcnet.types import Picture

SMALL = replace(
    RENDERED_REFERENCE, side=48, ranges=replace(CLEAR, noise=(0.0, 0.0), compression=None)
)


def filmed(condition: RenderedCondition, situation: str = "mixed") -> Picture:
    return film_scene(condition, 3, situation, 3)  # type: ignore[arg-type]


def test_the_middle_moment_is_the_same_whatever_the_spacing() -> None:
    slow, fast = filmed(SMALL), filmed(replace(SMALL, spacing_s=0.5))
    np.testing.assert_array_equal(slow[1], fast[1])
    moved = [np.abs(film[2].astype(float) - film[1].astype(float)).mean() for film in (slow, fast)]
    assert moved[0] > 2 * moved[1] > 0


def test_situations_differ_in_what_is_emitted_alone() -> None:
    empty, smoke, both = (filmed(SMALL, what) for what in ("empty", "smoke", "mixed"))
    assert (empty != smoke).any()
    assert (smoke != both).any()
    assert (empty == smoke).mean() > 0.3


def test_a_larger_source_shows_the_same_scene() -> None:
    small, large = filmed(SMALL), filmed(replace(SMALL, side=96))
    assert large.shape == (3, 96, 96, 3)
    shrunk = large.reshape(3, 48, 2, 48, 2, 3).mean((2, 4))
    assert np.abs(shrunk - small).mean() < 8


@pytest.mark.parametrize("condition", [pytest.param(each, id=each.name) for each in LIGHTS])
def test_lights_are_what_they_are_called(condition: RenderedCondition) -> None:
    film = filmed(replace(condition, side=48))
    by_day = filmed(replace(RENDERED_REFERENCE, side=48))
    if "grey" in condition.name:
        assert np.ptp(film.astype(int), axis=-1).mean() < 3
    else:
        assert film.mean() < by_day.mean() / 2


def test_compression_runs_over_the_whole_film() -> None:
    coded = replace(SMALL, ranges=replace(SMALL.ranges, compression=(45, 45)))
    assert 0 < np.abs(filmed(coded).astype(float) - filmed(SMALL)).mean() < 30


def test_the_reference_stands_first_and_its_own_size_is_no_condition() -> None:
    conditions = rendered_conditions((180, 720))
    assert conditions[0] == RENDERED_REFERENCE
    assert [each.side for each in conditions if each.group == "source"] == [720]
    assert {each.spacing_s for each in conditions} == {20, 10, 5, 2, 1, 0.5, 0.2}
    assert len({each.name for each in conditions}) == len(conditions)


def test_scenes_without_visible_smoke_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "stcnet.evaluation.rendered_views._shows_smoke", lambda seed, frames: seed % 3 == 0
    )
    assert list(seeds_with_smoke(3, 9)) == [9000, 9003, 9006]


def test_smoke_shows_where_it_is_said_to() -> None:
    (seed,) = seeds_with_smoke(1, 3)
    condition = replace(RENDERED_REFERENCE, ranges=SMALL.ranges)
    smoke, empty = (film_scene(condition, seed, what, 3) for what in ("smoke", "empty"))
    apart = np.abs(smoke.astype(float) - empty.astype(float)).max(-1)
    assert (apart > 5).mean() > 0.002
