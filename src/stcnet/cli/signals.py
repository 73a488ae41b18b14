"""Being asked to end, as a service manager or a batch system asks."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

TERMINATED = 143
"""As a shell reports a command that SIGTERM has ended."""


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt it passes every ``except Exception`` on its way out."""


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the ``with`` block as Ctrl-C does: what is half written is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may change how signals are handled
        return
    earlier = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _end(number: int, frame: FrameType | None) -> None:
    raise Terminated
