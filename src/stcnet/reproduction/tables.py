"""The table for people and programs: Markdown, CSV and JSON of the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.tables import HEADINGS, format_estimate, rounded
from stcnet.reproduction.results import Cell, Reproduction, RowResult
from stcnet.reproduction.rows import SPLITS

DEFINITIONS: Mapping[str, str] = {
    "smoke_f1": "F1 of the smoke class, 2 TP / (2 TP + FP + FN): the F of RISE",
    "macro_f1": "mean of the F1 of both classes",
    "weighted_f1": "mean of the F1 of both classes by their prevalence: what STCNet's own rows fit",
    "accuracy": "share of clips judged right",
    "precision": "share of alarms that are smoke",
    "recall": "share of smoke that raises an alarm",
    "roc_auc": "chance that a clip with smoke scores above one without",
    "average_precision": "mean over the smoke of the precision of the alarms at its score or above",
}
"""Of every metric; clips are called smoke above logit 0."""

COLUMNS = (
    *("row", "title", "split", "state", "reason", "budget", "start", "trained_on", "clips"),
    *("metric", "value", "low", "high", "published", "comparable", "notes"),
)


def share(value: float) -> str:
    """A published share without its leading zero, with two or three decimals as it was printed.

    >>> share(0.817), share(0.8), share(1.0)
    ('.817', '.80', '1.00')
    """
    decimals = 2 if round(value, 2) == round(value, 3) else 3
    return f"{value:.{decimals}f}".removeprefix("0")


def markdown(table: Reproduction) -> str:
    """What the command prints: F-scores beside the published ones, then every metric."""
    parts = [_heading(table), _f_scores(table), _all_metrics(table), _reasons(table)]
    return "\n\n".join(part for part in parts if part)


def _heading(table: Reproduction) -> str:
    lines = [f"Data: {table.facts.title}. {table.facts.protocol}"]
    if table.budget == "quick":
        lines.append("QUICK: not a reproduction. A few epochs of small pictures, no more.")
    if table.facts.departure is not None:
        lines.append(f"Not the published protocol: {table.facts.departure}.")
    return "\n\n".join(lines)


def _f_scores(table: Reproduction) -> str:
    head = ["method", "started from", "F", *SPLITS, "mean", "comparable"]
    lines = [head, ["---"] * len(head)]
    for result in table.rows:
        cells = [split_text(result, split) for split in SPLITS]
        lines.append([
            result.row.title,
            result.start or "-",
            HEADINGS[result.metric],
            *cells,
            mean_text(result),
            verdict(result),
        ])  # fmt: skip
    return "Ours (95 % interval) / published:\n\n" + _table(lines)


def split_text(result: RowResult, split: str) -> str:
    """Our F of a split with its interval, and the published one."""
    cell, published = result.cells[split], result.row.published
    theirs = share(published.scores[split]) if published is not None else "-"
    return f"{_ours(cell, result.metric)} / {theirs}"


def _ours(cell: Cell, metric: str) -> str:
    if cell.scores is not None:
        return format_estimate(cell.scores.estimates()[metric])
    return {"failed": "failed", "open": "not run", "absent": "not in the data"}[cell.state]


def mean_text(result: RowResult) -> str:
    """Our mean over the splits that are done, and the published one over the same."""
    average, theirs = result.average, result.published_average
    if average is None:
        return "-"
    ours = format_estimate(average.estimates()[result.metric])
    return f"{ours} / {share(theirs) if theirs is not None else '-'}"


def verdict(result: RowResult) -> str:
    """Whether our scores may be set beside the published ones, or why not."""
    if not result.done:
        return "-"
    if result.comparable:
        return f"yes, by {HEADINGS[result.metric]}"
    return "; ".join(result.notes) or "nothing published"


def _all_metrics(table: Reproduction) -> str:
    done = [result for result in table.rows if result.average is not None]
    if not done:
        return ""
    head = ["method", "mean of", *HEADINGS.values()]
    lines = [head, ["---"] * len(head)]
    for result in done:
        assert result.average is not None
        estimates = result.average.estimates()
        numbers = [format_estimate(estimates[name]) for name in HEADINGS]
        lines.append([result.row.title, " ".join(result.done), *numbers])
    return "Every metric:\n\n" + _table(lines)


def _reasons(table: Reproduction) -> str:
    return "\n".join(f"- {line}" for line in reasons(table))


def reasons(table: Reproduction) -> list[str]:
    """Why jobs failed and splits are absent, one line each."""
    absent = {
        f"{split}: {cell.reason}"
        for result in table.rows
        for split, cell in result.cells.items()
        if cell.state == "absent"
    }
    failed = [
        f"{result.row.name} {split} failed: {cell.reason}"
        for result in table.rows
        for split, cell in result.cells.items()
        if cell.state == "failed"
    ]
    return [*sorted(absent), *failed]


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_csv(table: Reproduction) -> str:
    """One line for each row, split and metric; one for a split without scores."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for result in table.rows:
        for line in _csv_lines(table, result):
            writer.writerow({name: "" if value is None else value for name, value in line.items()})
    return stream.getvalue()


def _csv_lines(table: Reproduction, result: RowResult) -> Iterator[dict[str, Any]]:
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
        if cell.scores is None:
            yield line | {"metric": result.metric, "published": published}
            continue
        assert cell.record is not None
        line |= {"start": cell.record.start, "trained_on": cell.record.trained_on}
        for name, estimate in cell.scores.estimates().items():
            theirs = published if name == result.metric else None
            yield (
                line | {"clips": cell.scores.clips, "published": theirs} | _numbers(name, estimate)
            )


def _numbers(name: str, estimate: Estimate) -> dict[str, Any]:
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {"metric": name} | {key: rounded(value) for key, value in numbers.items()}


def as_json(table: Reproduction) -> str:
    """Everything, numbers rounded to 4 decimals."""
    content = {
        "data": table.facts.title,
        "protocol": table.facts.protocol,
        "departure": table.facts.departure,
        "attribution": table.facts.attribution,
        "budget": table.budget,
        "reproduction": table.budget == "full",
        "metrics": DEFINITIONS,
        "rows": [_row_json(result) for result in table.rows],
    }
    return json.dumps(content, indent=1) + "\n"


def _row_json(result: RowResult) -> dict[str, Any]:
    published, average = result.row.published, result.average
    return {
        "row": result.row.name,
        "title": result.row.title,
        "published": None
        if published is None
        else {
            "metric": published.metric,
            "labels": published.labels,
            "scores": published.scores,
            "average": published.average,
            "latency_ms": published.latency_ms,
            "source": published.source,
        },
        "comparable": result.comparable,
        "notes": result.notes,
        "departure": result.row.departure,
        "splits": {split: _cell_json(cell) for split, cell in result.cells.items()},
        "mean": None
        if average is None
        else {"splits": list(result.done), "metrics": _estimates_json(average.estimates())},
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    content: dict[str, Any] = {"state": cell.state, "reason": cell.reason}
    if cell.scores is not None and cell.record is not None:
        content |= cell.record.model_dump(include={"start", "trained_on", "seconds"})
        content |= {"clips": cell.scores.clips, "metrics": _estimates_json(cell.scores.estimates())}
    return content


def _estimates_json(estimates: Mapping[str, Estimate]) -> dict[str, list[float | None]]:
    return {
        name: [rounded(number) for number in (estimate.value, estimate.low, estimate.high)]
        for name, estimate in estimates.items()
    }
