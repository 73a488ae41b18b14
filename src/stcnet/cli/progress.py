"""How far a long run is: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stcnet.cli.errors import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

    from stcnet.detection import Progress

LINE_EVERY_S = 10.0
"""Seconds between plain lines; work that takes less leaves one line a stage."""


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show the progress that is told within the ``with`` block."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield PlainLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:>8}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bars(bar)


class PlainLines:
    """Prints a line when a stage starts and then every ten seconds.

    Args:
        clock: Gives seconds that never run back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._next_s = 0.0

    def __call__(self, stage: str, done_s: float, total_s: float | None) -> None:
        """See :class:`stcnet.detection.Progress`."""
        now_s = self._clock()
        if stage == self._stage and now_s < self._next_s:
            return
        started = stage != self._stage
        self._stage, self._next_s = stage, now_s + LINE_EVERY_S
        say(f"{stage} ..." if started else f"{stage} ... {_extent(done_s, total_s)}")


class _Bars:
    """Shows a bar for each stage."""

    def __init__(self, bar: RichBar) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done_s: float, total_s: float | None) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total_s)
        self._bar.update(self._tasks[stage], completed=done_s)


def _extent(done_s: float, total_s: float | None) -> str:
    if not total_s:
        return f"{done_s:.0f} s"
    return f"{min(100.0, 100 * done_s / total_s):.0f} %"
