"""ROC and precision-recall curves against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from stcnet.evaluation.curves import precision_recall_curve, roc_curve
from stcnet.evaluation.metrics import Judged, average_precision, roc_auc


def judged_of(labels: list[int], scores: list[float], weights: list[float]) -> Judged:
    values = np.array(scores, dtype=np.float64)
    return Judged(
        np.array(labels), (values > 0).astype(np.int64), values, np.array(weights, dtype=float)
    )


@st.composite
def both_classes(draw: st.DrawFn) -> Judged:
    """Few distinct scores, so that ties are common; at least one clip of each class."""
    count = draw(st.integers(0, 25))
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))]
    values = st.integers(-3, 3).map(float)
    scores = draw(st.lists(values, min_size=count + 2, max_size=count + 2))
    weights = draw(st.lists(st.floats(0.1, 60), min_size=count + 2, max_size=count + 2))
    return judged_of(labels, scores, weights)


@given(both_classes())
def test_the_roc_curve_equals_scikit_learn(judged: Judged) -> None:
    curve = roc_curve(judged)
    rates, recalls, thresholds = reference.roc_curve(
        judged.labels, judged.scores, sample_weight=judged.weights, drop_intermediate=False
    )
    assert curve.false_positive_rates == pytest.approx(rates)
    assert curve.recalls == pytest.approx(recalls)
    assert curve.thresholds.tolist() == thresholds.tolist()


@given(both_classes())
def test_the_precision_recall_curve_equals_scikit_learn(judged: Judged) -> None:
    curve = precision_recall_curve(judged)
    precisions, recalls, thresholds = reference.precision_recall_curve(
        judged.labels, judged.scores, sample_weight=judged.weights
    )
    # scikit-learn goes up in threshold and adds the point of no alarm.
    assert curve.precisions[::-1] == pytest.approx(precisions[:-1])
    assert curve.recalls[::-1] == pytest.approx(recalls[:-1])
    assert curve.thresholds[::-1].tolist() == thresholds.tolist()


@given(both_classes())
def test_the_areas_are_the_metrics(judged: Judged) -> None:
    roc, pr = roc_curve(judged), precision_recall_curve(judged)
    area = np.sum(np.diff(roc.false_positive_rates) * (roc.recalls[1:] + roc.recalls[:-1]) / 2)
    assert area == pytest.approx(float(roc_auc(judged)))
    steps = np.sum(np.diff(pr.recalls, prepend=0) * pr.precisions)
    assert steps == pytest.approx(float(average_precision(judged)))


@pytest.mark.parametrize("labels", [[1, 1], [0, 0]], ids=["smoke alone", "no smoke"])
def test_one_class_has_no_roc_curve(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="clips with smoke and clips without"):
        roc_curve(judged_of(labels, [0, 1], [1, 1]))


def test_clips_without_weight_are_no_points() -> None:
    curve = precision_recall_curve(judged_of([1, 1, 0], [0.5, 2, 3], [1, 1, 0]))
    assert curve.thresholds.tolist() == [2, 0.5]
    assert curve.precisions.tolist() == [1, 1]
    with pytest.raises(ValueError, match="needs clips with smoke"):
        precision_recall_curve(judged_of([0], [1], [1]))
