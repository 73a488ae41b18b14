"""Scores of parts of a sample."""

import numpy as np
import pytest

from stcnet.errors import ConfigError
from stcnet.evaluation.breakdown import break_down, score_whole
from stcnet.evaluation.estimates import LEAST_FREE
from stcnet.evaluation.metrics import METRICS, metrics_of

from .samples import make_sample, random_sample


def test_parts_are_judged_as_if_they_were_alone() -> None:
    sample = random_sample(60)
    views = tuple("ab"[number % 7 < 3] for number in range(60))
    sample = make_sample(
        sample.judged.labels.tolist(), sample.judged.scores.tolist(),
        weights=sample.judged.weights.tolist(), tags={"view": views, "hour": ("09",) * 60},
    )  # fmt: skip
    rows = break_down("mine", sample, ["hour", "view"], count=20)
    assert [(row.by, row.part) for row in rows] == [("hour", "09"), ("view", "a"), ("view", "b")]
    for row in rows[1:]:
        part = sample.part(np.array(views) == row.part)
        assert (row.clips, row.smoke) == (len(part), part.judged.labels.sum())
        values = {name: estimate.value for name, estimate in row.metrics.items()}
        assert values == pytest.approx(metrics_of(part.judged))


ONE_CLASS = {"smoke_f1", "macro_f1", "weighted_f1", "precision", "roc_auc", "average_precision"}


@pytest.mark.parametrize(
    ("label", "unknown"),
    [
        pytest.param(1, ONE_CLASS, id="smoke alone"),
        pytest.param(0, ONE_CLASS | {"recall"}, id="no smoke"),
    ],
)
def test_what_one_class_cannot_tell_is_not_told(label: int, unknown: set[str]) -> None:
    row = score_whole("mine", make_sample([label] * 8, [1, -1] * 4), count=20)
    assert {name for name, each in row.metrics.items() if np.isnan(each.value)} == unknown
    assert row.metrics["accuracy"].value == 0.5
    assert all(np.isnan(row.metrics[name].low) for name in unknown)


def test_decisions_have_no_ranking() -> None:
    row = score_whole("mine", make_sample([0, 1] * 5, [0, 1] * 5, ranked=False), count=20)
    unknown = {name for name, each in row.metrics.items() if np.isnan(each.value)}
    assert unknown == {"roc_auc", "average_precision"}
    assert row.metrics["smoke_f1"].value == 1


@pytest.mark.parametrize(("clusters", "known"), [(LEAST_FREE, False), (LEAST_FREE + 1, True)])
def test_few_clusters_give_no_interval(clusters: int, known: bool) -> None:
    labels = [number % 2 for number in range(20)]
    scores = [float(number % 3) for number in range(20)]
    groups = [number % clusters for number in range(20)]
    row = score_whole("mine", make_sample(labels, scores, clusters=groups), count=200)
    assert row.clusters == clusters
    for name in METRICS:
        assert np.isfinite(row.metrics[name].value)
        assert np.isfinite(row.metrics[name].low) == known


def test_replicates_without_a_class_do_not_count_as_zero() -> None:
    # One clip with smoke in six: a third of the replicates has none.
    row = score_whole("mine", make_sample([1, 0, 0, 0, 0, 0], [1] + [-1.0] * 5), count=200)
    assert row.metrics["recall"].low == 1
    assert row.metrics["smoke_f1"].low == 1


def test_dimensions_that_nobody_told() -> None:
    sample = make_sample([0, 1], [0, 1], tags={"view": ("a", "b")})
    with pytest.raises(ConfigError, match=r"mine: the clips do not tell their hour \(allowed: vi"):
        break_down("mine", sample, ["hour"])
    with pytest.raises(ConfigError, match="do not tell their view; give them RISE names"):
        break_down("mine", make_sample([0, 1], [0, 1]), ["view"])
    with pytest.raises(ConfigError, match="--by: clips cannot be divided by this"):
        break_down("mine", sample, ["colour"])
