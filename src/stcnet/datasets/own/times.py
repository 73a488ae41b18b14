"""Times as people write them in tables and options."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from stcnet.errors import ConfigError

_UNIX = re.compile(r"[0-9]{9,10}(?:\.[0-9]+)?")
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""A clip outside of these times has a wrong one."""
_SECONDS = re.compile(r"(?P<number>[0-9]+(?:[.,][0-9]+)?) ?s?")


def parse_timezone(name: str, option: str = "--timezone") -> tzinfo:
    """A time zone by its name in the IANA database, such as ``Europe/Amsterdam``.

    Raises:
        ConfigError: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConfigError(
            "there is no such time zone",
            where=option,
            got=repr(name)[:60],
            allowed="names such as Europe/Amsterdam, America/New_York or UTC",
        ) from None


def checked_moment(moment: datetime) -> datetime:
    """An aware moment in UTC.

    Raises:
        ValueError: It lies before 1970 or after 2100.
    """
    if not EARLIEST <= moment < LATEST:
        raise ValueError("lies before 1970 or after 2100")
    return moment.astimezone(UTC)


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """A moment in ISO 8601 or in Unix seconds, in UTC; without an offset it is one of ``zone``.

    Raises:
        ValueError: It has another form, lies before 1970 or after 2100, or in the hour that is
            left out when the clocks of ``zone`` go forward.

    >>> str(parse_moment("2026-05-01 14:30", ZoneInfo("Europe/Amsterdam")))
    '2026-05-01 12:30:00+00:00'
    >>> str(parse_moment("1714566605.5", UTC))
    '2024-05-01 12:30:05.500000+00:00'
    """
    text = text.strip()
    if _UNIX.fullmatch(text):
        return checked_moment(datetime.fromtimestamp(float(text), UTC))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time such as 2026-05-01T12:30:05Z") from None
    if moment.tzinfo is not None:
        return checked_moment(moment)
    found = checked_moment(moment.replace(tzinfo=zone))
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise ValueError(f"never was in {zone}, where the clocks went forward over it")
    return found


def parse_seconds(text: str) -> float:
    """A length of time above zero, in seconds.

    Raises:
        ValueError: It has another form.

    >>> parse_seconds("5s"), parse_seconds("2,5")
    (5.0, 2.5)
    """
    match = _SECONDS.fullmatch(text.strip())
    seconds = float(match["number"].replace(",", ".")) if match else math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError("is no number of seconds above zero")
    return seconds
