"""The report a person reads: one self-contained HTML file for screen, phone and paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
from jinja2 import Environment, PackageLoader, StrictUndefined

from stcnet.events import Statistics
from stcnet.reports import wording
from stcnet.reports.heat import STRONG_COLOUR, WEAK_COLOUR, heat_overlay
from stcnet.reports.record import STATEMENT, DetectionReport, PeakPicture, ReportZone, SourceFacts
from stcnet.reports.tables import event_records, open_output, statistics_record
from stcnet.reports.timeline import time_ticks, zone_timeline
from stcnet.types import Episode, Picture

VIEW_SIDE, PEAK_SIDE = 1280, 640
"""Longest side in pixels of the whole view and of a peak picture on the page."""

LEAST_VIEW = 480
"""Width in CSS pixels up to which even a thumbnail is enlarged on the page."""

JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class _ZoneFrame:
    """A zone's outline on the view, in percent of its size."""

    name: str
    left: float
    top: float
    width: float
    height: float
    smoked: bool


@dataclass(frozen=True, slots=True)
class _Event:
    """An episode with the texts and pictures of its card."""

    record: Mapping[str, Any]
    start: str
    end: str
    taken: str
    plain: str
    heated: str


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the statistics table; ``field`` names its place in events.json."""

    title: str
    field: str
    record: Mapping[str, Any]
    worst_hour: str


def write_html(report: DetectionReport, path: Path) -> None:
    """Write the report as one HTML file that needs no network, no script and no other file.

    Raises:
        OutputError: The file cannot be written.
    """
    page = render(report)
    with open_output(path) as stream:
        stream.write(page)


def render(report: DetectionReport) -> str:
    """The HTML of the page; every text of the report is escaped."""
    return _environment().get_template("report.html.j2").render(_context(report))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("stcnet.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = wording.duration
    environment.filters["share"] = wording.share
    environment.filters["rgb"] = "rgb({0[0]},{0[1]},{0[2]})".format
    return environment


def _context(report: DetectionReport) -> dict[str, Any]:
    source, camera = report.source, report.summary.camera
    return {
        "report": report,
        "source": source,
        "settings": report.settings,
        "model": report.model,
        "statement": STATEMENT,
        "headline": wording.unbroken(wording.headline(report.summary)),
        "verdict": "smoke" if camera.episodes else "clear" if camera.observed_s else "unknown",
        "start": _clock(source, 0.0),
        "end": _clock(source, report.end_s),
        "created": f"{report.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "view": _data_uri(report.view, VIEW_SIDE) if report.view is not None else "",
        "view_width": max(LEAST_VIEW, 2 * report.view.shape[1]) if report.view is not None else 0,
        "zone_frames": [_zone_frame(report, zone) for zone in report.zones],
        "timelines": [zone_timeline(report, zone.name) for zone in report.zones],
        "ticks": time_ticks(report.end_s, source.started_at),
        "events": list(_events(report)),
        "columns": list(_columns(report)),
        "heat_scale": (WEAK_COLOUR, STRONG_COLOUR),
    }


def _clock(source: SourceFacts, time_s: float) -> str:
    return wording.clock(source.moment(time_s), time_s)


def _zone_frame(report: DetectionReport, zone: ReportZone) -> _ZoneFrame:
    box, source = zone.box, report.source
    return _ZoneFrame(
        name=zone.name,
        left=100 * box.x / source.width,
        top=100 * box.y / source.height,
        width=100 * box.width / source.width,
        height=100 * box.height / source.height,
        smoked=any(episode.zone == zone.name for episode in report.episodes),
    )


def _events(report: DetectionReport) -> Iterator[_Event]:
    records = event_records(report)
    for record, episode in zip(records, report.in_order_of_time(), strict=True):
        yield _event(report.source, record, episode, report.pictures.get(episode))


def _event(
    source: SourceFacts, record: Mapping[str, Any], episode: Episode, picture: PeakPicture | None
) -> _Event:
    heated = heat_overlay(picture.image, picture.activation) if picture else None
    return _Event(
        record=record,
        start=_clock(source, episode.span.start_s),
        end=_clock(source, episode.span.end_s),
        taken=_clock(source, picture.time_s) if picture else "",
        plain=_data_uri(picture.image, PEAK_SIDE) if picture else "",
        heated=_data_uri(heated, PEAK_SIDE) if heated is not None else "",
    )


def _columns(report: DetectionReport) -> Iterator[_Column]:
    source, summary = report.source, report.summary
    yield _column("Camera", "camera", summary.camera, source)
    if len(summary.zones) > 1:
        for zone, statistics in summary.zones.items():
            yield _column(zone, f"zones.{zone}", statistics, source)


def _column(title: str, field: str, statistics: Statistics, source: SourceFacts) -> _Column:
    hour = statistics.worst_hour
    return _Column(
        title=title,
        field=f"summary.{field}",
        record=statistics_record(statistics, source),
        worst_hour=_clock(source, hour.start_s) if hour else "",
    )


def _data_uri(image: Picture, longest_side: int) -> str:
    """The picture as a JPEG data URI, shrunk where it is larger than ``longest_side`` pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, longest_side / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
