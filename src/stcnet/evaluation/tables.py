"""Scores as a table in Markdown and as JSON, so that a text and its numbers cannot part."""

from __future__ import annotations

import math
from collections.abc import Sequence

from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.protocol import GroupScores

HEADINGS = {
    "smoke_f1": "smoke F1",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
}


def markdown_table(rows: Sequence[GroupScores]) -> str:
    """One line a fold and group, every metric with its 95 % interval."""
    head = ["clips of", "fold", "n", *(HEADINGS[name] for name in METRICS)]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        cells = [format_estimate(row.metrics[name]) for name in METRICS]
        lines.append([row.group, row.fold, str(row.clips), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_estimate(estimate: Estimate) -> str:
    """A value with its interval.

    >>> format_estimate(Estimate(0.7123, 0.66, 0.7549))
    '.712 (.660-.755)'
    """
    return f"{_share(estimate.value)} ({_share(estimate.low)}-{_share(estimate.high)})"


def _share(value: float) -> str:
    """Three decimals without the leading zero, as the field prints F-scores."""
    if math.isnan(value):
        return "n/a"
    return f"{value:.3f}".removeprefix("0")


def as_json(rows: Sequence[GroupScores]) -> list[dict[str, object]]:
    """The same numbers, rounded to 4 decimals, NaN as None."""
    return [
        {
            "fold": row.fold,
            "group": row.group,
            "clips": row.clips,
            "metrics": {
                name: [rounded(e.value), rounded(e.low), rounded(e.high)]
                for name, e in row.metrics.items()
            },
        }
        for row in rows
    ]


def rounded(value: float) -> float | None:
    """Four decimals, None for NaN, which JSON does not know."""
    return None if math.isnan(value) else round(value, 4)
