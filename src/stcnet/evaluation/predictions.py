"""Predictions as CSV files: our own by clip id, or anyone's with labels in the file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.datasets.cells import Cell
from stcnet.errors import DataError
from stcnet.evaluation.metrics import Judged
from stcnet.files import write_whole

COLUMNS = ("id", "fold", "logit")
SCORE_COLUMNS = ("logit", "score", "probability", "prediction")
"""Where a score is looked for, in this order; a logit is smoke above 0, the others above 0.5."""

RANGES = {"probability": (0.0, 1.0), "prediction": (0.0, 1.0)}


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
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows((p.id, p.fold, f"{p.logit:.6f}") for p in predictions)
    write_whole(
        path,
        text.getvalue().encode(),
        what="the predictions",
        hint="free disk space or name another folder",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a CSV file.

    Attributes:
        where: File and number of the line, for messages.
        values: By column.
    """

    where: str
    values: Mapping[str, str]


def read_rows(path: Path) -> list[Row]:
    """The lines of a CSV file with a header; blank ones are passed over.

    Raises:
        DataError: The file cannot be read or holds no line.
    """
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", restkey="")
            rows = [Row(f"{path}:{reader.line_num}", values) for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("the predictions cannot be read", where=path, got=error) from None
    if not rows:
        raise DataError("the file holds no prediction", where=path)
    return rows


def parse_predictions(rows: Sequence[Row], path: Path) -> list[Prediction]:
    """Our own predictions.

    Raises:
        DataError: A column is missing, a logit is no finite number, or a clip comes twice.
    """
    if not set(COLUMNS) <= rows[0].values.keys():
        raise _missing_column(rows[0], path, ", ".join(COLUMNS))
    seen: set[tuple[str, str]] = set()
    predictions: list[Prediction] = []
    for row in rows:
        clip, fold = row.values["id"], row.values["fold"]
        if (clip, fold) in seen:
            raise DataError("a clip comes twice", where=row.where, got=clip)
        seen.add((clip, fold))
        predictions.append(Prediction(clip, fold, _number(row, "logit")))
    return predictions


def judge_labelled(rows: Sequence[Row], path: Path) -> Judged:
    """Anyone's predictions on clips whose labels stand in the file, each clip counting once.

    Args:
        rows: With the column ``label`` (1 smoke, 0 none) and one of :data:`SCORE_COLUMNS`.
        path: Of the file, for messages.

    Raises:
        DataError: A column is missing, or a value is not a number of its range.
    """
    column = next((name for name in SCORE_COLUMNS if name in rows[0].values), None)
    if column is None or "label" not in rows[0].values:
        raise _missing_column(rows[0], path, f"label and one of {', '.join(SCORE_COLUMNS)}")
    labels = np.array([_label(row) for row in rows], dtype=np.int64)
    scores = np.array([_number(row, column) for row in rows])
    predictions = (scores > (0.0 if column == "logit" else 0.5)).astype(np.int64)
    return Judged(labels, predictions, scores, np.ones(len(rows)))


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


def _missing_column(row: Row, path: Path, allowed: str) -> DataError:
    got = ", ".join(name for name in row.values if name)
    return DataError("a column is missing", where=path, got=got, allowed=allowed)


def _number(row: Row, column: str) -> float:
    text = row.values[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    low, high = RANGES.get(column, (-math.inf, math.inf))
    if not math.isfinite(value) or not low <= value <= high:
        raise DataError(
            f"a {column} is wrong",
            where=row.where,
            got=repr(text),
            allowed=f"{low:g}..{high:g}" if column in RANGES else "a finite number",
        )
    return value


def _label(row: Row) -> int:
    text = row.values["label"]
    if text not in {"0", "1"}:
        raise DataError("a label is wrong", where=row.where, got=repr(text), allowed="1, 0")
    return int(text)
