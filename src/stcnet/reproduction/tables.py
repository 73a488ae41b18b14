"""The table for people, as text."""

from __future__ import annotations

from collections.abc import Mapping

from stcnet.evaluation.tables import HEADINGS, Table, format_estimate
from stcnet.reproduction.results import CHECKED, Cell, Reproduction, RowResult
from stcnet.reproduction.rows import SPLITS, Row, named_row

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


def share(value: float, decimals: int = 3) -> str:
    """A published share without its leading zero.

    >>> share(0.817), share(0.8, 2), share(1.0)
    ('.817', '.80', '1.000')
    """
    return f"{value:.{decimals}f}".removeprefix("0")


def markdown(table: Reproduction) -> str:
    """What the command prints: F-scores beside the published ones, then every metric."""
    parts = [
        _heading(table),
        _f_scores(table),
        check_text(table),
        _all_metrics(table),
        _reasons(table),
    ]
    return "\n\n".join(part for part in parts if part)


def _heading(table: Reproduction) -> str:
    lines = [f"Data: {table.facts.title}. {table.facts.protocol}"]
    if table.budget == "quick":
        lines.append("QUICK: not a reproduction. A few epochs of small pictures, no more.")
    if table.facts.departure is not None:
        lines.append(f"Not the published protocol: {table.facts.departure}.")
    return "\n\n".join(lines)


def _f_scores(table: Reproduction) -> str:
    head = ("method", "started from", "F", *SPLITS, "mean", "comparable")
    lines = tuple(
        (
            result.row.title,
            result.start or "-",
            HEADINGS[result.metric],
            *(split_text(result, split) for split in SPLITS),
            mean_text(result),
            verdict(result),
        )
        for result in table.rows
    )
    return "Ours (95 % interval) / published:\n\n" + Table(head, lines).markdown()


def check_text(table: Reproduction) -> str:
    """What the published predictions come to in our hands; empty where there are none."""
    row = named_row(CHECKED)
    if not table.checks or row.published is None:
        return ""
    metric = row.published.metric
    scores = ", ".join(
        f"{split} {share(scores.values[metric])} / {_theirs(row, split)}"
        for split, scores in table.checks.items()
    )
    return (
        f"Check of the protocol: the published predictions of {row.title}, judged as ours, give"
        f" {HEADINGS[metric]} {scores}."
    )


def split_text(result: RowResult, split: str) -> str:
    """Our F of a split with its interval, and the published one."""
    return f"{_ours(result.cells[split], result.metric)} / {_theirs(result.row, split)}"


def _theirs(row: Row, split: str) -> str:
    published = row.published
    return "-" if published is None else share(published.scores[split], published.decimals)


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
    lines = []
    for result in table.rows:
        if (average := result.average) is not None:
            estimates = average.estimates()
            numbers = (format_estimate(estimates[name]) for name in HEADINGS)
            lines.append((result.row.title, " ".join(result.done), *numbers))
    head = ("method", "mean of", *HEADINGS.values())
    return "Every metric:\n\n" + Table(head, tuple(lines)).markdown() if lines else ""


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
