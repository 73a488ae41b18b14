"""The table for programs: CSV and JSON of the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from stcnet.evaluation.estimates import Replicated
from stcnet.evaluation.tables import triple
from stcnet.reproduction.results import CHECKED, Cell, Reproduction, RowResult
from stcnet.reproduction.tables import DEFINITIONS

COLUMNS = (
    *("row", "title", "split", "state", "reason", "budget", "start", "trained_on", "clips"),
    *("metric", "value", "low", "high", "published", "comparable", "notes"),
)


def as_csv(table: Reproduction) -> str:
    """One line for each row, split and metric; one for a split without scores."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for result in table.rows:
        for line in _lines(table, result):
            writer.writerow({name: "" if value is None else value for name, value in line.items()})
    return stream.getvalue()


def _lines(table: Reproduction, result: RowResult) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {
        "row": result.row.name,
        "title": result.row.title,
        "budget": table.budget,
        "comparable": "yes" if result.comparable else "no",
        "notes": "; ".join(result.notes),
    }
    for split, cell in result.cells.items():
        line = row | {"split": split, "state": cell.state, "reason": cell.reason}
        published = result.row.published.scores[split] if result.row.published else None
        if cell.scores is None or cell.record is None:
            yield line | {"metric": result.metric, "published": published}
            continue
        line |= {"start": cell.record.start, "trained_on": cell.record.trained_on}
        for name, numbers in _metrics(cell.scores).items():
            yield line | {
                "clips": cell.scores.clips,
                "metric": name,
                **dict(zip(("value", "low", "high"), numbers, strict=True)),
                "published": published if name == result.metric else None,
            }


def _metrics(scores: Replicated) -> dict[str, list[float | None]]:
    return {name: triple(estimate) for name, estimate in scores.estimates().items()}


def as_json(table: Reproduction) -> str:
    """Everything; an estimate is ``[value, low, high]``, rounded to 4 decimals."""
    content = {
        **asdict(table.facts),
        "budget": table.budget,
        "reproduction": table.budget == "full" and table.facts.departure is None,
        "metrics": DEFINITIONS,
        "check": {"row": CHECKED, "splits": {s: _metrics(c) for s, c in table.checks.items()}},
        "rows": [_row(result) for result in table.rows],
    }
    return json.dumps(content, indent=1) + "\n"


def _row(result: RowResult) -> dict[str, Any]:
    published, average = result.row.published, result.average
    return {
        "row": result.row.name,
        "title": result.row.title,
        "published": asdict(published) if published is not None else None,
        "comparable": result.comparable,
        "notes": result.notes,
        "differs": result.row.departure,
        "splits": {split: _cell(cell) for split, cell in result.cells.items()},
        "mean": {"splits": list(result.done), "metrics": _metrics(average)} if average else None,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    content: dict[str, Any] = {"state": cell.state, "reason": cell.reason}
    if cell.scores is not None and cell.record is not None:
        content |= cell.record.model_dump(include={"start", "trained_on", "seconds"})
        content |= {"clips": cell.scores.clips, "metrics": _metrics(cell.scores)}
    return content
