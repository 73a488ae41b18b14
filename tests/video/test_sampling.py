"""Sampling by capture time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import SourceError
from stcnet.types import Frame
from stcnet.video import native_interval_s, open_source, require_cadence, sample

if TYPE_CHECKING:
    from video.conftest import VideoMaker

DARK = np.zeros((2, 2, 3), np.uint8)


def frames_at(times_s: list[float]) -> list[Frame]:
    return [Frame(DARK, index, time_s) for index, time_s in enumerate(times_s)]


def sampled(times_s: list[float], interval_s: float, **options: float) -> list[tuple[float, bool]]:
    samples = sample(frames_at(times_s), interval_s, **options)
    return [(one.frame.time_s, one.after_gap) for one in samples]


def times_of(steps_s: list[float]) -> list[float]:
    return list(accumulate(steps_s, initial=0.0))


TABLE = [
    ("nothing", [], []),
    ("one frame", [0], [(0, False)]),
    (
        "the spacing of the source is the interval",
        [0, 5, 10],
        [(0, False), (5, False), (10, False)],
    ),
    ("every second frame", [0, 2.5, 5, 7.5, 10], [(0, False), (5, False), (10, False)]),
    ("the nearest, before or after", [0, 4, 7, 9, 10.5], [(0, False), (4, False), (10.5, False)]),
    ("of two equally near the earlier", [0, 4, 6, 10], [(0, False), (4, False), (10, False)]),
    ("a gap starts a new grid", [0, 5, 62, 67], [(0, False), (5, False), (62, True), (67, False)]),
    ("just within tolerance", [0, 7.5], [(0, False), (7.5, False)]),
    ("just beyond tolerance", [0, 7.6], [(0, False), (7.6, True)]),
    ("the end before its moment", [0, 1, 2, 3], [(0, False), (3, False)]),
    ("held, then a gap", [0, 3, 60], [(0, False), (3, False), (60, True)]),
    ("slower than the grid", [0, 7, 14, 21], [(t, False) for t in (0, 7, 14, 21)]),
    ("twice too slow", [0, 10, 20], [(0, False), (10, True), (20, True)]),
]


@pytest.mark.parametrize(("times_s", "wanted"), [c[1:] for c in TABLE], ids=[c[0] for c in TABLE])
def test_samples_at_five_seconds(times_s: list[float], wanted: list[tuple[float, bool]]) -> None:
    assert sampled(times_s, 5.0) == wanted


@given(st.floats(0.05, 600), st.integers(1, 400))
def test_source_at_the_interval_comes_out_whole(interval_s: float, count: int) -> None:
    times_s = [n * interval_s for n in range(count)]
    assert sampled(times_s, interval_s) == [(time_s, False) for time_s in times_s]


@given(st.lists(st.floats(4.0, 6.0), max_size=200))
def test_irregular_source_comes_out_whole(steps_s: list[float]) -> None:
    """5 s +- 1 s between frames, drifting as it likes: every frame, no gap."""
    times_s = times_of(steps_s)
    assert sampled(times_s, 5.0) == [(time_s, False) for time_s in times_s]


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=200))
def test_jittered_source_comes_out_whole(offsets_s: list[float]) -> None:
    """Frames due every 5 s that come up to 1 s early or late."""
    times_s = [5.0 * n + offset_s - offsets_s[0] for n, offset_s in enumerate(offsets_s)]
    assert sampled(times_s, 5.0) == [(time_s, False) for time_s in times_s]


@given(st.floats(1.0, 60.0), st.floats(0.5, 20.0))
def test_fast_constant_rate_keeps_the_grid(rate: float, interval_s: float) -> None:
    """With frames closer than half an interval, no sample is off by more than half a frame."""
    if rate * interval_s < 2:
        return
    times_s = [n / rate for n in range(int(10 * interval_s * rate) + 1)]
    moments = [moment for moment, _ in sampled(times_s, interval_s)]
    for number, moment in enumerate(moments[:-1]):
        assert abs(moment - number * interval_s) <= 0.5 / rate + 1e-5 * interval_s
    assert len(moments) in (10, 11)


any_steps = st.lists(st.floats(0.01, 30.0), max_size=200)


@given(any_steps, st.floats(0.5, 10.0), st.floats(0.1, 0.9))
def test_steps_keep_to_the_tolerance(
    steps_s: list[float], interval_s: float, tolerance: float
) -> None:
    samples = sampled(times_of(steps_s), interval_s, tolerance=tolerance)
    for (earlier, _), (later, after_gap) in pairwise(samples):
        step = (later - earlier) / interval_s
        assert (step > 1 + tolerance) if after_gap else (step <= 1 + tolerance + 1e-5)
        assert step >= 1 - tolerance - 1e-5


@given(any_steps, st.floats(0.5, 10.0))
def test_a_gap_means_that_the_source_was_silent(steps_s: list[float], interval_s: float) -> None:
    times_s = times_of(steps_s)
    for (earlier, _), (later, after_gap) in pairwise(sampled(times_s, interval_s)):
        usable = [t for t in times_s if earlier + 0.5 * interval_s <= t < later]
        assert not (after_gap and usable)


@given(any_steps, st.floats(0.5, 10.0))
def test_frames_are_used_once_and_in_order(steps_s: list[float], interval_s: float) -> None:
    times_s = times_of(steps_s)
    moments = [moment for moment, _ in sampled(times_s, interval_s)]
    assert moments[0] == 0.0
    assert set(moments) <= set(times_s)
    assert all(earlier < later for earlier, later in pairwise(moments))


@given(any_steps, any_steps)
def test_what_comes_later_changes_nothing(steps_s: list[float], more_s: list[float]) -> None:
    """Causal: all samples but the last are settled by the frames so far."""
    short = sampled(times_of(steps_s), 5.0)
    assert sampled(times_of(steps_s + more_s), 5.0)[: len(short) - 1] == short[:-1]


def test_looks_one_frame_ahead_at_most() -> None:
    given_s: list[float] = []

    def live() -> Iterator[Frame]:
        for frame in frames_at([float(n) for n in range(100)]):
            given_s.append(frame.time_s)
            yield frame

    for one in sample(live(), 5.0):
        assert given_s[-1] <= one.frame.time_s + 1


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan"), float("inf")])
def test_interval_must_be_a_time(interval_s: float) -> None:
    with pytest.raises(ValueError, match="interval_s"):
        sample([], interval_s)


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -0.5, float("nan")])
def test_tolerance_must_be_a_share(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        sample([], 5.0, tolerance=tolerance)


@pytest.mark.parametrize(
    ("times_s", "wanted"),
    [
        pytest.param([], None, id="no frame"),
        pytest.param([0], None, id="one frame"),
        pytest.param([0, 7], 7, id="two frames"),
        pytest.param([0, 1, 2, 90, 91], 1, id="a gap does not count"),
    ],
)
def test_native_interval(times_s: list[float], wanted: float | None) -> None:
    assert native_interval_s(frames_at(times_s)) == wanted


def test_native_interval_reads_few_frames() -> None:
    frames = iter(frames_at([float(n) for n in range(100)]))
    native_interval_s(frames, at_most=10)
    assert next(frames).index == 10


def test_cadence_of_a_fast_source_is_accepted(make_video: VideoMaker) -> None:
    source = open_source(make_video("a.mp4", [0, 100, 200, 300]))
    assert require_cadence(source, 5.0) == pytest.approx(0.1)


@pytest.mark.parametrize("interval_s", [4.0, 5.0, 7.5])
def test_cadence_up_to_the_tolerance_is_accepted(make_video: VideoMaker, interval_s: float) -> None:
    source = open_source(make_video("a.mp4", [0, 100, 200]), frame_interval_s=interval_s)
    assert require_cadence(source, 5.0) == interval_s


def test_cadence_of_a_slow_source_is_refused_in_one_line(make_video: VideoMaker) -> None:
    source = open_source(make_video("a.mp4", [0, 100, 200]), frame_interval_s=10.0)
    with pytest.raises(SourceError, match=r"a\.mp4.*one frame every 10 s.*up to 7\.5 s"):
        require_cadence(source, 5.0)
