"""Time to detection: alarms against known smoke."""

import math
from pathlib import Path

import pytest

from stcnet.errors import DataError
from stcnet.evaluation.alarms import TrueEvent, WatchScores, find_alarms, judge_watch
from stcnet.evaluation.watches import read_truth, read_window_scores
from stcnet.events import EpisodeSettings
from stcnet.types import Span, WindowScore

WINDOW_S, STEP_S = 40, 10
SETTINGS = EpisodeSettings(shortest_s=25, merge_gap_s=20)


def series(smoke: set[int], count: int = 60, zone: str = "gate") -> list[WindowScore]:
    """Windows of 40 s, one every 10 s, those numbered in ``smoke`` with a high probability."""
    return [
        WindowScore(zone, STEP_S * k, STEP_S * k + WINDOW_S, 0.9 if k in smoke else 0.1)
        for k in range(count)
    ]


def watch(smoke: set[int], *events: tuple[float, float]) -> WatchScores:
    return judge_watch(
        series(smoke), [TrueEvent(Span(start, end)) for start, end in events], SETTINGS
    )


def test_an_alarm_is_raised_when_it_is_known_and_not_when_it_began() -> None:
    (alarm,) = find_alarms(series(set(range(10, 20))), SETTINGS)
    # Window k speaks for 10 k + 15 .. 10 k + 25 s; three of them are as long as the shortest.
    assert alarm.episode.span == Span(115, 215)
    assert alarm.raised_s == 12 * STEP_S + WINDOW_S
    assert [window.start_s for window in alarm.windows] == [10 * k for k in range(10, 20)]


def test_an_alarm_without_a_shortest_length_is_raised_by_its_first_window() -> None:
    settings = EpisodeSettings(shortest_s=0)
    (alarm,) = find_alarms(series({10}), settings)
    assert alarm.raised_s == 10 * STEP_S + WINDOW_S


def test_a_window_below_the_threshold_raises_nothing() -> None:
    # 10 and 13 are smoke, merged over the two between; only 13 makes it long enough.
    (alarm,) = find_alarms(series({10, 13}), SETTINGS)
    assert alarm.raised_s == 13 * STEP_S + WINDOW_S


@pytest.mark.parametrize(
    ("smoke", "delays", "missed", "false"),
    [
        pytest.param(set(range(10, 20)), [60], 0, 0, id="detected"),
        pytest.param(set(), [None], 1, 0, id="missed"),
        pytest.param(set(range(40, 45)), [None], 1, 1, id="false alarm elsewhere"),
        pytest.param(set(range(1, 20)), [None], 0, 0, id="up before the onset"),
        pytest.param({*range(10, 20), *range(40, 45)}, [60], 0, 1, id="detected and false"),
        pytest.param(set(range(19, 23)), [None], 1, 0, id="trailing alarm is neither"),
        pytest.param({10, 11}, [None], 1, 0, id="too short"),
    ],
)
def test_one_event(smoke: set[int], delays: list[float | None], missed: int, false: int) -> None:
    scores = watch(smoke, (100, 200))
    assert [each.delay_s for each in scores.detections] == delays
    assert (scores.missed, scores.false_alarms) == (missed, false)


def test_events_are_told_in_order_and_one_alarm_may_serve_two() -> None:
    scores = watch(set(range(10, 30)), (250, 260), (100, 200))
    assert [each.event.span.start_s for each in scores.detections] == [100, 250]
    assert [each.raised_s for each in scores.detections] == [160, 160]
    assert [each.delay_s for each in scores.detections] == [60, None]
    assert scores.median_delay_s == 60
    assert scores.missed == 0


def test_false_alarms_are_counted_against_quiet_time() -> None:
    scores = watch({*range(10, 20), *range(40, 45)}, (100, 200))
    # Windows 6..20 see the event; each of them speaks for 10 s of the 630.
    assert scores.quiet_hours == pytest.approx((630 - 150) / 3600)
    assert scores.false_alarms_per_hour == pytest.approx(3600 / 480)


def test_smoke_all_the_time_leaves_no_rate() -> None:
    scores = watch(set(range(60)), (0, 1000))
    assert scores.quiet_hours == 0
    assert math.isnan(scores.false_alarms_per_hour)


def test_nothing_to_detect_has_no_delay() -> None:
    assert math.isnan(watch(set()).median_delay_s)
    assert watch(set()).missed == 0


def test_an_event_of_a_zone_needs_an_alarm_of_that_zone() -> None:
    scores = [*series(set(range(10, 20)), zone="left"), *series(set(), zone="right")]
    for zone, missed, false in (("left", 0, 0), ("right", 1, 1), (None, 0, 0)):
        result = judge_watch(scores, [TrueEvent(Span(100, 200), zone)], SETTINGS)
        assert (result.missed, result.false_alarms) == (missed, false), zone


def test_files_are_read(tmp_path: Path) -> None:
    scores, truth = tmp_path / "scores.csv", tmp_path / "truth.csv"
    scores.write_text("zone,start_s,end_s,probability,logit\ngate,0,175,0.25,-1.1\n")
    truth.write_text("start,end,zone\n240,420,\n500.5,600,gate\n")
    assert read_window_scores(scores) == [WindowScore("gate", 0, 175, 0.25)]
    assert read_truth(truth) == [
        TrueEvent(Span(240, 420)), TrueEvent(Span(500.5, 600), "gate")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end\n5,4\n", ":2: an event ends before it starts (got 5..4)"),
        ("start,end\nx,4\n", ":2: a start is wrong (got 'x'; allowed: a finite number)"),
        ("begin,end\n", ": a column is missing (got begin, end; allowed: start, end)"),
        ("", ": a column is missing"),
    ],
    ids=["backwards", "no number", "other columns", "empty"],
)
def test_wrong_truths_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_truth(path)
    assert message in str(caught.value)
