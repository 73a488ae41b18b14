"""Observation and emission, against counting cell by cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import ScoringError
from stcnet.events import EpisodeSettings, Statistics, find_episodes, summarise
from stcnet.types import Episode, Span, WindowScore

SETTINGS = EpisodeSettings(on_threshold=0.5, off_threshold=0.5, shortest_s=0, merge_gap_s=30)


def tiles(
    *probabilities: float, zone: str = "gate", start_s: float = 0, step_s: float = 10
) -> list[WindowScore]:
    """Windows that touch: each speaks for exactly its own time."""
    return [
        WindowScore(zone, start_s + step_s * k, start_s + step_s * (k + 1), probability)
        for k, probability in enumerate(probabilities)
    ]


def statistics(scores: list[WindowScore]) -> Statistics:
    return summarise(scores, find_episodes(scores, SETTINGS)).camera


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([], Statistics(0, 0, 0, 0, 0, None, 0), id="nothing observed"),
        pytest.param(tiles(0, 0), Statistics(20, 0, 0, 0, 0, None, 0), id="no smoke"),
        pytest.param(
            tiles(0, 1, 1, 0), Statistics(40, 0, 20, 1, 20, Span(0, 40), 20), id="one episode"
        ),
        pytest.param(
            tiles(1) + tiles(1, start_s=40),
            Statistics(20, 30, 20, 1, 50, Span(0, 50), 20),
            id="unobserved time in an episode is no emission",
        ),
        pytest.param(
            tiles(1) + tiles(0, 1, start_s=100),
            Statistics(30, 90, 20, 2, 10, Span(0, 120), 20),
            id="a gap in the observation is not observed",
        ),
        pytest.param(
            tiles(1, 0, 1, 1, 0, 0, 1, step_s=1800),
            Statistics(12600, 0, 7200, 3, 3600, Span(3600, 7200), 3600),
            id="the worst of several hours",
        ),
        pytest.param(
            tiles(1, 0, 0, 0, 1, step_s=1800),
            Statistics(9000, 0, 3600, 2, 1800, Span(0, 3600), 1800),
            id="the earliest of equal hours",
        ),
    ],
)
def test_summary_of_one_zone(scores: list[WindowScore], expected: Statistics) -> None:
    assert statistics(scores) == expected


def test_frequency_is_a_share_of_the_observed_time() -> None:
    assert statistics(tiles(0, 1, 0, 0)).frequency == 0.25
    assert statistics([]).frequency == 0


def test_camera_emits_while_any_zone_does() -> None:
    scores = tiles(1, 1, 0, 0, zone="b") + tiles(0, 1, 1, 0, 0, 0, zone="a", start_s=0)
    summary = summarise(scores, find_episodes(scores, SETTINGS))
    assert list(summary.zones) == ["b", "a"]
    assert [zone.emission_s for zone in summary.zones.values()] == [20, 20]
    assert summary.camera == Statistics(60, 0, 30, 1, 30, Span(0, 60), 30)


def test_an_episode_needs_a_scored_zone() -> None:
    stray = Episode("stack", Span(0, 10), 5, 0.9, 0.9, 1)
    with pytest.raises(ScoringError, match="zone stack"):
        summarise(tiles(1), [stray])


CELL_S = 100
HOUR_CELLS = 36

cells = st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=1, max_size=90)


def recorded(timeline: list[float | None], zone: str) -> list[WindowScore]:
    return [
        WindowScore(zone, CELL_S * k, CELL_S * (k + 1), probability)
        for k, probability in enumerate(timeline)
        if probability is not None
    ]


def counted(observed: list[bool], smoking: list[bool]) -> tuple[float, float, float]:
    """Observed, emission and worst-hour time in seconds, by counting cells."""
    worst = max(sum(smoking[k : k + HOUR_CELLS]) for k in range(len(smoking)))
    return CELL_S * sum(observed), CELL_S * sum(smoking), CELL_S * worst


@given(st.lists(cells, min_size=1, max_size=3))
def test_agrees_with_counting(zones: list[list[float | None]]) -> None:
    size = max(len(timeline) for timeline in zones)
    padded = [timeline + [None] * (size - len(timeline)) for timeline in zones]
    scores = [s for k, timeline in enumerate(padded) for s in recorded(timeline, f"zone {k}")]
    summary = summarise(scores, find_episodes(scores, SETTINGS))
    expected = {
        f"zone {k}": counted([p is not None for p in timeline], [p == 1 for p in timeline])
        for k, timeline in enumerate(padded)
        if any(p is not None for p in timeline)
    }
    together = list(zip(*padded, strict=True))
    camera = counted([any(p is not None for p in c) for c in together], [1 in c for c in together])
    assert figures(summary.camera) == camera
    assert {zone: figures(each) for zone, each in summary.zones.items()} == expected


def figures(statistics: Statistics) -> tuple[float, float, float]:
    return statistics.observed_s, statistics.emission_s, statistics.worst_hour_emission_s


@given(cells, st.integers(-(2**20), 2**20))
def test_moves_with_the_clock(timeline: list[float | None], shift: int) -> None:
    scores = recorded(timeline, "gate")
    moved = [WindowScore(s.zone, s.start_s + shift, s.end_s + shift, s.probability) for s in scores]
    before, after = statistics(scores), statistics(moved)
    assert figures(after) == figures(before)
    assert after.not_observed_s == before.not_observed_s
    assert 0 <= after.frequency <= 1
    if before.worst_hour and after.worst_hour:
        assert after.worst_hour.start_s == before.worst_hour.start_s + shift
