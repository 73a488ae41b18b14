"""Sampling a source to a cadence by capture time, never by counting frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stcnet.types import Frame


class Timed(Protocol):
    """Anything captured at a known moment."""

    @property
    def time_s(self) -> float:
        """Seconds of world time since the source's first frame."""
        ...


TimedT = TypeVar("TimedT", bound=Timed)

ROUNDING = 1e-6
"""Share of an interval that two times may differ by and still count as the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A frame taken at the wanted cadence.

    Attributes:
        frame: The frame, as the source gave it.
        after_gap: Whether the source was silent before it, so that windows must not reach across.
    """

    frame: Frame
    after_gap: bool


class _Grid:
    """The moments at which frames are wanted, all in seconds since the source's first frame.

    The next frame may come ``1 - tolerance`` to ``1 + tolerance`` intervals after the last one
    taken. Within that stretch the grid moment ``target_s`` says which frame is best. A frame taken
    further than the tolerance from its moment shifts the grid onto itself: that happens with
    sources about as slow as the grid but not in step with it.
    """

    def __init__(self, start_s: float, interval_s: float, tolerance: float) -> None:
        self._interval_s = interval_s
        self._reach_s = tolerance * interval_s
        self._slack_s = ROUNDING * interval_s
        self._anchor(start_s)

    def _anchor(self, moment_s: float) -> None:
        self._last_s = moment_s
        self.target_s = moment_s + self._interval_s

    def too_early(self, moment_s: float) -> bool:
        return moment_s < self._last_s + self._interval_s - self._reach_s - self._slack_s

    def too_late(self, moment_s: float) -> bool:
        return moment_s > self._last_s + self._interval_s + self._reach_s + self._slack_s

    def distance_s(self, moment_s: float) -> float:
        return abs(moment_s - self.target_s)

    def take(self, frame: TimedT) -> tuple[TimedT, bool]:
        """Use ``frame`` for the wanted moment, or, when it comes too late, start anew with it."""
        gap = self.too_late(frame.time_s)
        if gap or self.distance_s(frame.time_s) > self._reach_s:
            self._anchor(frame.time_s)
        else:
            self._last_s = frame.time_s
            self.target_s += self._interval_s
        return frame, gap


def sample(
    frames: Iterable[Frame], interval_s: float, *, tolerance: float = 0.5
) -> Iterator[Sample]:
    """Take the frames nearest to moments ``interval_s`` apart, counted from the first frame.

    Two consecutive samples are ``1 - tolerance`` to ``1 + tolerance`` intervals apart; where the
    source has no frame in that stretch there is a gap, and the next frame, however late, is the
    first of a new grid and marked ``after_gap``. A frame is used at most once, two equally near
    ones give the earlier. A source whose own spacing is near the interval, even irregularly
    (5 s +- 1 s), comes out whole. A source with more than ``1 + tolerance`` intervals between all
    frames would give nothing but gaps: :func:`require_cadence` refuses it beforehand.

    Streams: holds one frame and looks one ahead. On a recorded source its own method ``sampled``
    gives the same samples sooner: it does not convert the pictures in between.

    Args:
        frames: Frames with strictly increasing ``time_s``.
        interval_s: Wanted seconds of world time between samples.
        tolerance: Share of the interval, above 0 and below 1.

    Raises:
        ValueError: ``interval_s`` is not above zero and finite, or ``tolerance`` out of range.

    >>> import numpy as np
    >>> from stcnet.types import Frame
    >>> dark = np.zeros((2, 2, 3), np.uint8)
    >>> frames = [Frame(dark, i, t) for i, t in enumerate([0, 2, 4, 6, 8, 10, 60, 62, 64])]
    >>> [(s.frame.time_s, s.after_gap) for s in sample(frames, 5)]
    [(0, False), (4, False), (10, False), (60, True), (64, False)]
    """
    return (Sample(*choice) for choice in choose(frames, interval_s, tolerance))


def choose(
    frames: Iterable[TimedT], interval_s: float, tolerance: float
) -> Iterator[tuple[TimedT, bool]]:
    """Choose as :func:`sample` does among things that need not hold their pictures yet.

    Returns:
        Each chosen one, and whether a gap lies before it.

    Raises:
        ValueError: ``interval_s`` is not above zero and finite, or ``tolerance`` out of range.
    """
    if not (math.isfinite(interval_s) and interval_s > 0):
        raise ValueError(f"interval_s must be above zero and finite, got {interval_s}")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie between 0 and 1, got {tolerance}")
    return _chosen(iter(frames), interval_s, tolerance)


def _chosen(
    frames: Iterator[TimedT], interval_s: float, tolerance: float
) -> Iterator[tuple[TimedT, bool]]:
    first = next(frames, None)
    if first is None:
        return
    grid = _Grid(first.time_s, interval_s, tolerance)
    yield first, False
    held: TimedT | None = None
    for frame in frames:
        if held is not None and not _nearer(frame, held, grid):
            yield grid.take(held)
            held = None
        if grid.too_early(frame.time_s):
            continue
        if frame.time_s < grid.target_s:
            held = frame
        else:
            yield grid.take(frame)
            held = None
    if held is not None:
        yield grid.take(held)


def _nearer(frame: Timed, held: Timed, grid: _Grid) -> bool:
    distance_s = grid.distance_s(frame.time_s)
    return not grid.too_late(frame.time_s) and distance_s < grid.distance_s(held.time_s)
