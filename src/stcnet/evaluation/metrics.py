"""The field's metrics, always printed together, because its papers do not share one.

Every function takes labels and scores of single clips and a weight for each: how many clips of
the full test set it stands for. With weights of one they are the plain metrics; with the
population weights of a sampled test set they estimate the metrics of the full one. With a row of
weights for each of many bootstrap replicates they judge all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntVector = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Clips with their labels and what a model says of them.

    Attributes:
        labels: 1 smoke, 0 none; shape (N,).
        predictions: 1 smoke, 0 none; shape (N,).
        scores: Higher is smokier; shape (N,). Probability, logit, or the predictions themselves.
        weights: How many clips each stands for, 0 or more; shape (..., N). Each metric has the
            leading shape.
    """

    labels: IntVector
    predictions: IntVector
    scores: FloatArray
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, chosen: NDArray[np.bool_] | IntVector) -> Judged:
        """The clips where ``chosen``, shape (N,), is true, or those at the positions it holds."""
        return Judged(
            self.labels[chosen],
            self.predictions[chosen],
            self.scores[chosen],
            self.weights[..., chosen],
        )

    def weighted(self, factors: NDArray[np.int64]) -> Judged:
        """The same clips with weights multiplied by ``factors``, shape (..., N)."""
        return replace(self, weights=self.weights * factors)


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Weighted counts of a two-class test; the counts and all that follows share one shape."""

    true_positives: FloatArray
    false_positives: FloatArray
    false_negatives: FloatArray
    true_negatives: FloatArray

    @classmethod
    def of(cls, judged: Judged) -> Confusion:
        """Count what was predicted."""
        smoke, said = judged.labels == 1, judged.predictions == 1
        cells = (smoke & said, ~smoke & said, smoke & ~said, ~smoke & ~said)
        return cls(*(judged.weights[..., cell].sum(axis=-1) for cell in cells))

    @property
    def smoke_f1(self) -> FloatArray:
        """F1 of the smoke class, RISE's own F-score: 2 TP / (2 TP + FP + FN)."""
        return _f1(self.true_positives, self.false_positives, self.false_negatives)

    @property
    def none_f1(self) -> FloatArray:
        """F1 of the class without smoke."""
        return _f1(self.true_negatives, self.false_negatives, self.false_positives)

    @property
    def positives(self) -> FloatArray:
        """Weight of the clips that show smoke."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> FloatArray:
        """Weight of the clips that show none."""
        return self.true_negatives + self.false_positives


def _f1(hits: FloatArray, false: FloatArray, missed: FloatArray) -> FloatArray:
    return _ratio(2 * hits, 2 * hits + false + missed)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Share, 0 where there is nothing to share (as scikit-learn's zero_division=0)."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0)


def smoke_f1(judged: Judged) -> FloatArray:
    """F1 of the smoke class, 0..1."""
    return Confusion.of(judged).smoke_f1


def macro_f1(judged: Judged) -> FloatArray:
    """Mean of the F1 of both classes, 0..1."""
    confusion = Confusion.of(judged)
    return (confusion.smoke_f1 + confusion.none_f1) / 2


def weighted_f1(judged: Judged) -> FloatArray:
    """Mean of the F1 of both classes by their prevalence, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.smoke_f1 * c.positives + c.none_f1 * c.negatives, c.positives + c.negatives)


def accuracy(judged: Judged) -> FloatArray:
    """Share of clips judged right, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives + c.true_negatives, c.positives + c.negatives)


def precision(judged: Judged) -> FloatArray:
    """Share of alarms that are smoke, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives, c.true_positives + c.false_positives)


def recall(judged: Judged) -> FloatArray:
    """Share of smoke that raises an alarm, 0..1."""
    c = Confusion.of(judged)
    return _ratio(c.true_positives, c.positives)


def roc_auc(judged: Judged) -> FloatArray:
    """Area under the ROC curve, 0..1; NaN where only one class is present.

    The chance that a clip with smoke scores above one without, ties counting half.
    """
    _, smoke, none = by_score(judged)
    beaten = smoke.cumsum(axis=-1) - smoke / 2
    pairs = smoke.sum(axis=-1) * none.sum(axis=-1)
    return _known(pairs > 0, _ratio((none * beaten).sum(axis=-1), pairs))


def average_precision(judged: Judged) -> FloatArray:
    """Average precision of the smoke class, 0..1; NaN where no clip shows smoke.

    The mean over the smoke of the precision of the alarms at its score or above.
    """
    _, smoke, none = by_score(judged)
    found = smoke.cumsum(axis=-1)
    precisions = _ratio(found, found + none.cumsum(axis=-1))
    total = smoke.sum(axis=-1)
    return _known(total > 0, _ratio((smoke * precisions).sum(axis=-1), total))


def by_score(judged: Judged) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What stands at each of the K distinct scores, highest first.

    Returns:
        The scores, shape (K,), and the weight with and without smoke at each, shape (..., K).
    """
    order = np.argsort(-judged.scores, kind="stable")
    ranked = judged.scores[order]
    is_new = np.ones(len(ranked), dtype=bool)
    is_new[1:] = ranked[1:] != ranked[:-1]
    starts = np.flatnonzero(is_new)
    smoke = (judged.labels == 1)[order]
    weights = judged.weights[..., order]
    return (
        ranked[starts],
        np.add.reduceat(weights * smoke, starts, axis=-1),
        np.add.reduceat(weights * ~smoke, starts, axis=-1),
    )


def _known(known: NDArray[np.bool_], values: FloatArray) -> FloatArray:
    return np.where(known, values, np.nan)


METRICS: Mapping[str, Callable[[Judged], FloatArray]] = {
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


RANKINGS = ("roc_auc", "average_precision")
"""Metrics of the order of the scores; of mere decisions they say nothing."""


def where_told(name: str, judged: Judged) -> FloatArray:
    """A metric, NaN where the clips cannot tell it.

    A group of clips without smoke has no recall; one without both classes has neither precision
    nor F, whatever zero or one the formulas give it; one without any weight has no metric.

    Args:
        name: Of :data:`METRICS`.
        judged: The clips.
    """
    smoke = judged.weights @ (judged.labels == 1)
    none = judged.weights @ (judged.labels == 0)
    told = {"accuracy": smoke + none > 0, "recall": smoke > 0}
    return _known(told.get(name, (smoke > 0) & (none > 0)), METRICS[name](judged))


def metrics_of(judged: Judged) -> dict[str, float]:
    """All metrics of clips with weights of shape (N,)."""
    return {name: float(metric(judged)) for name, metric in METRICS.items()}
