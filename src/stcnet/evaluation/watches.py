"""The files behind time to detection: scores of a long video, and what is known of its smoke."""

from __future__ import annotations

from pathlib import Path

from stcnet.errors import DataError
from stcnet.evaluation.alarms import TrueEvent
from stcnet.evaluation.predictions import read_rows
from stcnet.types import Span, WindowScore

SCORE_COLUMNS = ("zone", "start_s", "end_s", "probability")
TRUTH_COLUMNS = ("start", "end")


def read_window_scores(path: Path) -> list[WindowScore]:
    """The windows of a ``scores.csv`` as ``stcnet detect`` writes it.

    Raises:
        DataError: The file cannot be read, lacks a column, or a value is wrong.
    """
    rows = read_rows(path, "score", columns=SCORE_COLUMNS)
    return [
        WindowScore(
            row.values["zone"],
            row.number("start_s"),
            row.number("end_s"),
            row.number("probability", 0.0, 1.0),
        )
        for row in rows
    ]


def read_truth(path: Path) -> list[TrueEvent]:
    """The smoke that is known to be in a video.

    Columns: ``start`` and ``end`` in seconds since the first frame; ``zone`` where an event
    concerns one zone only. A header alone says that nothing smokes.

    Raises:
        DataError: The file cannot be read, lacks a column, a value is wrong, or an event ends
            before it starts.
    """
    rows = read_rows(path, "event", columns=TRUTH_COLUMNS, may_be_empty=True)
    events = []
    for row in rows:
        start_s, end_s = row.number("start"), row.number("end")
        if end_s < start_s:
            raise DataError(
                "an event ends before it starts", where=row.where, got=f"{start_s:g}..{end_s:g}"
            )
        events.append(TrueEvent(Span(start_s, end_s), row.values.get("zone") or None))
    return events
