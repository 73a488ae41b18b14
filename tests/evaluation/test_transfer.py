"""Thresholds tuned here and used there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.metrics import Judged, smoke_f1
from stcnet.evaluation.transfer import best_threshold, judged_at, transfer

from .samples import make_sample, random_sample


def f1_at(judged: Judged, threshold: float) -> float:
    predictions = (judged.scores > threshold).astype(np.int64)
    return float(smoke_f1(replace(judged, predictions=predictions)))


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(-3, 3), st.floats(0.1, 9)),
        min_size=1,
        max_size=25,
    )
)
def test_no_threshold_is_better(clips: list[tuple[int, int, float]]) -> None:
    labels, scores, weights = zip(*[(1, 0, 1.0), *clips], strict=True)
    judged = make_sample(labels, scores, weights=weights).judged
    best = f1_at(judged, best_threshold(judged))
    tried = [f1_at(judged, threshold) for threshold in np.arange(-4, 4, 0.5)]
    assert best == pytest.approx(max(tried))


@pytest.mark.parametrize(
    ("scores", "threshold"),
    [
        pytest.param([-1.0, 3.0], 1.0, id="halfway between neighbours"),
        pytest.param([1.0, 1.0], np.nextafter(1.0, 0), id="all smoke"),
        pytest.param([1.0, np.nextafter(1.0, 2)], 1.0, id="no room between"),
        pytest.param([-1e308, 1e308], 0.0, id="far apart"),
    ],
)
def test_where_the_threshold_lies(scores: list[float], threshold: float) -> None:
    sample = make_sample([0, 1], [0, 0])
    judged = replace(sample.judged, scores=np.array(scores))
    assert best_threshold(judged) == threshold
    assert smoke_f1(judged_at(replace(sample, judged=judged), threshold).judged) > 0


def test_smoke_is_needed() -> None:
    with pytest.raises(ValueError, match="needs clips with smoke"):
        best_threshold(make_sample([0, 0], [0, 1]).judged)


def test_the_matrix_holds_every_pair() -> None:
    first, second = random_sample(80, 0), random_sample(80, 1)
    second = replace(
        second,
        clusters=tuple(f"other-{cluster}" for cluster in second.clusters),
        judged=replace(second.judged, scores=second.judged.scores + 2),
    )
    cells = transfer({"a": first, "b": second}, count=30)
    assert [(c.tuned_on, c.used_on) for c in cells] == [
        ("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")
    ]  # fmt: skip
    own, across = cells[3], cells[1]
    assert across.threshold == best_threshold(first.judged)
    assert across.smoke_f1.value == f1_at(second.judged, across.threshold)
    assert across.smoke_f1.value < own.smoke_f1.value
    assert own.smoke_f1.low < own.smoke_f1.value < own.smoke_f1.high


def test_clips_that_share_a_cluster_are_not_tuned_on() -> None:
    first, second = random_sample(80, 0), random_sample(60, 1)
    shared = {"a": first, "b": second}  # clusters 0..29 stand in both
    cells = transfer(shared, count=10)
    assert [cell.clips for cell in cells] == [80, 20, 0, 60]
    left = first.part(np.arange(80) >= 60)
    assert cells[1].threshold == best_threshold(left.judged)
    assert cells[2].threshold is None
    assert np.isnan(cells[2].smoke_f1.value)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (make_sample([0, 1], [0, 1], ranked=False), "b: no threshold .* decisions without a score"),
        (make_sample([0, 0], [0, 1]), "b: no threshold .* no clip with smoke"),
    ],
    ids=["decisions", "no smoke"],
)
def test_what_cannot_be_tuned_is_refused(sample: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        transfer({"a": random_sample(20), "b": sample})  # type: ignore[dict-item]


def test_one_sample_has_nowhere_to_carry_it() -> None:
    with pytest.raises(ConfigError, match=r"--transfer: a threshold is carried .*\(got a\)"):
        transfer({"a": random_sample(20)})
