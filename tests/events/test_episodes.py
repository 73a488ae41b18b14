"""Hysteresis, merging and the shortest length, against a simulation second by second."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stcnet.errors import ScoringError
from stcnet.events import EpisodeSettings, attribute_time, find_episodes, scores_by_zone
from stcnet.types import Span, WindowScore

PLAIN = EpisodeSettings(on_threshold=0.5, off_threshold=0.3, shortest_s=0, merge_gap_s=0)


def tiles(*probabilities: float, zone: str = "gate", start_s: float = 0) -> list[WindowScore]:
    """Windows of 10 s that touch: each speaks for exactly its own time."""
    return [
        WindowScore(zone, start_s + 10 * k, start_s + 10 * k + 10, probability)
        for k, probability in enumerate(probabilities)
    ]


def spans(scores: list[WindowScore], settings: EpisodeSettings) -> list[tuple[float, float]]:
    return [(each.span.start_s, each.span.end_s) for each in find_episodes(scores, settings)]


@pytest.mark.parametrize(
    ("scores", "changes", "expected"),
    [
        pytest.param([], {}, [], id="no score"),
        pytest.param(tiles(0.1, 0.2), {}, [], id="no smoke"),
        pytest.param(tiles(0.4, 0.4), {}, [], id="between the thresholds nothing starts"),
        pytest.param(tiles(0.5), {}, [(0, 10)], id="exactly the on-threshold starts"),
        pytest.param(tiles(0.5, 0.3, 0.1), {}, [(0, 20)], id="exactly the off-threshold goes on"),
        pytest.param(tiles(0.9, 0.29, 0.4), {}, [(0, 10)], id="once ended it needs a new start"),
        pytest.param(tiles(0.1, 0.9), {}, [(10, 20)], id="lasts to the end of the record"),
        pytest.param(
            tiles(0.9, 0, 0.9), {"merge_gap_s": 9.9}, [(0, 10), (20, 30)], id="too far to merge"
        ),
        pytest.param(tiles(0.9, 0, 0.9), {"merge_gap_s": 10}, [(0, 30)], id="merged"),
        pytest.param(
            tiles(0.9, 0, 0.9) + tiles(0.9, start_s=100),
            {"merge_gap_s": 60, "shortest_s": 25},
            [(0, 30)],
            id="merging comes before dropping",
        ),
        pytest.param(
            tiles(0.9) + tiles(0.4, 0.9, start_s=50),
            {"merge_gap_s": 30},
            [(0, 10), (60, 70)],
            id="a long gap in the observation ends an episode",
        ),
        pytest.param(
            tiles(0.9) + tiles(0.4, 0.1, start_s=50),
            {"merge_gap_s": 40},
            [(0, 60)],
            id="a short gap in the observation does not",
        ),
        pytest.param(tiles(0.9), {"shortest_s": 10}, [(0, 10)], id="just long enough"),
        pytest.param(tiles(0.9), {"shortest_s": 10.1}, [], id="too short"),
    ],
)
def test_spans(
    scores: list[WindowScore], changes: dict[str, float], expected: list[tuple[float, float]]
) -> None:
    assert spans(scores, PLAIN.model_copy(update=changes)) == expected


def test_episode_tells_peak_and_mean() -> None:
    (episode,) = find_episodes(tiles(0.1, 0.6, 0.9, 0.9, 0.1), PLAIN)
    assert (episode.zone, episode.span) == ("gate", Span(10, 40))
    assert (episode.peak_s, episode.peak_probability) == (25, 0.9)
    assert episode.mean_probability == pytest.approx(0.8)
    assert episode.windows == 3


def test_zones_keep_the_order_of_first_appearance() -> None:
    b, a = tiles(0.9, 0, 0.9, zone="b"), tiles(0, 0.9, 0, zone="a")
    interleaved = [score for pair in zip(b, a, strict=True) for score in pair]
    assert find_episodes(interleaved, PLAIN) == find_episodes(b, PLAIN) + find_episodes(a, PLAIN)


def test_nan_is_refused() -> None:
    with pytest.raises(ScoringError, match=r"zone gate, window 10\.\.20 s"):
        find_episodes(tiles(0.9, float("nan")), PLAIN)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"on_threshold": 0.5, "off_threshold": 0.6}, "at most on_threshold", id="off"),
        pytest.param({"on_threshold": 0}, "on_threshold", id="always on"),
        pytest.param({"on_threshold": 1.5}, "on_threshold", id="never on"),
        pytest.param({"shortest_s": -1}, "shortest_s", id="negative length"),
        pytest.param({"merge_gap_s": float("nan")}, "merge_gap_s", id="NaN"),
        pytest.param({"merge_gap": 3}, "Extra inputs", id="unknown name"),
    ],
)
def test_settings_refuse(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EpisodeSettings.model_validate(values)


@pytest.mark.parametrize("threshold", [0.01, 0.5, 1.0])
def test_settings_for_a_threshold(threshold: float) -> None:
    settings = EpisodeSettings.for_threshold(threshold)
    assert (settings.on_threshold, settings.off_threshold) == (threshold, 0.8 * threshold)


levels = st.sampled_from([0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0])


@st.composite
def recordings(draw: st.DrawFn) -> list[WindowScore]:
    """One zone: windows of one length, steps that may leave gaps, on a grid of 2 s."""
    length = 2 * draw(st.integers(1, 8))
    steps = draw(st.lists(st.sampled_from([2, 2, 4, 6, 16, 30]), max_size=14))
    starts = [sum(steps[:k]) for k in range(len(steps) + 1)]
    return [WindowScore("gate", start, start + length, draw(levels)) for start in starts]


some_settings = st.builds(
    lambda on, off, shortest, gap: EpisodeSettings(
        on_threshold=on, off_threshold=min(on, off), shortest_s=shortest, merge_gap_s=gap
    ),
    on=levels.filter(bool),
    off=levels,
    shortest=st.integers(0, 20),
    gap=st.integers(0, 20),
)


def simulated(scores: list[WindowScore], settings: EpisodeSettings) -> list[tuple[int, int]]:
    """Episodes found by walking through the record second by second."""
    timeline: list[float | None] = [None] * int(scores[-1].end_s)
    for score, span in zip(scores, attribute_time(scores), strict=True):
        for second in range(int(span.start_s), int(span.end_s)):
            timeline[second] = score.probability
    smoking: list[bool] = []
    on, unseen = False, 0
    for probability in timeline:
        if probability is None:
            unseen += 1
            smoking.append(False)
            continue
        if on and (unseen > settings.merge_gap_s or probability < settings.off_threshold):
            on = False
        unseen = 0
        on = on or probability >= settings.on_threshold
        smoking.append(on)
    return merged(smoking, settings)


def merged(smoking: list[bool], settings: EpisodeSettings) -> list[tuple[int, int]]:
    """Runs of smoking seconds, pauses filled, short ones dropped."""
    filled, position = list(smoking), 0
    for value, run in groupby(smoking):
        length = len(list(run))
        inner = position > 0 and position + length < len(smoking)
        if not value and inner and length <= settings.merge_gap_s:
            filled[position : position + length] = [True] * length
        position += length
    runs, position = [], 0
    for value, run in groupby(filled):
        length = len(list(run))
        if value and length >= settings.shortest_s:
            runs.append((position, position + length))
        position += length
    return runs


@given(recordings(), some_settings)
def test_agrees_with_the_simulation(scores: list[WindowScore], settings: EpisodeSettings) -> None:
    assert spans(scores, settings) == simulated(scores, settings)


@given(recordings(), some_settings, st.integers(-(2**20), 2**20))
def test_moves_with_the_clock(
    scores: list[WindowScore], settings: EpisodeSettings, shift: int
) -> None:
    moved = [
        WindowScore(score.zone, score.start_s + shift, score.end_s + shift, score.probability)
        for score in scores
    ]
    expected = [(start + shift, end + shift) for start, end in spans(scores, settings)]
    assert spans(moved, settings) == expected


@given(st.lists(recordings(), min_size=1, max_size=3), some_settings)
def test_zones_do_not_influence_each_other(
    records: list[list[WindowScore]], settings: EpisodeSettings
) -> None:
    named = [
        [WindowScore(f"zone {k}", s.start_s, s.end_s, s.probability) for s in record]
        for k, record in enumerate(records)
    ]
    mixed = sorted((s for record in named for s in record), key=lambda s: s.start_s)
    alone = {record[0].zone: find_episodes(record, settings) for record in named}
    assert find_episodes(mixed, settings) == [
        episode for zone in scores_by_zone(mixed) for episode in alone[zone]
    ]
