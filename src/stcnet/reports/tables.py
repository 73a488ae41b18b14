"""The machine-readable files: scores.csv, events.csv and events.json.

Times are seconds since the source's first frame (``*_s``, to the millisecond) and, where the
source knows its clock, ISO-8601 UTC (``*_at``). Probabilities are calibrated, to six digits.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from stcnet.errors import OutputError
from stcnet.events import Statistics, attribute_time, scores_by_zone
from stcnet.reports.record import STATEMENT, DetectionReport, SourceFacts
from stcnet.reports.wording import iso_utc
from stcnet.types import Episode

SCHEMA_VERSION = 1
"""Of events.json: raised when a key changes its meaning or goes."""

Record = dict[str, Any]

SCORE_COLUMNS = (
    "zone", "start_s", "end_s", "from_s", "to_s", "start_at", "end_at", "probability", "logit",
)  # fmt: skip
"""Columns of scores.csv: the window is start..end, the time it speaks for from..to."""

EVENT_COLUMNS = (
    "number", "zone", "start_s", "end_s", "duration_s", "start_at", "end_at", "peak_s", "peak_at",
    "peak_probability", "mean_probability", "windows",
)  # fmt: skip
"""Columns of events.csv and keys of an episode in events.json."""


def write_scores_csv(report: DetectionReport, path: Path) -> None:
    """Write a line for each window and zone, with the columns of ``SCORE_COLUMNS``.

    Raises:
        OutputError: The file cannot be written.
    """
    _write_csv(path, SCORE_COLUMNS, _score_records(report))


def write_events_csv(report: DetectionReport, path: Path) -> None:
    """Write a line for each episode in order of time, with the columns of ``EVENT_COLUMNS``.

    Raises:
        OutputError: The file cannot be written.
    """
    _write_csv(path, EVENT_COLUMNS, event_records(report))


def write_events_json(report: DetectionReport, path: Path) -> None:
    """Write everything but the scores and pictures as one JSON object (UTF-8, indented).

    Raises:
        OutputError: The file cannot be written.
    """
    with open_output(path) as stream:
        json.dump(report_record(report), stream, indent=2, ensure_ascii=False, allow_nan=False)
        stream.write("\n")


def report_record(report: DetectionReport) -> Record:
    """The content of events.json, of plain JSON types."""
    return {
        "schema_version": SCHEMA_VERSION,
        "created_at": iso_utc(report.created_at),
        "stcnet_version": report.stcnet_version,
        "statement": STATEMENT,
        "source": _source_record(report.source),
        "zones": [{"name": zone.name, "box_px": asdict(zone.box)} for zone in report.zones],
        "settings": {
            **report.settings.model_dump(),
            "cadence_s": report.cadence_s,
            "window_s": report.window_s,
            "stabilised": report.stabilised,
            "operating_point": report.operating_point or None,
        },
        "model": {**asdict(report.model), "limits": list(report.model.limits)},
        "summary": {
            "camera": statistics_record(report.summary.camera, report.source),
            "zones": {
                zone: statistics_record(each, report.source)
                for zone, each in report.summary.zones.items()
            },
        },
        "episodes": event_records(report),
        "warnings": list(report.warnings),
    }


def event_records(report: DetectionReport) -> list[Record]:
    """One record for each episode in order of time, numbered from 1."""
    return [
        _event_record(number, episode, report.source)
        for number, episode in enumerate(report.in_order_of_time(), start=1)
    ]


def statistics_record(statistics: Statistics, source: SourceFacts) -> Record:
    """Statistics of a zone or camera; the worst hour is null where nothing was emitted."""
    hour = statistics.worst_hour
    return {
        "observed_s": _seconds(statistics.observed_s),
        "not_observed_s": _seconds(statistics.not_observed_s),
        "emission_s": _seconds(statistics.emission_s),
        "frequency": round(statistics.frequency, 6),
        "episodes": statistics.episodes,
        "longest_episode_s": _seconds(statistics.longest_episode_s),
        "worst_hour": hour
        and {
            "start_s": _seconds(hour.start_s),
            "end_s": _seconds(hour.end_s),
            "start_at": iso_utc(source.moment(hour.start_s)),
            "end_at": iso_utc(source.moment(hour.end_s)),
            "emission_s": _seconds(statistics.worst_hour_emission_s),
        },
    }


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open a text file for writing; trouble with it becomes an OutputError."""
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        raise OutputError(
            "the file cannot be written",
            where=path,
            got=error.strerror or error,
            hint="choose a folder that you may write to and that has room",
        ) from error


def _source_record(source: SourceFacts) -> Record:
    return {
        "name": source.name,
        "width_px": source.width,
        "height_px": source.height,
        "duration_s": _seconds(source.duration_s),
        "frame_interval_s": _seconds(source.frame_interval_s),
        "started_at": iso_utc(source.started_at),
    }


def _event_record(number: int, episode: Episode, source: SourceFacts) -> Record:
    return {
        "number": number,
        "zone": episode.zone,
        "start_s": _seconds(episode.span.start_s),
        "end_s": _seconds(episode.span.end_s),
        "duration_s": _seconds(episode.span.duration_s),
        "start_at": iso_utc(source.moment(episode.span.start_s)),
        "end_at": iso_utc(source.moment(episode.span.end_s)),
        "peak_s": _seconds(episode.peak_s),
        "peak_at": iso_utc(source.moment(episode.peak_s)),
        "peak_probability": round(episode.peak_probability, 6),
        "mean_probability": round(episode.mean_probability, 6),
        "windows": episode.windows,
    }


def _score_records(report: DetectionReport) -> Iterator[Record]:
    for zone, windows in scores_by_zone(report.scores).items():
        for window, span in zip(windows, attribute_time(windows), strict=True):
            yield {
                "zone": zone,
                "start_s": _seconds(window.start_s),
                "end_s": _seconds(window.end_s),
                "from_s": _seconds(span.start_s),
                "to_s": _seconds(span.end_s),
                "start_at": iso_utc(report.source.moment(window.start_s)),
                "end_at": iso_utc(report.source.moment(window.end_s)),
                "probability": round(window.probability, 6),
                "logit": round(window.logit, 6),
            }


def _seconds(value: float) -> float:
    return round(float(value), 3)


def _write_csv(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    with open_output(path) as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
