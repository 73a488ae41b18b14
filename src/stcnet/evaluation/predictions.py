"""Lines of CSV files, and our own predictions by clip id."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.datasets.cells.records import Cell
from stcnet.errors import DataError
from stcnet.evaluation.metrics import Judged
from stcnet.files import write_whole
from stcnet.wording import counted

COLUMNS = ("id", "fold", "logit")
SURPLUS = "more values than columns"
"""Where the reader puts values to which no column belongs."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model that has not seen a clip says of it.

    Attributes:
        id: Of the clip.
        fold: Of the protocol, whose training clips do not hold this one.
        logit: Raw score, or calibrated log-odds of smoke.
        threshold: The verdict is smoke above it, on the scale of ``logit``.
    """

    id: str
    fold: str
    logit: float
    threshold: float = 0.0

    @property
    def smoke(self) -> bool:
        """The verdict."""
        return self.logit > self.threshold


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write ``id,fold,logit`` lines of raw scores, logits with 6 decimals.

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

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """The finite number in a column.

        Raises:
            DataError: It is none, or lies outside of ``low..high``.
        """
        text = self.values[column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high:
            unbounded = math.isinf(low) and math.isinf(high)
            raise DataError(
                f"a {column} is wrong",
                where=self.where,
                got=repr(text),
                allowed="a finite number" if unbounded else f"{low:g}..{high:g}",
            )
        return value

    def label(self) -> int:
        """The class in the column ``label``, 1 smoke or 0 none.

        Raises:
            DataError: It is neither.
        """
        text = self.values["label"]
        if text not in {"0", "1"}:
            raise DataError("a label is wrong", where=self.where, got=repr(text), allowed="1, 0")
        return int(text)


def read_rows(
    path: Path,
    what: str = "prediction",
    *,
    columns: Sequence[str] = (),
    may_be_empty: bool = False,
) -> list[Row]:
    """The lines of a CSV file with a header; blank ones are passed over.

    Args:
        path: The file.
        what: What a line holds, for messages.
        columns: Those that must be there.
        may_be_empty: Whether a header alone will do.

    Raises:
        DataError: The file cannot be read, lacks a column, names one twice, holds no line, or one
            with more values than columns.
    """
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", restkey=SURPLUS)
            names = reader.fieldnames or ()
            rows = [Row(f"{path}:{reader.line_num}", values) for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        got = getattr(error, "strerror", None) or error
        raise DataError(f"the {what}s cannot be read", where=path, got=got) from None
    _require_clear_columns(names, rows, path)
    if not rows and not may_be_empty:
        raise DataError(f"the file holds no {what}", where=path)
    if not set(columns) <= set(names):
        raise missing_column(names, path, ", ".join(columns))
    return rows


def _require_clear_columns(names: Sequence[str], rows: Sequence[Row], path: Path) -> None:
    """Refuse what would be read as another column than was meant."""
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        raise DataError("a column is named twice", where=path, got=", ".join(names))
    for row in rows:
        if any(row.values.get(SURPLUS, "")):
            raise DataError(
                "a line has more values than columns",
                where=row.where,
                allowed=counted(len(names), "value"),
                hint="write decimals with a point, and quote what holds a comma",
            )


def parse_predictions(rows: Sequence[Row], path: Path) -> list[Prediction]:
    """Our own predictions.

    Raises:
        DataError: A column is missing, a logit is no finite number, or a clip comes twice.
    """
    if not set(COLUMNS) <= rows[0].values.keys():
        raise missing_column(rows[0].values, path, ", ".join(COLUMNS))
    seen: set[tuple[str, str]] = set()
    predictions: list[Prediction] = []
    for row in rows:
        clip, fold = row.values["id"], row.values["fold"]
        if (clip, fold) in seen:
            raise DataError("a clip comes twice", where=row.where, got=clip)
        seen.add((clip, fold))
        predictions.append(Prediction(clip, fold, row.number("logit")))
    return predictions


def judge_cells(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> Judged:
    """Predictions on shared cells, each weighted by the clips it stands for.

    Args:
        predictions: One for each of ``cells``, in the same order.
        cells: The clips.
    """
    return Judged(
        np.array([cell.label for cell in cells], dtype=np.int64),
        np.array([prediction.smoke for prediction in predictions], dtype=np.int64),
        np.array([prediction.logit for prediction in predictions]),
        np.array([cell.population_weight for cell in cells]),
    )


def missing_column(names: Iterable[str], path: Path, allowed: str) -> DataError:
    """The error of a file that lacks a column; ``names`` are those it has."""
    got = ", ".join(name for name in names if name)
    return DataError("a column is missing", where=path, got=got, allowed=allowed)
