"""Calibration error, Brier score and reliability diagram."""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from stcnet.evaluation.metrics import FloatArray, IntVector
from stcnet.evaluation.reliability import (
    Binning,
    bin_of,
    brier_score,
    expected_calibration_error,
    reliability,
    score_calibration,
)

from .samples import make_sample

Clips: TypeAlias = tuple[IntVector, FloatArray, IntVector]


@st.composite
def clips(draw: st.DrawFn) -> Clips:
    """Labels, probabilities off the edges of ten bins, and whole weights."""
    count = draw(st.integers(1, 30))
    labels = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    odd = st.integers(0, 31).map(lambda k: (2 * k + 1) / 64)
    probabilities = draw(st.lists(odd, min_size=count, max_size=count))
    weights = draw(st.lists(st.integers(1, 4), min_size=count, max_size=count))
    return np.array(labels), np.array(probabilities), np.array(weights)


@given(clips())
def test_the_diagram_equals_scikit_learn(given_clips: Clips) -> None:
    labels, probabilities, weights = given_clips
    bins = reliability(labels, probabilities, weights.astype(float))
    # scikit-learn knows no weights: a clip of weight 3 is given to it three times.
    repeated = [np.repeat(values, weights) for values in (labels, probabilities)]
    if len(set(repeated[0])) == 2:
        shown, said = calibration_curve(*repeated, n_bins=10)
        assert [each.smoke_share for each in bins] == pytest.approx(shown)
        assert [each.mean_probability for each in bins] == pytest.approx(said)
    assert sum(each.weight for each in bins) == pytest.approx(weights.sum())


@given(clips(), st.sampled_from(["width", "mass"]))
def test_the_error_is_the_mean_gap_of_the_diagram(given_clips: Clips, binning: Binning) -> None:
    labels, probabilities, counts = given_clips
    weights = counts.astype(float)
    bins = reliability(labels, probabilities, weights, binning)
    gaps = [each.weight * abs(each.mean_probability - each.smoke_share) for each in bins]
    value = expected_calibration_error(labels, probabilities, weights, binning)
    assert value == pytest.approx(sum(gaps) / weights.sum())
    assert 0 <= value <= 1


@given(clips())
def test_the_brier_score_equals_scikit_learn(given_clips: Clips) -> None:
    labels, probabilities, weights = given_clips
    expected = brier_score_loss(labels, probabilities, sample_weight=weights, labels=[0, 1])
    rows = np.stack([weights.astype(float), np.zeros(len(labels))])
    first, none = brier_score(labels, probabilities, rows)
    assert first == pytest.approx(expected)
    assert np.isnan(none)


def test_bins_of_equal_width_hold_their_lower_end() -> None:
    probabilities = np.array([0.0, 0.0999, 0.1, 0.5, 0.95, 1.0])
    assert bin_of(probabilities, np.ones(6), "width").tolist() == [0, 0, 1, 5, 9, 9]


def test_bins_of_equal_mass_hold_equal_weight() -> None:
    probabilities = np.array([0.9, 0.1, 0.2, 0.3, 0.95])
    weights = np.array([1.0, 2.0, 1.0, 1.0, 3.0])
    assert bin_of(probabilities, weights, "mass", bins=4).tolist() == [2, 0, 1, 1, 3]


def test_ties_share_a_bin_of_equal_mass() -> None:
    numbers = bin_of(np.array([0.5] * 8 + [0.9] * 2), np.ones(10), "mass", bins=5)
    assert numbers.tolist() == [2] * 8 + [4] * 2


@pytest.mark.parametrize("binning", ["width", "mass"])
def test_degenerate_clips(binning: Binning) -> None:
    labels, ones = np.array([1, 1, 1]), np.ones(3)

    def error(probabilities: list[float], weights: FloatArray) -> float:
        values = np.array(probabilities)
        return expected_calibration_error(labels, values, weights, binning)

    assert error([1, 1, 1], ones) == 0
    assert error([0, 0, 0], ones) == 1
    assert error([0.25, 0.25, 0.25], ones) == pytest.approx(0.75)
    assert np.isnan(error([0, 0, 0], np.zeros(3)))


def distorted(count: int, seed: int) -> tuple[list[int], list[float]]:
    """Scores that are too sure: the true log-odds are 0.6 of them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, count)
    labels = rng.random(count) < 1 / (1 + np.exp(-0.6 * logits))
    return labels.astype(int).tolist(), logits.tolist()


def test_the_reflected_interval_covers_the_true_error() -> None:
    labels, logits = distorted(200_000, seed=1)
    probabilities = 1 / (1 + np.exp(-np.array(logits)))
    truth = expected_calibration_error(np.array(labels), probabilities, np.ones(len(labels)))
    covered = 0
    for seed in range(60):
        scores = score_calibration(make_sample(*distorted(300, seed)), count=200)
        assert scores is not None
        covered += scores.ece_width.low <= truth <= scores.ece_width.high
    # About 0.93; the percentile interval holds the truth in a quarter of the samples.
    assert covered / 60 >= 0.8


def test_calibration_needs_probabilities() -> None:
    sample = make_sample([0, 1, 0, 1], [-1, 1, 1, -1])
    scores = score_calibration(sample, count=20)
    assert scores is not None
    assert scores.brier.value == pytest.approx(float(
        brier_score_loss(sample.judged.labels, sample.probabilities)
    ))  # fmt: skip
    assert scores.bins_width == tuple(
        reliability(sample.judged.labels, 1 / (1 + np.exp(-sample.judged.scores)), np.ones(4))
    )
    assert score_calibration(replace(sample, probabilities=None)) is None
