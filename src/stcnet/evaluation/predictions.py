"""Predictions as CSV files: our own by clip id, or anyone's with labels in the file."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.datasets.cells import Cell
from stcnet.errors import DataError, OutputError
from stcnet.evaluation.metrics import Judged

COLUMNS = ("id", "fold", "logit")
SCORE_COLUMNS = ("logit", "score", "probability", "prediction")
"""Where a score is looked for, in this order; a logit is smoke above 0, the others above 0.5."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model that has not seen a clip says of it.

    Attributes:
        id: Of the clip.
        fold: Of the protocol, whose training clips do not hold this one.
        logit: Raw score, smoke above 0.
    """

    id: str
    fold: str
    logit: float


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write ``id,fold,logit`` lines, logits with 6 decimals.

    Raises:
        OutputError: The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows((p.id, p.fold, f"{p.logit:.6f}") for p in predictions)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            "the predictions cannot be written", where=path, got=error.strerror
        ) from None


def read_rows(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file with a header.

    Raises:
        DataError: The file cannot be read or holds no line.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("the predictions cannot be read", where=path, got=error) from None
    if not rows:
        raise DataError("the file holds no prediction", where=path)
    return rows


def parse_predictions(rows: Sequence[Mapping[str, str]], path: Path) -> list[Prediction]:
    """Our own predictions.

    Raises:
        DataError: A column is missing, a logit is no finite number, or a clip comes twice.
    """
    missing = [column for column in COLUMNS if column not in rows[0]]
    if missing:
        raise DataError(
            "a column is missing", where=path, got=", ".join(rows[0]), allowed=", ".join(COLUMNS)
        )
    seen: set[tuple[str, str]] = set()
    predictions: list[Prediction] = []
    for line, row in enumerate(rows, start=2):
        prediction = Prediction(row["id"], row["fold"], _number(row["logit"], path, line))
        if (prediction.id, prediction.fold) in seen:
            raise DataError("a clip comes twice", where=f"{path}:{line}", got=prediction.id)
        seen.add((prediction.id, prediction.fold))
        predictions.append(prediction)
    return predictions


def judge_labelled(rows: Sequence[Mapping[str, str]], path: Path) -> Judged:
    """Anyone's predictions on clips whose labels stand in the file, each clip counting once.

    Args:
        rows: With the column ``label`` (1 smoke, 0 none) and one of :data:`SCORE_COLUMNS`.
        path: Of the file, for messages.

    Raises:
        DataError: A column is missing, or a value is not a number of its range.
    """
    column = next((name for name in SCORE_COLUMNS if name in rows[0]), None)
    if column is None or "label" not in rows[0]:
        raise DataError(
            "a column is missing",
            where=path,
            got=", ".join(rows[0]),
            allowed=f"label and one of {', '.join(SCORE_COLUMNS)}",
        )
    labels = [_label(row["label"], path, line) for line, row in enumerate(rows, start=2)]
    scores = np.array([_number(row[column], path, line) for line, row in enumerate(rows, start=2)])
    predictions = (scores > (0.0 if column == "logit" else 0.5)).astype(np.int64)
    return Judged(np.array(labels), predictions, scores, np.ones(len(rows)))


def judge_cells(
    predictions: Sequence[Prediction], cells: Sequence[Cell], threshold: float = 0.0
) -> Judged:
    """Predictions on shared cells, each weighted by the clips it stands for.

    Args:
        predictions: One for each of ``cells``, in the same order.
        cells: The clips.
        threshold: Logit above which a clip is called smoke.
    """
    logits = np.array([prediction.logit for prediction in predictions])
    return Judged(
        np.array([cell.label for cell in cells], dtype=np.int64),
        (logits > threshold).astype(np.int64),
        logits,
        np.array([cell.population_weight for cell in cells]),
    )


def _number(text: str, path: Path, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError("a score is not a finite number", where=f"{path}:{line}", got=repr(text))
    return value


def _label(text: str, path: Path, line: int) -> int:
    if text not in {"0", "1"}:
        raise DataError(
            "a label is wrong", where=f"{path}:{line}", got=repr(text), allowed="1 smoke, 0 none"
        )
    return int(text)
