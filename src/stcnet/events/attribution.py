"""Which time each window speaks for.

Windows overlap: one verdict comes each step of about 5 s, while a window spans about 175 s.
Statistics of time need a partition, so each window gets the stretch that is nearer to its centre
than to its neighbours'.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from stcnet.errors import ScoringError
from stcnet.types import Span, WindowScore

TOUCH_TOLERANCE_S = 10.0
"""Windows at most this far apart, in seconds, leave no gap in the observation.

Two steps of the 5 s cadence: the last frame of one window and the first of the next are then
neighbours in the sampling, give or take one lost frame.
"""


def attribute_time(
    scores: Sequence[WindowScore], tolerance_s: float = TOUCH_TOLERANCE_S
) -> list[Span]:
    """The stretch of time that each window of one zone speaks for.

    The stretches of neighbours meet halfway between the centres of their windows, moved where
    need be into the time that both have seen (windows of unequal length). The first window
    speaks from its own start, the last to its own end, and so do the windows on both sides of a
    gap in the observation. The stretches are disjoint, in order, and cover exactly the windows
    and the joints between windows that are no further apart than ``tolerance_s``.

    Args:
        scores: Windows of one zone in order of time: neither start nor end ever goes back.
        tolerance_s: Windows at most this far apart, in seconds, leave no gap.

    Returns:
        One span for each window, in the same order.

    Raises:
        ScoringError: A number is not finite, a probability lies outside 0..1, a window ends
            before it starts, the windows are out of order or belong to several zones.

    >>> attribute_time([WindowScore("gate", 0, 40, 0.1), WindowScore("gate", 10, 50, 0.2)])
    [Span(start_s=0, end_s=25.0), Span(start_s=25.0, end_s=50)]
    """
    _check(scores)
    if not scores:
        return []
    starts, ends = [scores[0].start_s], []
    for earlier, later in pairwise(scores):
        end, start = _joint(earlier, later, tolerance_s)
        ends.append(end)
        starts.append(start)
    ends.append(scores[-1].end_s)
    return [Span(start, end) for start, end in zip(starts, ends, strict=True)]


def scores_by_zone(scores: Iterable[WindowScore]) -> dict[str, list[WindowScore]]:
    """The windows of each zone, zones in order of first appearance, windows as they came.

    >>> list(scores_by_zone([WindowScore("b", 0, 9, 0.5), WindowScore("a", 0, 9, 0.5)]))
    ['b', 'a']
    """
    zones: dict[str, list[WindowScore]] = {}
    for score in scores:
        zones.setdefault(score.zone, []).append(score)
    return zones


def _joint(earlier: WindowScore, later: WindowScore, tolerance_s: float) -> tuple[float, float]:
    """Where the earlier window's stretch ends and the later one's starts, in seconds."""
    if later.start_s - earlier.end_s > tolerance_s:
        return earlier.end_s, later.start_s
    low, high = sorted((later.start_s, earlier.end_s))
    meeting = min(max((earlier.centre_s + later.centre_s) / 2, low), high)
    return meeting, meeting


def _check(scores: Sequence[WindowScore]) -> None:
    for score in scores:
        _check_values(score)
    for earlier, later in pairwise(scores):
        if earlier.zone != later.zone:
            raise ScoringError(
                "windows of several zones cannot share one timeline",
                got=f"{earlier.zone!r} and {later.zone!r}",
                hint="attribute the time of each zone on its own",
            )
        if later.start_s < earlier.start_s or later.end_s < earlier.end_s:
            raise ScoringError(
                "the windows are not in order of time",
                where=f"zone {later.zone}",
                got=f"{_text(earlier)} before {_text(later)}",
                hint="sort them by start and end",
            )


def _check_values(score: WindowScore) -> None:
    where = f"zone {score.zone}, window {_text(score)}"
    if not 0 <= score.probability <= 1:  # refuses NaN as well
        raise ScoringError(
            "a probability of smoke is not usable",
            where=where,
            got=score.probability,
            allowed="0..1",
        )
    if not (math.isfinite(score.start_s) and math.isfinite(score.end_s)):
        raise ScoringError("the times of a window are not finite", where=where)
    if score.end_s < score.start_s:
        raise ScoringError("a window ends before it starts", where=where)


def _text(score: WindowScore) -> str:
    return f"{score.start_s:g}..{score.end_s:g} s"
