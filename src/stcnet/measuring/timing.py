"""Durations of a call that is repeated, and how much memory a process took."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

WARM_UP = 2
"""Calls that do not count: the first ones fill caches and choose algorithms."""
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a network.

    Attributes:
        durations_ms: Of each call that counts.
        batch: Clips a call judges.
        memory_mib: Peak of the memory that the network and its runs took.
        ready_s: Seconds from a built network to the end of the first call: what compiling and
            choosing of algorithms takes.
    """

    durations_ms: tuple[float, ...]
    batch: int
    memory_mib: float | None
    ready_s: float

    @property
    def median_ms(self) -> float:
        """Median duration of a call."""
        return statistics.median(self.durations_ms)

    @property
    def p10_ms(self) -> float:
        """A tenth of the calls takes less."""
        return percentile(self.durations_ms, 10)

    @property
    def p90_ms(self) -> float:
        """A tenth of the calls takes more."""
        return percentile(self.durations_ms, 90)

    @property
    def clips_per_s(self) -> float:
        """Clips a second at the median duration, one call after the other."""
        return 1e3 * self.batch / self.median_ms


def percentile(values: Sequence[float], percent: float) -> float:
    """Between the values, linearly interpolated.

    >>> percentile([3.0, 1.0, 2.0], 50), percentile([1.0, 2.0], 90), percentile([5.0], 10)
    (2.0, 1.9, 5.0)
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def time_calls(call: Callable[[], object], repeats: int) -> tuple[tuple[float, ...], float]:
    """Repeat a call.

    Args:
        call: Comes back when its work is done, on a GPU too.
        repeats: How many count.

    Returns:
        Milliseconds of each call that counts, and seconds of the very first one.
    """
    first_ms, *_ = [_timed(call) for _ in range(WARM_UP)]
    return tuple(_timed(call) for _ in range(repeats)), first_ms / 1e3


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - started)


def peak_memory_mib() -> float | None:
    """Most memory that this process has had at a time, None where the system does not say.

    The kernel's high-water mark of resident memory; Linux only. ``getrusage`` will not do: it
    starts a new process at the size of the one that began it.
    """
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kib = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    return None if kib is None else int(kib) / 1024
