"""Arithmetic of stretches of time.

A *timeline* here is a list of spans in order of time that neither overlap nor touch, as
:func:`union` makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from stcnet.types import Span


def union(spans: Iterable[Span]) -> list[Span]:
    """The time covered by any of the spans, as a timeline; the order of the input is free.

    >>> union([Span(4, 6), Span(0, 2), Span(2, 3)])
    [Span(start_s=0, end_s=3), Span(start_s=4, end_s=6)]
    """
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start_s, each.end_s)):
        if merged and span.start_s <= merged[-1].end_s:
            merged[-1] = Span(merged[-1].start_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return merged


def intersection(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """The time covered by both timelines, without single moments, as a timeline.

    >>> intersection([Span(0, 5), Span(8, 9)], [Span(4, 10)])
    [Span(start_s=4, end_s=5), Span(start_s=8, end_s=9)]
    """
    shared: list[Span] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start = max(first[i].start_s, second[j].start_s)
        end = min(first[i].end_s, second[j].end_s)
        if start < end:
            shared.append(Span(start, end))
        if first[i].end_s <= second[j].end_s:
            i += 1
        else:
            j += 1
    return shared


def gaps(timeline: Sequence[Span]) -> list[Span]:
    """The stretches between the spans of a timeline.

    >>> gaps([Span(0, 3), Span(4, 6)])
    [Span(start_s=3, end_s=4)]
    """
    return [Span(earlier.end_s, later.start_s) for earlier, later in pairwise(timeline)]


def total_s(timeline: Iterable[Span]) -> float:
    """Length of a timeline in seconds.

    >>> total_s([Span(0, 3), Span(4, 6)])
    5.0
    """
    return float(sum(span.duration_s for span in timeline))
