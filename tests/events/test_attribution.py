"""Each window speaks for the stretch nearer to its centre than to its neighbours'."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import ScoringError
from stcnet.events import attribute_time, scores_by_zone, union
from stcnet.types import Span, WindowScore

Times = list[tuple[float, float]]


def windows(times: Times, zone: str = "gate") -> list[WindowScore]:
    return [WindowScore(zone, start, end, 0.5) for start, end in times]


@pytest.mark.parametrize(
    ("times", "stretches"),
    [
        pytest.param([], [], id="no window"),
        pytest.param([(3, 178)], [(3, 178)], id="one window speaks for all of itself"),
        pytest.param(
            [(0, 175), (5, 180), (10, 185)],
            [(0, 90), (90, 95), (95, 185)],
            id="in the middle of a stream a window speaks for one step",
        ),
        pytest.param([(0, 10), (10, 20)], [(0, 10), (10, 20)], id="windows that touch"),
        pytest.param(
            [(0, 175), (180, 355)], [(0, 177.5), (177.5, 355)], id="a frame's step apart: no gap"
        ),
        pytest.param([(0, 20), (30, 50)], [(0, 25), (25, 50)], id="exactly the tolerance"),
        pytest.param([(0, 20), (31, 50)], [(0, 20), (31, 50)], id="a gap in the observation"),
        pytest.param(
            [(0, 175), (180, 185)], [(0, 175), (175, 185)], id="unequal: none speaks far outside"
        ),
        pytest.param(
            [(0, 175), (5, 240)], [(0, 105), (105, 240)], id="unequal: halfway between centres"
        ),
        pytest.param([(0, 10), (0, 10)], [(0, 5), (5, 10)], id="the same window twice"),
        pytest.param([(7, 7)], [(7, 7)], id="a single moment"),
    ],
)
def test_stretches(times: Times, stretches: Times) -> None:
    assert attribute_time(windows(times)) == [Span(start, end) for start, end in stretches]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        pytest.param([(5, 180), (0, 175)], "not in order of time", id="backwards"),
        pytest.param([(0, 175), (5, 100)], "not in order of time", id="nested"),
        pytest.param([(10, 5)], "ends before it starts", id="negative length"),
        pytest.param([(0, float("inf"))], "not finite", id="endless"),
        pytest.param([(float("nan"), 5)], "not finite", id="time is NaN"),
    ],
)
def test_refuses_times(times: Times, message: str) -> None:
    with pytest.raises(ScoringError, match=message):
        attribute_time(windows(times))


@pytest.mark.parametrize("probability", [float("nan"), -0.01, 1.01, float("inf")])
def test_refuses_probability(probability: float) -> None:
    with pytest.raises(ScoringError, match="probability of smoke is not usable"):
        attribute_time([WindowScore("gate", 0, 10, probability)])


def test_refuses_several_zones() -> None:
    with pytest.raises(ScoringError, match="several zones"):
        attribute_time(windows([(0, 10)]) + windows([(5, 15)], zone="stack"))


def test_scores_by_zone_keeps_the_order_of_interleaved_zones() -> None:
    first, second = windows([(0, 10), (5, 15)], "b"), windows([(0, 10), (5, 15)], "a")
    mixed = [first[0], second[0], first[1], second[1]]
    assert list(scores_by_zone(mixed).items()) == [("b", first), ("a", second)]


@st.composite
def timelines(draw: st.DrawFn) -> Times:
    """Sliding windows of changing length with gaps, on a grid of 4 s; centres move on."""
    count = draw(st.integers(1, 12))
    starts = [0]
    ends = [4 * draw(st.integers(0, 10))]
    for _ in range(count - 1):
        start_step = draw(st.integers(0, 12))
        start = starts[-1] + 4 * start_step
        least_end = max(ends[-1] + (0 if start_step else 4), start)
        starts.append(start)
        ends.append(least_end + 4 * draw(st.integers(0, 8)))
    return [(float(start), float(end)) for start, end in zip(starts, ends, strict=True)]


def speaker(times: Times, moment: float, tolerance_s: float) -> int | None:
    """Window that speaks for a moment, by search: the nearest centre among those that saw it."""
    seeing = [k for k, (start, end) in enumerate(times) if start <= moment <= end]
    if not seeing:
        before = [k for k, (_, end) in enumerate(times) if end < moment]
        after = [k for k, (start, _) in enumerate(times) if start > moment]
        joined = before and after and times[after[0]][0] - times[before[-1]][1] <= tolerance_s
        seeing = [before[-1], after[0]] if joined else []
    return min(seeing, key=lambda k: abs(sum(times[k]) / 2 - moment), default=None)


@given(timelines(), st.sampled_from([0.0, 4.0, 10.0, 40.0]))
def test_agrees_with_a_search_at_each_second(times: Times, tolerance_s: float) -> None:
    spans = attribute_time(windows(times), tolerance_s)
    for second in range(int(times[-1][1])):
        moment = second + 0.5
        speaking = [k for k, span in enumerate(spans) if span.start_s < moment < span.end_s]
        expected = speaker(times, moment, tolerance_s)
        assert speaking == ([] if expected is None else [expected])


@given(timelines(), st.sampled_from([0.0, 10.0]))
def test_partitions_the_observed_time(times: Times, tolerance_s: float) -> None:
    spans = attribute_time(windows(times), tolerance_s)
    assert all(span.start_s <= span.end_s for span in spans)
    assert all(earlier.end_s <= later.start_s for earlier, later in pairwise(spans))
    joints = [
        Span(end, start)
        for (_, end), (start, _) in pairwise(times)
        if 0 <= start - end <= tolerance_s
    ]
    assert union(spans) == union([Span(start, end) for start, end in times] + joints)


@given(timelines(), st.integers(-(2**20), 2**20))
def test_moves_with_the_clock(times: Times, shift: int) -> None:
    moved = [(start + shift, end + shift) for start, end in times]
    assert attribute_time(windows(moved)) == [
        Span(span.start_s + shift, span.end_s + shift) for span in attribute_time(windows(times))
    ]
