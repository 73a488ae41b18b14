"""The arithmetic of stretches agrees with sets of whole seconds."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stcnet.events import gaps, intersection, total_s, union
from stcnet.types import Span

spans = st.builds(
    lambda start, length: Span(start, start + length), st.integers(0, 50), st.integers(0, 12)
)
span_lists = st.lists(spans, max_size=8)


def seconds(timeline: list[Span]) -> set[int]:
    return {k for span in timeline for k in range(int(span.start_s), int(span.end_s))}


@given(span_lists)
def test_union_covers_the_same_seconds_without_touching(some: list[Span]) -> None:
    timeline = union(some)
    assert seconds(timeline) == seconds(some)
    assert total_s(timeline) == len(seconds(some))
    assert all(earlier.end_s < later.start_s for earlier, later in pairwise(timeline))
    assert union(reversed(some)) == timeline


@given(span_lists, span_lists)
def test_intersection_is_what_both_cover(first: list[Span], second: list[Span]) -> None:
    shared = intersection(union(first), union(second))
    assert seconds(shared) == seconds(first) & seconds(second)
    assert shared == intersection(union(second), union(first))
    assert all(span.duration_s > 0 for span in shared)


@given(span_lists.filter(bool))
def test_gaps_fill_the_timeline(some: list[Span]) -> None:
    timeline = union(some)
    assert union(timeline + gaps(timeline)) == [Span(timeline[0].start_s, timeline[-1].end_s)]
    assert intersection(timeline, gaps(timeline)) == []
