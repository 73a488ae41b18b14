"""From a frame's place and presentation timestamp to seconds of world time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

ItemT = TypeVar("ItemT")

_OUT_OF_ORDER_STEPS = 4
"""A timestamp that falls back by less than this many usual steps is one frame out of order; one
that falls back further is a clock that started anew (joined recordings, a rebooted camera)."""


class Clock(Protocol):
    """Tells when each frame of one source was captured; asked once a frame, in order."""

    def time_s(self, position: int, stamp_s: Fraction | None) -> float | None:
        """World seconds since the first frame.

        Args:
            position: Place of the frame in the source, from 0.
            stamp_s: Its presentation timestamp in seconds, None where it has none.

        Returns:
            Strictly increasing seconds from 0.0, or None for a frame to leave out.
        """
        ...


@dataclass(frozen=True, slots=True)
class IntervalClock:
    """Frames evenly spaced in the world, whatever their timestamps say.

    Attributes:
        interval_s: World seconds between consecutive frames.
    """

    interval_s: float

    def time_s(self, position: int, stamp_s: Fraction | None) -> float:
        """``position * interval_s``; see :class:`Clock`.

        >>> IntervalClock(5.0).time_s(3, None)
        15.0
        """
        return position * self.interval_s


@dataclass(slots=True)
class StampClock:
    """Presentation timestamps, repaired where a file has them wrong.

    A frame without timestamp comes one usual step after the one before. A timestamp that repeats
    or falls back a little is a frame out of order and left out. One that falls back far starts
    the clock anew: the frame comes one usual step after the one before, and so on from there.

    Attributes:
        step_s: Usual seconds between frames, from the average rate the file declares.
    """

    step_s: Fraction
    _origin_s: Fraction | None = field(default=None, init=False)
    _last_s: Fraction | None = field(default=None, init=False)

    def time_s(self, position: int, stamp_s: Fraction | None) -> float | None:
        """Seconds since the first frame; see :class:`Clock`.

        >>> from fractions import Fraction
        >>> clock = StampClock(Fraction(1, 10))
        >>> stamps = [Fraction(70), Fraction(71), Fraction(71), None, Fraction(2)]
        >>> [clock.time_s(position, stamp) for position, stamp in enumerate(stamps)]
        [0.0, 1.0, None, 1.1, 1.2]
        """
        due_s = self.step_s * 0 if self._last_s is None else self._last_s + self.step_s
        moment_s = due_s if stamp_s is None else self._follow(stamp_s, due_s)
        if moment_s is None:
            return None
        self._last_s = moment_s
        return float(moment_s)

    def _follow(self, stamp_s: Fraction, due_s: Fraction) -> Fraction | None:
        if self._origin_s is None:
            self._origin_s = stamp_s - due_s
        moment_s = stamp_s - self._origin_s
        if self._last_s is None or moment_s > self._last_s:
            return moment_s
        if self._last_s - moment_s < _OUT_OF_ORDER_STEPS * self.step_s:
            return None
        self._origin_s = stamp_s - due_s
        return due_s


def without_leaps(
    stamped: Iterable[tuple[ItemT, Fraction | None]],
) -> Iterator[tuple[ItemT, Fraction | None]]:
    """Take away timestamps that leap ahead of the next one, as a damaged header makes them.

    A timestamp is removed where the next one is not after it, yet after the one before it. Looks
    one item ahead.

    >>> from fractions import Fraction
    >>> stamps = [Fraction(1), Fraction(900), Fraction(3), Fraction(4)]
    >>> [stamp and int(stamp) for _, stamp in without_leaps((None, stamp) for stamp in stamps)]
    [1, None, 3, 4]
    """
    before_s: Fraction | None = None
    held: tuple[ItemT, Fraction | None] | None = None
    for item, stamp_s in stamped:
        if held is not None:
            if _leaps(before_s, held[1], stamp_s):
                held = held[0], None
            yield held
            before_s = held[1] if held[1] is not None else before_s
        held = item, stamp_s
    if held is not None:
        yield held


def _leaps(before_s: Fraction | None, stamp_s: Fraction | None, next_s: Fraction | None) -> bool:
    if before_s is None or stamp_s is None or next_s is None:
        return False
    return before_s < next_s <= stamp_s
