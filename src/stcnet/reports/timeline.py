"""The timeline of a zone as paths of an SVG of 1000 x 100 units: time across, probability up.

The curve is a staircase: each window's probability over the time it speaks for, so that the
edges of the episodes lie where the curve crosses the thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stcnet.events import attribute_time, gaps, union
from stcnet.reports.curve import keep_extremes
from stcnet.reports.record import DetectionReport
from stcnet.reports.wording import elapsed
from stcnet.types import Episode, Span, WindowScore

WIDTH, HEIGHT = 1000.0, 100.0
MOST_POINTS = 2000
"""A curve of more points is thinned, its extremes kept."""

MOST_TICKS = 8
_TICK_STEPS_S = (
    0.1, 0.5, 1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
)  # fmt: skip
_DAY_S = 86_400
_LEAST_MARK = 2.0  # an episode of seconds stays visible in a record of weeks


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the time axis in units of the drawing; ``number`` of its episode, or 0."""

    x: float
    width: float
    number: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis: its place in percent of the width, and its label."""

    percent: float
    label: str


@dataclass(frozen=True, slots=True)
class ZoneTimeline:
    """What is drawn for one zone.

    Attributes:
        zone: Its name.
        line, area: SVG path data of the curve and of the area below it; empty without scores.
        episodes: Where episodes are, with the numbers they have in the report.
        unobserved: Where no window speaks.
    """

    zone: str
    line: str
    area: str
    episodes: Sequence[Band]
    unobserved: Sequence[Band]


def zone_timeline(report: DetectionReport, zone: str) -> ZoneTimeline:
    """Draw the scores and episodes of one zone over the report's time axis."""
    windows = [score for score in report.scores if score.zone == zone]
    spans = attribute_time(windows)
    runs = list(_runs(windows, spans, report.end_s))
    numbered = enumerate(report.in_order_of_time(), start=1)
    return ZoneTimeline(
        zone=zone,
        line=" ".join(f"M{line}" for line, _ in runs),
        area=" ".join(f"M{line}{closing}" for line, closing in runs),
        episodes=[
            _episode_band(number, episode, report.end_s)
            for number, episode in numbered
            if episode.zone == zone
        ],
        unobserved=[_band(span, report.end_s) for span in _unobserved(spans, report.end_s)],
    )


def time_ticks(end_s: float, started_at: datetime | None) -> list[Tick]:
    """Marks at round times of the UTC clock where it is known, else at round times since start.

    >>> [tick.label for tick in time_ticks(300, None)]
    ['0:00', '1:00', '2:00', '3:00', '4:00', '5:00']
    """
    if end_s <= 0:
        return []
    step_s = _tick_step_s(end_s)
    offset_s = (started_at - _midnight(started_at)).total_seconds() if started_at else 0.0
    first = math.ceil(offset_s / step_s)
    last = math.floor((offset_s + end_s) / step_s)
    times = [k * step_s - offset_s for k in range(first, last + 1)]
    return [Tick(100 * time / end_s, _label(time, step_s, end_s, started_at)) for time in times]


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _tick_step_s(end_s: float) -> float:
    for step_s in _TICK_STEPS_S:
        if end_s / step_s <= MOST_TICKS:
            return step_s
    return _DAY_S * math.ceil(end_s / _DAY_S / MOST_TICKS)


def _label(time_s: float, step_s: float, end_s: float, started_at: datetime | None) -> str:
    if started_at is None:
        return elapsed(time_s, step_s)
    # Half a millisecond keeps 11:59:59.9999 from being printed a second early.
    moment = started_at + timedelta(seconds=time_s, milliseconds=0.5)
    if step_s >= _DAY_S:
        return f"{moment:%m-%d}"
    if end_s > _DAY_S:
        return f"{moment:%m-%d %H:%M}"
    return f"{moment:%H:%M}" if step_s >= 60 else f"{moment:%H:%M:%S}"


def _runs(
    windows: Sequence[WindowScore], spans: Sequence[Span], end_s: float
) -> Iterator[tuple[str, str]]:
    """Of each gapless run of windows: the staircase after its "M", and what closes its area."""
    first = 0
    for k in range(1, len(spans) + 1):
        if k < len(spans) and spans[k].start_s <= spans[k - 1].end_s:
            continue
        limit = max(4, MOST_POINTS * (k - first) // len(spans))
        kept = keep_extremes([window.probability for window in windows[first:k]], limit)
        steps = [(spans[first + j].start_s, windows[first + j].probability) for j in kept]
        yield _staircase(steps, spans[k - 1].end_s, end_s)
        first = k


def _staircase(
    steps: Sequence[tuple[float, float]], until_s: float, end_s: float
) -> tuple[str, str]:
    (start_s, probability), *rest = steps
    parts = [f"{_x(start_s, end_s):g},{_y(probability):g}"]
    parts += [f"H{_x(time_s, end_s):g}V{_y(height):g}" for time_s, height in rest]
    parts.append(f"H{_x(until_s, end_s):g}")
    return "".join(parts), f"V{HEIGHT:g}H{_x(start_s, end_s):g}Z"


def _x(time_s: float, end_s: float) -> float:
    return round(WIDTH * time_s / end_s, 2) if end_s > 0 else 0.0


def _y(probability: float) -> float:
    return round(HEIGHT * (1 - probability), 2)


def _band(span: Span, end_s: float) -> Band:
    x = _x(span.start_s, end_s)
    return Band(x, round(_x(span.end_s, end_s) - x, 2))


def _episode_band(number: int, episode: Episode, end_s: float) -> Band:
    band = _band(episode.span, end_s)
    return Band(band.x, max(band.width, _LEAST_MARK), number)


def _unobserved(spans: Sequence[Span], end_s: float) -> list[Span]:
    borders = [Span(0.0, 0.0), Span(end_s, end_s)]
    return [span for span in gaps(union([*borders, *spans])) if span.duration_s > 0]
