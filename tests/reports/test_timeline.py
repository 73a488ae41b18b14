"""Curves keep their extremes, stand where their time is, and break at gaps."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.reports import DetectionReport
from stcnet.reports.curve import keep_extremes
from stcnet.reports.timeline import MOST_POINTS, MOST_TICKS, time_ticks, zone_timeline
from stcnet.types import WindowScore

MakeReport = Callable[..., DetectionReport]


@given(st.lists(st.floats(0, 1), max_size=300), st.integers(4, 120))
def test_thinning_keeps_ends_and_extremes(values: list[float], limit: int) -> None:
    kept = keep_extremes(values, limit)
    assert kept == sorted(set(kept))
    assert len(kept) == len(values) if len(values) <= limit else len(kept) <= limit
    if values:
        assert {0, len(values) - 1} <= set(kept)
        assert max(values[k] for k in kept) == max(values)
        assert min(values[k] for k in kept) == min(values)


def test_thinning_needs_four_points() -> None:
    with pytest.raises(ValueError, match="thinned to 3"):
        keep_extremes([0.0] * 9, 3)


def tiles(*probabilities: float, start_s: float = 0) -> list[WindowScore]:
    return [
        WindowScore("gate", start_s + 10 * k, start_s + 10 * k + 10, probability)
        for k, probability in enumerate(probabilities)
    ]


def test_a_window_is_a_step_over_the_time_it_speaks_for(make_report: MakeReport) -> None:
    scores = [*tiles(0.25, 0.75), *tiles(1, start_s=1190.5)]
    timeline = zone_timeline(make_report(scores=scores), "gate")
    assert timeline.line == "M0,75H8.33V25H16.66 M991.67,0H1000"
    assert timeline.area.startswith("M0,75H8.33V25H16.66V100H0Z")
    assert [(band.x, band.width) for band in timeline.unobserved] == [(16.66, 975.01)]
    assert [(band.x, band.width, band.number) for band in timeline.episodes] == [
        (8.33, 8.33, 1),
        (991.67, 8.33, 2),
    ]


def test_a_zone_without_scores_has_no_curve(make_report: MakeReport) -> None:
    timeline = zone_timeline(make_report(), "nowhere")
    assert (timeline.line, timeline.area, list(timeline.episodes)) == ("", "", [])
    assert [(band.x, band.width) for band in timeline.unobserved] == [(0, 1000)]


def test_a_long_curve_is_thinned_and_its_peak_stays(make_report: MakeReport) -> None:
    probabilities = [0.1, 0.2] * 10_000
    probabilities[12_345] = 0.999
    timeline = zone_timeline(make_report(scores=tiles(*probabilities)), "gate")
    assert 1000 < timeline.line.count("V") <= MOST_POINTS
    assert "V0.1H" in timeline.line


@pytest.mark.parametrize(
    ("end_s", "started_at", "labels"),
    [
        pytest.param(0, None, [], id="no time"),
        pytest.param(2, None, ["0:00.0", "0:00.5", "0:01.0", "0:01.5", "0:02.0"], id="seconds"),
        pytest.param(
            175,
            datetime(2018, 6, 11, 10, 15, 15, tzinfo=UTC),
            ["10:15:30", "10:16:00", "10:16:30", "10:17:00", "10:17:30", "10:18:00"],
            id="round clock times, not round offsets",
        ),
        pytest.param(
            7 * 3600,
            datetime(2018, 6, 11, 20, 30, tzinfo=UTC),
            ["21:00", "22:00", "23:00", "00:00", "01:00", "02:00", "03:00"],
            id="over midnight",
        ),
        pytest.param(
            40 * 3600,
            datetime(2018, 6, 11, 20, tzinfo=UTC),
            [f"06-12 {hour:02d}:00" for hour in (0, 6, 12, 18)]
            + [f"06-13 {hour:02d}:00" for hour in (0, 6, 12)],
            id="days need a date",
        ),
        pytest.param(
            20 * 86_400,
            datetime(2018, 6, 11, tzinfo=UTC),
            ["06-11", "06-14", "06-17", "06-20", "06-23", "06-26", "06-29"],
            id="weeks",
        ),
    ],
)
def test_ticks(end_s: float, started_at: datetime | None, labels: list[str]) -> None:
    assert [tick.label for tick in time_ticks(end_s, started_at)] == labels


@given(st.floats(1, 1e7), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_ticks_are_few_and_inside(end_s: float, started_at: datetime | None) -> None:
    if started_at is not None:
        started_at = started_at.replace(year=2020)
    ticks = time_ticks(end_s, started_at)
    assert len(ticks) <= MOST_TICKS + 1
    assert all(-1e-6 <= tick.percent <= 100 + 1e-6 for tick in ticks)
    assert all(re.fullmatch(r"[\d:. -]+", tick.label) for tick in ticks)
