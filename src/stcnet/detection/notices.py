"""Warnings that are logged on the way, kept for the report."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Collector(logging.Handler):
    """Keeps each message that this thread logs, once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.thread == self._thread and message not in self.messages:
            self.messages.append(message)


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Collect what the package logs as a warning in this thread within the ``with`` block."""
    collector = _Collector()
    package = logging.getLogger("stcnet")
    package.addHandler(collector)
    try:
        yield collector.messages
    finally:
        package.removeHandler(collector)
