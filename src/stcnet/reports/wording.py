"""Numbers in the words of the page: durations, shares, clock times, the headline."""

from __future__ import annotations

import re
from datetime import datetime

from stcnet.events import Summary


def iso_utc(moment: datetime | None) -> str | None:
    """ISO-8601 in UTC to the millisecond, as ``2018-06-11T10:15:15.000Z``, or None.

    >>> from datetime import UTC
    >>> iso_utc(datetime(2018, 6, 11, 10, 15, 15, 250_000, tzinfo=UTC))
    '2018-06-11T10:15:15.250Z'
    """
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """A duration in words, with one digit below the second only under ten seconds.

    >>> duration(160), duration(3.25), duration(3600), duration(7384)
    ('2 min 40 s', '3.2 s', '1 h', '2 h 3 min 4 s')
    """
    if seconds < 10 and round(seconds, 1) != round(seconds):
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, whole = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (whole, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"


def share(fraction: float) -> str:
    """A fraction as a percentage that says neither 0 % nor 100 % unless it is exactly that.

    >>> share(0.326), share(0.001), share(0.999), share(0), share(0.044)
    ('33 %', '< 1 %', '> 99 %', '0 %', '4 %')
    """
    percent = 100 * fraction
    if 0 < percent < 1:
        return "< 1 %"
    if 99 < percent < 100:
        return "> 99 %"
    return f"{percent:.0f} %"


def unbroken(text: str) -> str:
    r"""The text with no-break spaces between numbers and their units.

    >>> unbroken("in 2 min 40 s").split(" ")
    ['in', '2\xa0min', '40\xa0s']
    """
    return re.sub(r"(?<=\d) (?=(?:h|min|s|%)(?!\w))", "\u00a0", text)


def elapsed(seconds: float, step_s: float = 1.0) -> str:
    """Time since the first frame as a clock reads it, with digits below a second if need be.

    >>> elapsed(75), elapsed(3675), elapsed(7.5, step_s=0.5)
    ('1:15', '1:01:15', '0:07.5')
    """
    tenths = round(10 * seconds)
    whole, tenth = divmod(tenths, 10) if step_s < 1 else (round(seconds), 0)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    text = f"{hours}:{minutes:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"
    return f"{text}.{tenth}" if step_s < 1 else text


def clock(moment: datetime | None, time_s: float) -> str:
    """A moment of the source: date and time in UTC where known, else time since its start.

    >>> clock(None, 75)
    '1:15 after the start'
    """
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else f"{elapsed(time_s)} after the start"


def headline(summary: Summary) -> str:
    """The verdict in plain words, as *Smoke in 1 episode, 2 min 40 s of 8 min observed (33 %)*.

    It counts the episodes of all zones, and the time in which any of them smokes.
    """
    camera = summary.camera
    if camera.observed_s <= 0:
        return "Nothing could be judged"
    observed = f"{duration(camera.observed_s)} observed"
    count = sum(zone.episodes for zone in summary.zones.values())
    if not count:
        return f"No smoke found in {observed}"
    smoking = sum(zone.episodes > 0 for zone in summary.zones.values())
    where = f" in {smoking} zones" if smoking > 1 else ""
    return (
        f"Smoke in {count} {'episode' if count == 1 else 'episodes'}{where}, "
        f"{duration(camera.emission_s)} of {observed} ({share(camera.frequency)})"
    )
