"""Two models on the same clips."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from stcnet.errors import DataError
from stcnet.evaluation.comparison import compare, paired
from stcnet.evaluation.estimates import mean_of, replicate
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.samples import Sample

from .samples import make_sample, random_sample


def with_noise(sample: Sample, noise: float, seed: int = 9) -> Sample:
    """Another model: the same clips, judged worse."""
    rng = np.random.default_rng(seed)
    scores = sample.judged.scores + rng.normal(0, noise, len(sample))
    predictions = (scores > 0).astype(np.int64)
    return replace(sample, judged=replace(sample.judged, scores=scores, predictions=predictions))


def test_values_are_those_of_each_alone() -> None:
    ours = random_sample(200)
    theirs = with_noise(ours, 4)
    comparison = compare([paired(ours, theirs, "test")], count=200)
    mine, others = replicate(ours, count=200), replicate(theirs, count=200)
    assert comparison.clips == 200
    for name, each in comparison.metrics.items():
        assert each.ours == mine.estimates()[name]
        assert each.theirs == others.estimates()[name]
        assert each.difference.value == pytest.approx(mine.values[name] - others.values[name])
        expected = np.percentile(mine.samples[name] - others.samples[name], [2.5, 97.5])
        assert [each.difference.low, each.difference.high] == pytest.approx(expected)


def test_pairing_narrows_the_interval() -> None:
    ours = random_sample(300)
    comparison = compare([paired(ours, with_noise(ours, 0.3), "test")], count=300)
    each = comparison.metrics["roc_auc"]
    width = each.difference.high - each.difference.low
    assert width < (each.ours.high - each.ours.low) / 2


def test_a_model_does_not_differ_from_itself() -> None:
    ours = random_sample(50)
    for each in compare([paired(ours, ours, "test")], count=50).metrics.values():
        assert (each.difference.value, each.difference.low, each.difference.high) == (0, 0, 0)
        assert each.p_value == 1


def test_p_values_are_small_for_a_real_difference_alone() -> None:
    ours = random_sample(300, noise=0.5)
    clear = compare([paired(ours, with_noise(ours, 5), "test")], count=400)
    assert clear.metrics["smoke_f1"].p_value == pytest.approx(2 / 401)
    chances = [
        compare(
            [paired(with_noise(each, 2, 1), with_noise(each, 2, 2), "test")], count=100
        ).metrics["accuracy"].p_value
        for each in (random_sample(120, seed) for seed in range(40))
    ]  # fmt: skip
    assert np.mean(np.array(chances) < 0.1) < 0.25


def test_several_samples_are_compared_by_their_mean() -> None:
    parts = [random_sample(60, seed) for seed in (0, 1)]
    others = [with_noise(part, 3) for part in parts]
    pairs = [paired(*pair, "test") for pair in zip(parts, others, strict=True)]
    comparison = compare(pairs, count=50)
    means = [
        mean_of([replicate(part, count=50, seed=seed) for seed, part in enumerate(side)])
        for side in (parts, others)
    ]
    for name in METRICS:
        assert comparison.metrics[name].ours.value == means[0].values[name]
        assert comparison.metrics[name].difference.value == pytest.approx(
            means[0].values[name] - means[1].values[name]
        )
    assert comparison.clips == 120


@pytest.mark.parametrize(
    ("ours_only", "theirs_only", "agreed"), [(0, 0, 5), (7, 1, 3), (2, 9, 0), (4, 4, 1)]
)
def test_mcnemar_is_a_fair_coin(ours_only: int, theirs_only: int, agreed: int) -> None:
    count = ours_only + theirs_only + agreed
    right = [1.0] * ours_only + [-1.0] * theirs_only + [1.0] * agreed
    wrong = [-1.0] * ours_only + [1.0] * theirs_only + [1.0] * agreed
    ours, theirs = make_sample([1] * count, right), make_sample([1] * count, wrong)
    tested = compare([paired(ours, theirs, "test")], count=10).mcnemar
    assert tested is not None
    assert (tested.ours_only, tested.theirs_only) == (ours_only, theirs_only)
    tail = 2 * binom.cdf(min(ours_only, theirs_only), ours_only + theirs_only, 0.5)
    assert tested.p_value == pytest.approx(min(1.0, tail))


def test_mcnemar_knows_no_weights() -> None:
    ours = make_sample([0, 1, 1], [-1, 1, -1], weights=[1, 2, 1])
    assert compare([paired(ours, ours, "test")], count=10).mcnemar is None


def test_decisions_are_not_compared_by_their_ranking() -> None:
    ours = random_sample(40)
    theirs = replace(ours, ranked=False)
    comparison = compare([paired(ours, theirs, "test")], count=20)
    assert np.isnan(comparison.metrics["roc_auc"].difference.value)
    assert np.isnan(comparison.metrics["average_precision"].p_value)
    assert comparison.metrics["recall"].difference.value == 0


def test_clips_are_joined_by_their_names() -> None:
    ours = random_sample(30)
    order = np.random.default_rng(0).permutation(30)
    shuffled = Sample(
        ours.judged.part(order), tuple(ours.names[row] for row in order), ours.strata,
        ours.clusters, ours.drawn_by,
    )  # fmt: skip
    mine, other = paired(ours, shuffled, "test")
    assert other.judged.scores.tolist() == mine.judged.scores.tolist()
    assert other.names == mine.names


OURS = random_sample(10)


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        pytest.param(OURS.part(np.arange(10) > 0), "not judged on the same clips .*clip-0",
                     id="clips missing"),
        pytest.param(replace(OURS, names=("clip-1",) * 10), "a clip comes twice", id="repeated"),
        pytest.param(replace(OURS, judged=replace(OURS.judged, labels=1 - OURS.judged.labels)),
                     r"the labels of the two files differ \(got clip-0\)", id="labels flipped"),
        pytest.param(replace(OURS, judged=replace(OURS.judged, weights=OURS.judged.weights + 1)),
                     "the weights of the two files differ", id="weights"),
    ],
)  # fmt: skip
def test_clips_that_do_not_match_are_refused(theirs: Sample, message: str) -> None:
    with pytest.raises(DataError, match=f"test: .*{message}"):
        paired(OURS, theirs, "test")
