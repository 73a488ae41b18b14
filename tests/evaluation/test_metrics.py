"""The metrics against scikit-learn, on random and on degenerate input."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.exceptions import UndefinedMetricWarning

from stcnet.evaluation.metrics import METRICS, Judged, metrics_of, where_told

REFERENCES: dict[str, Callable[[Judged], float]] = {
    "smoke_f1": lambda j: f1(j, pos_label=1),
    "macro_f1": lambda j: f1(j, average="macro", labels=[0, 1]),
    "weighted_f1": lambda j: f1(j, average="weighted", labels=[0, 1]),
    "accuracy": lambda j: reference.accuracy_score(
        j.labels, j.predictions, sample_weight=j.weights),
    "precision": lambda j: reference.precision_score(
        j.labels, j.predictions, sample_weight=j.weights, zero_division=0),
    "recall": lambda j: reference.recall_score(
        j.labels, j.predictions, sample_weight=j.weights, zero_division=0),
    "roc_auc": lambda j: ranking(reference.roc_auc_score, j),
    "average_precision": lambda j: ranking(reference.average_precision_score, j),
}  # fmt: skip


def f1(judged: Judged, **options: Any) -> float:
    return float(reference.f1_score(
        judged.labels, judged.predictions, sample_weight=judged.weights, zero_division=0, **options
    ))  # fmt: skip


def ranking(metric: Callable[..., float], judged: Judged) -> float:
    """NaN where the ranking says nothing, which scikit-learn warns of."""
    if not judged.labels.any():
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return float(metric(judged.labels, judged.scores, sample_weight=judged.weights))


def judged_of(
    labels: list[int], scores: list[float], weights: list[float], threshold: float = 0.0
) -> Judged:
    values = np.array(scores, dtype=np.float64)
    predictions = (values > threshold).astype(np.int64)
    return Judged(np.array(labels), predictions, values, np.array(weights, dtype=np.float64))


@st.composite
def judged_clips(draw: st.DrawFn) -> Judged:
    """Few distinct scores, so that ties are common; one class alone now and then."""
    count = draw(st.integers(1, 30))
    labels = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    scores = draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count))
    weights = draw(st.lists(st.floats(0.1, 60), min_size=count, max_size=count))
    return judged_of(labels, [float(score) for score in scores], weights)


def compare(judged: Judged) -> None:
    values = metrics_of(judged)
    assert values.keys() == REFERENCES.keys() == METRICS.keys()
    for name, value in values.items():
        expected = REFERENCES[name](judged)
        assert value == pytest.approx(expected, abs=1e-9, nan_ok=True), name


@given(judged_clips())
def test_equal_scikit_learn(judged: Judged) -> None:
    compare(judged)


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(judged_of([1, 1, 1], [1, -1, 2], [1, 2, 3]), id="smoke alone"),
        pytest.param(judged_of([0, 0, 0], [1, -1, 2], [1, 2, 3]), id="no smoke"),
        pytest.param(judged_of([0, 1, 1, 0], [1, 1, 1, 1], [1, 2, 3, 4]), id="all ties, alarms"),
        pytest.param(judged_of([0, 1, 1, 0], [-1, -1, -1, -1], [1, 2, 3, 4]), id="no alarm"),
        pytest.param(judged_of([0, 1], [-2, 2], [1, 1]), id="perfect"),
        pytest.param(judged_of([0, 1], [2, -2], [1, 1]), id="all wrong"),
        pytest.param(judged_of([1], [1], [7]), id="one clip"),
        pytest.param(judged_of([0, 1, 1], [1e300, -1e300, 1e-300], [1, 1, 1]), id="extremes"),
    ],
)
def test_degenerate_tests_equal_scikit_learn(judged: Judged) -> None:
    compare(judged)


@given(judged_clips(), st.integers(0, 2**32))
def test_rows_of_weights_are_judged_one_by_one(judged: Judged, seed: int) -> None:
    # Clips with weight 0, as a bootstrap that has not drawn them, change nothing.
    factors = np.random.default_rng(seed).integers(0, 3, (4, len(judged)))
    together = judged.weighted(factors)
    for name, metric in METRICS.items():
        values = metric(together)
        assert values.shape == (4,)
        for row, drawn in enumerate(factors):
            kept = drawn > 0
            if not kept.any():
                continue
            alone = Judged(
                judged.labels[kept], judged.predictions[kept], judged.scores[kept],
                (judged.weights * drawn)[kept],
            )  # fmt: skip
            expected = float(metric(alone))
            assert values[row] == pytest.approx(expected, abs=1e-9, nan_ok=True), name


def test_an_empty_group_has_no_ranking_and_otherwise_zero() -> None:
    values = metrics_of(judged_of([], [], []))
    assert np.isnan([values.pop("roc_auc"), values.pop("average_precision")]).all()
    assert set(values.values()) == {0.0}
    assert all(np.isnan(where_told(name, judged_of([], [], []))) for name in METRICS)


@given(judged_clips())
def test_what_is_told_is_the_metric(judged: Judged) -> None:
    classes = set(judged.labels.tolist())
    for name, metric in METRICS.items():
        needed = {"accuracy": set(), "recall": {1}}.get(name, {0, 1})
        told = float(where_told(name, judged))
        assert np.isnan(told) or told == float(metric(judged))
        assert np.isnan(told) != (needed <= classes)


def test_a_planted_flip_of_labels_or_classes_moves_every_metric() -> None:
    judged = judged_of([1, 1, 1, 0, 0, 0, 0], [3, 2, -1, 1, -2, -3, -4], [1] * 7)
    flips = {
        "label flip": judged_of([0, 1, 1, 0, 0, 0, 1], [3, 2, -1, 1, -2, -3, -4], [1] * 7),
        "class order": judged_of([1, 1, 1, 0, 0, 0, 0], [-3, -2, 1, -1, 2, 3, 4], [1] * 7),
    }
    values = metrics_of(judged)
    for kind, flipped in flips.items():
        for name, value in metrics_of(flipped).items():
            assert value < values[name], (kind, name)


def test_no_weight_at_all_has_no_ranking() -> None:
    values = metrics_of(judged_of([0, 1], [0, 1], [0, 0]))
    assert np.isnan([values.pop("roc_auc"), values.pop("average_precision")]).all()
    assert set(values.values()) == {0.0}
