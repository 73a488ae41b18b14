"""The field's metrics, always printed together, because its papers do not share one.

Every function takes labels and scores of single clips and a weight for each: how many clips of
the full test set it stands for. With weights of one they are the plain metrics; with the
population weights of a sampled test set they estimate the metrics of the full one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

FloatVector = NDArray[np.float64]
IntVector = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Clips with their labels and what a model says of them.

    Attributes:
        labels: 1 smoke, 0 none; shape (N,).
        predictions: 1 smoke, 0 none; shape (N,).
        scores: Higher is smokier; shape (N,). Probability, logit, or the predictions themselves.
        weights: How many clips each stands for, above 0; shape (N,).
    """

    labels: IntVector
    predictions: IntVector
    scores: FloatVector
    weights: FloatVector

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: NDArray[Any]) -> Judged:
        """The clips at ``rows`` (indices or mask); repeated indices repeat clips."""
        return Judged(
            self.labels[rows], self.predictions[rows], self.scores[rows], self.weights[rows]
        )


@dataclass(frozen=True, slots=True)
class Confusion:
    """Weighted counts of a two-class test."""

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float

    @classmethod
    def of(cls, judged: Judged) -> Confusion:
        """Count what was predicted."""
        smoke, said = judged.labels == 1, judged.predictions == 1

        def total(mask: NDArray[np.bool_]) -> float:
            return float(judged.weights[mask].sum())

        return cls(
            total(smoke & said), total(~smoke & said), total(smoke & ~said), total(~smoke & ~said)
        )

    @property
    def smoke_f1(self) -> float:
        """F1 of the smoke class, RISE's own F-score: 2 TP / (2 TP + FP + FN)."""
        return _f1(self.true_positives, self.false_positives, self.false_negatives)

    @property
    def none_f1(self) -> float:
        """F1 of the class without smoke."""
        return _f1(self.true_negatives, self.false_negatives, self.false_positives)

    @property
    def positives(self) -> float:
        """Weight of the clips that show smoke."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> float:
        """Weight of the clips that show none."""
        return self.true_negatives + self.false_positives


def _f1(hits: float, false: float, missed: float) -> float:
    return _ratio(2 * hits, 2 * hits + false + missed)


def _ratio(part: float, whole: float) -> float:
    """Share, 0 where there is nothing to share (as scikit-learn's zero_division=0)."""
    return part / whole if whole > 0 else 0.0


def smoke_f1(judged: Judged) -> float:
    """F1 of the smoke class, 0..1."""
    return Confusion.of(judged).smoke_f1


def macro_f1(judged: Judged) -> float:
    """Mean of the F1 of both classes, 0..1."""
    confusion = Confusion.of(judged)
    return (confusion.smoke_f1 + confusion.none_f1) / 2


def weighted_f1(judged: Judged) -> float:
    """Mean of the F1 of both classes by their prevalence, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.smoke_f1 * c.positives + c.none_f1 * c.negatives, c.positives + c.negatives)


def accuracy(judged: Judged) -> float:
    """Share of clips judged right, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives + c.true_negatives, c.positives + c.negatives)


def precision(judged: Judged) -> float:
    """Share of alarms that are smoke, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives, c.true_positives + c.false_positives)


def recall(judged: Judged) -> float:
    """Share of smoke that raises an alarm, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives, c.positives)


def roc_auc(judged: Judged) -> float:
    """Area under the ROC curve, 0..1; NaN where only one class is present."""
    if len(np.unique(judged.labels)) < 2:
        return float("nan")
    return float(roc_auc_score(judged.labels, judged.scores, sample_weight=judged.weights))


def average_precision(judged: Judged) -> float:
    """Average precision of the smoke class, 0..1; NaN where no clip shows smoke."""
    if not (judged.labels == 1).any():
        return float("nan")
    return float(
        average_precision_score(judged.labels, judged.scores, sample_weight=judged.weights)
    )


METRICS: Mapping[str, Callable[[Judged], float]] = {
    "smoke_f1": smoke_f1,
    "macro_f1": macro_f1,
    "weighted_f1": weighted_f1,
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
}
"""All metrics, in the order of the tables."""
