"""Anyone's predictions, as a CSV file in which the labels stand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.special import expit

from stcnet.datasets.rise.records import RISE_ZONE
from stcnet.evaluation.metrics import FloatArray, IntVector, Judged
from stcnet.evaluation.predictions import Row, missing_column
from stcnet.evaluation.samples import Sample
from stcnet.video import RiseName

SCORE_COLUMNS = ("logit", "score", "probability", "prediction")
"""Where a score is looked for, in this order; a logit is smoke above 0, the others above 0.5."""

SHARES = ("probability", "prediction")
"""Columns whose values lie within 0..1."""
WEIGHT_RANGE = (1e-9, 1e12)
CLAIRTON_CAMERA = 0
UNKNOWN = "unknown"


def sample_labelled(rows: Sequence[Row], path: Path) -> Sample:
    """Judge the clips of a file of predictions.

    Columns: ``label`` (1 smoke, 0 none) and one of :data:`SCORE_COLUMNS`. Optional ones are

    - ``file_name``: where it is a RISE name, with or without ``.mp4``, it tells view, plant, and
      month and hour of the start in the plants' own time (America/New_York);
    - ``weight``: how many clips of the population this one stands for, 1e-9..1e12; else 1;
    - ``stratum``: clips were drawn within it;
    - ``cluster``: clips that carry one piece of evidence. Without this column it is the view and
      day of a RISE name, and the clip itself where there is none.

    Args:
        rows: Lines of the file.
        path: Of the file, for messages.

    Raises:
        DataError: A column is missing, or a value is not a number of its range.
    """
    columns = rows[0].values
    column = next((name for name in SCORE_COLUMNS if name in columns), None)
    if column is None or "label" not in columns:
        raise missing_column(columns, path, f"label and one of {', '.join(SCORE_COLUMNS)}")
    judged = _judge(rows, column)
    names = _texts(rows, "file_name") or tuple(row.where for row in rows)
    parsed = [RiseName.parse(name.removesuffix(".mp4")) for name in names]
    clusters, drawn_by = _clusters(rows, names, parsed)
    return Sample(
        judged,
        names,
        _texts(rows, "stratum") or (0,) * len(rows),
        clusters,
        drawn_by,
        _tags(parsed),
        _probabilities(judged.scores, column),
        ranked=column != "prediction",
    )


def _judge(rows: Sequence[Row], column: str) -> Judged:
    labels: IntVector = np.array([row.label() for row in rows], dtype=np.int64)
    limits = (0.0, 1.0) if column in SHARES else (-np.inf, np.inf)
    scores: FloatArray = np.array([row.number(column, *limits) for row in rows])
    predictions = (scores > (0.0 if column == "logit" else 0.5)).astype(np.int64)
    return Judged(labels, predictions, scores, _weights(rows))


def _weights(rows: Sequence[Row]) -> FloatArray:
    if "weight" not in rows[0].values:
        return np.ones(len(rows))
    return np.array([row.number("weight", *WEIGHT_RANGE) for row in rows])


def _texts(rows: Sequence[Row], column: str) -> tuple[str, ...] | None:
    if column not in rows[0].values:
        return None
    return tuple(row.values[column] for row in rows)


def _probabilities(scores: FloatArray, column: str) -> FloatArray | None:
    if column == "logit":
        return np.asarray(expit(scores), dtype=np.float64)
    return scores if column == "probability" else None


def _clusters(
    rows: Sequence[Row], names: Sequence[str], parsed: Sequence[RiseName | None]
) -> tuple[tuple[Hashable, ...], str]:
    """The cluster of each clip, and what makes one."""
    given = _texts(rows, "cluster")
    if given is not None:
        return given, "the column cluster"
    if not any(parsed):
        return tuple(names), "the clip"
    pairs = zip(names, parsed, strict=True)
    return tuple((_view(known), known.day) if known else name for name, known in pairs), (
        "view and day"
    )


def _tags(parsed: Sequence[RiseName | None]) -> dict[str, tuple[str, ...]]:
    if not any(parsed):
        return {}
    return {
        dimension: tuple(tell(name) if name else UNKNOWN for name in parsed)
        for dimension, tell in _TELLERS.items()
    }


def _view(name: RiseName) -> str:
    return f"{name.camera}-{name.view}"


def _plant(name: RiseName) -> str:
    return "clairton" if name.camera == CLAIRTON_CAMERA else "other-plants"


def _local(name: RiseName) -> datetime:
    return name.started_at.astimezone(RISE_ZONE)


_TELLERS: dict[str, Callable[[RiseName], str]] = {
    "view": _view,
    "plant": _plant,
    "month": lambda name: f"{_local(name):%Y-%m}",
    "hour": lambda name: f"{_local(name):%H}",
}
"""What a RISE name tells of a clip, by dimension; times are the plants' own."""
