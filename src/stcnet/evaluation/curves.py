"""ROC and precision-recall curves of weighted clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcnet.evaluation.metrics import FloatArray, Judged, by_score


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Recall against false alarms, one point a threshold, from no alarm to nothing but alarms.

    Attributes:
        thresholds: Smoke is called from this score on; infinity first; shape (K + 1,).
        false_positive_rates: Share of the smoke-free weight that raises an alarm, 0..1.
        recalls: Share of the smoke that raises an alarm, 0..1.
    """

    thresholds: FloatArray
    false_positive_rates: FloatArray
    recalls: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecallCurve:
    """Precision against recall, one point a threshold, highest threshold first.

    Attributes:
        thresholds: Smoke is called from this score on; shape (K,).
        precisions: Share of the alarms that are smoke, 0..1.
        recalls: Share of the smoke that raises an alarm, 0..1.
    """

    thresholds: FloatArray
    precisions: FloatArray
    recalls: FloatArray


def roc_curve(judged: Judged) -> RocCurve:
    """The ROC curve of clips with weights of shape (N,); ties are one point.

    The area under its straight lines is :func:`stcnet.evaluation.metrics.roc_auc`.

    Raises:
        ValueError: A class is missing.
    """
    scores, smoke, none = by_score(judged)
    if smoke.sum() <= 0 or none.sum() <= 0:
        raise ValueError("a ROC curve needs clips with smoke and clips without")
    return RocCurve(
        np.concatenate([[np.inf], scores]),
        np.concatenate([[0.0], none.cumsum() / none.sum()]),
        np.concatenate([[0.0], smoke.cumsum() / smoke.sum()]),
    )


def precision_recall_curve(judged: Judged) -> PrecisionRecallCurve:
    """The precision-recall curve of clips with weights of shape (N,); ties are one point.

    The precisions, each weighted by the recall that its point adds, sum up to
    :func:`stcnet.evaluation.metrics.average_precision`.

    Raises:
        ValueError: No clip shows smoke.
    """
    scores, smoke, none = by_score(judged)
    if smoke.sum() <= 0:
        raise ValueError("a precision-recall curve needs clips with smoke")
    found, alarms = smoke.cumsum(), (smoke + none).cumsum()
    raised = alarms > 0  # a score that only clips without weight have raises nothing
    return PrecisionRecallCurve(
        scores[raised], found[raised] / alarms[raised], found[raised] / smoke.sum()
    )
