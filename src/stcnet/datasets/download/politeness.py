"""How often a host is asked, when it asked to be left alone, and when it is given up."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stcnet.datasets.download.causes import FetchError
from stcnet.errors import ConfigError

LONGEST_PAUSE_S = 300.0
"""A host that asks to be left alone for longer is asked again after this time."""
MOST_WORKERS = 32
MOST_A_SECOND = 100.0
GIVEN_UP_AFTER = 3
"""So many videos in a row for which a host was silent or busy at every attempt."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a download pushes.

    Attributes:
        workers: Videos fetched at the same time, 1..32.
        rate: Requests a second to one host, above 0 up to 100.
        attempts: How often one video is tried, 1 or more.
        timeout_s: Seconds for a connection, and without a byte, until an attempt is over.

    Raises:
        ConfigError: A value is out of range.
    """

    workers: int = 4
    rate: float = 4.0
    attempts: int = 6
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        _require("--workers", self.workers, f"1..{MOST_WORKERS}", 1 <= self.workers <= MOST_WORKERS)
        allowed = f"above 0, up to {MOST_A_SECOND:g} a second"
        _require("--rate", self.rate, allowed, 0 < self.rate <= MOST_A_SECOND)
        _require("attempts", self.attempts, "1 or more", self.attempts >= 1)
        _require("timeout_s", self.timeout_s, "above 0", self.timeout_s > 0)


def _require(where: str, got: float, allowed: str, right: bool) -> None:
    if not right:
        raise ConfigError("the number is out of range", where=where, got=got, allowed=allowed)


class StoppedError(Exception):
    """The work was told to end while it waited."""


class Waiter:
    """Time, and waiting that ends at once when the work is to end."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def now_s(self) -> float:
        """Seconds that never run back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: The work is to end.
        """
        if self._stopping.wait(seconds):
            raise StoppedError

    def check(self) -> None:
        """Go on only if the work is not to end.

        Raises:
            StoppedError: It is.
        """
        if self._stopping.is_set():
            raise StoppedError

    def stop(self) -> None:
        """Let all that waits or checks end."""
        self._stopping.set()


@dataclass(slots=True)
class _Host:
    next_s: float = 0.0
    failed: int = 0
    given_up: bool = field(default=False)


class Hosts:
    """Whose turn it is to ask which host; any thread may ask.

    Args:
        rate: Requests a second to one host.
        waiter: Tells the time and waits.
    """

    def __init__(self, rate: float, waiter: Waiter) -> None:
        self._interval_s = 1 / rate
        self._waiter = waiter
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def wait_for_turn(self, host: str) -> None:
        """Return when a request may be sent to a host.

        Raises:
            FetchError: The host was given up.
            StoppedError: The work is to end.
        """
        while (wait_s := self._wait_s(host)) > 0:
            self._waiter.sleep(wait_s)

    def _wait_s(self, name: str) -> float:
        """Seconds until it is worth asking again; 0 takes the turn."""
        with self._lock:
            host = self._host(name)
            if host.given_up:
                raise FetchError("host given up", f"{name} failed {GIVEN_UP_AFTER} videos in a row")
            now_s = self._waiter.now_s()
            if host.next_s > now_s:
                return host.next_s - now_s
            host.next_s = now_s + self._interval_s
            return 0.0

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host(self._waiter.now_s()))

    def pause(self, name: str, seconds: float) -> None:
        """Ask nothing of a host for so long, at most :data:`LONGEST_PAUSE_S`."""
        with self._lock:
            host = self._host(name)
            until_s = self._waiter.now_s() + min(seconds, LONGEST_PAUSE_S)
            host.next_s = max(host.next_s, until_s)

    def served(self, name: str) -> None:
        """The host gave what it was asked for, or said plainly that it will not."""
        with self._lock:
            self._host(name).failed = 0

    def failed(self, name: str) -> None:
        """A video was tried as often as is allowed, and the host was silent or busy each time."""
        with self._lock:
            host = self._host(name)
            host.failed += 1
            host.given_up = host.failed >= GIVEN_UP_AFTER


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds in a ``Retry-After`` header, which holds seconds or a date (RFC 9110, 10.2.3).

    Args:
        value: The header; None where there is none.
        now: The moment, aware; by default this one.

    Returns:
        0 or more; None without a header, or if it says neither.

    >>> retry_after_s("120")
    120.0
    >>> retry_after_s("Sun, 22 Nov 2026 12:00:30 GMT", datetime(2026, 11, 22, 12, tzinfo=UTC))
    30.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = header_date(text)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()) if moment else None


def header_date(value: str | None) -> datetime | None:
    """A date in a header (RFC 9110, 5.6.7), aware; None without a header, or if it is no date.

    >>> str(header_date("Sun, 22 Nov 2026 12:00:30 GMT"))
    '2026-11-22 12:00:30+00:00'
    >>> header_date(f"Sun, 22 Nov {'9' * 30} 12:00:30 GMT")
    """
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
