"""Warnings of the library as lines on standard error."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stcnet.cli.errors import say

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Lines(logging.Handler):
    """Prints each warning once: a source that is read twice warns twice."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = " ".join(record.getMessage().split())
        if message not in self._said:
            self._said.add(message)
            say(f"{record.levelname.lower()}: {message}")


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Show what the package logs as a warning within the ``with`` block."""
    handler = _Lines()
    package = logging.getLogger("stcnet")
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
