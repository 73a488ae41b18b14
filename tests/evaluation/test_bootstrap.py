"""The bootstrap follows how the clips were sampled."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.evaluation.bootstrap import interval, multiplicities, replicates
from stcnet.evaluation.metrics import METRICS, Judged

STRATA = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=40)


def random_test(count: int, seed: int = 0) -> Judged:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    scores = rng.normal(2 * labels - 1, 1.5)
    return Judged(labels, (scores > 0).astype(np.int64), scores, rng.uniform(1, 60, count))


@given(STRATA, st.integers(0, 2**32))
def test_strata_keep_their_size_and_clusters_stay_whole(
    drawn: list[tuple[int, int]], seed: int
) -> None:
    strata, clusters = [s for s, _ in drawn], [c for _, c in drawn]
    times = multiplicities(strata, clusters, 5, np.random.default_rng(seed))
    assert times.shape == (5, len(drawn))
    for stratum in set(strata):
        firsts = {c: drawn.index((s, c)) for s, c in drawn if s == stratum}
        for cluster, first in firsts.items():
            members = [row for row, key in enumerate(drawn) if key == (stratum, cluster)]
            assert (times[:, members] == times[:, [first]]).all()
        assert (times[:, list(firsts.values())].sum(axis=1) == len(firsts)).all()


def test_clusters_are_drawn_as_a_bootstrap_draws() -> None:
    times = multiplicities([0] * 10, range(10), 20_000, np.random.default_rng(0))
    # A clip is left out of (1 - 1/10) ** 10 of the replicates.
    assert (times == 0).mean() == pytest.approx(0.9**10, abs=0.005)
    assert times.mean() == 1


def test_replicates_depend_on_the_seed_alone() -> None:
    judged = random_test(30)

    def run(seed: int) -> dict[str, list[float]]:
        values = replicates(judged, [0] * 30, range(30), METRICS, count=20, seed=seed)
        return {name: drawn.tolist() for name, drawn in values.items()}

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_intervals_hold_the_value_and_narrow_with_more_clips() -> None:
    widths = []
    for count in (60, 600):
        judged = random_test(count)
        strata = [tuple(pair) for pair in zip(judged.labels, judged.predictions, strict=True)]
        drawn = replicates(judged, strata, range(count), METRICS, count=400)
        for name, metric in METRICS.items():
            estimate = interval(float(metric(judged)), drawn[name])
            assert estimate.low <= estimate.value <= estimate.high
            assert 0 < estimate.high - estimate.low < 0.5
        widths.append(np.ptp(np.percentile(drawn["smoke_f1"], [2.5, 97.5])))
    assert widths[1] < widths[0] / 2


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    # Accuracy of a model that is right 4 times in 5; 95 % intervals of 150 tests of 200 clips.
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(150):
        labels = rng.integers(0, 2, 200)
        right = rng.random(200) < 0.8
        predictions = np.where(right, labels, 1 - labels)
        judged = Judged(labels, predictions, predictions.astype(float), np.ones(200))
        accuracy = {"accuracy": METRICS["accuracy"]}
        drawn = replicates(judged, labels.tolist(), range(200), accuracy, count=200, seed=seed)
        estimate = interval(0.0, drawn["accuracy"])
        covered += estimate.low <= 0.8 <= estimate.high
    assert 0.89 <= covered / 150 <= 0.99


def test_replicates_without_a_value_are_left_out_of_the_interval() -> None:
    estimate = interval(0.5, np.array([np.nan, 0.4, 0.6, np.nan]))
    assert [estimate.low, estimate.high] == pytest.approx([0.405, 0.595])
    nothing = interval(float("nan"), np.array([np.nan, np.nan]))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_no_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="no clip to resample"):
        replicates(random_test(0), [], [], METRICS)


def test_a_thousand_replicates_of_a_full_fold_are_quick() -> None:
    judged = random_test(1000)
    started = time.process_time()
    replicates(judged, [0] * 1000, range(1000), METRICS, count=1000)
    # About 0.2 s; one replicate at a time took 5 s.
    assert time.process_time() - started < 2.5
