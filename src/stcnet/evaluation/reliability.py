"""Whether probabilities mean what they say: reliability diagram, calibration error, Brier score.

All of it takes labels (1 smoke, 0 none; shape (N,)), probabilities (0..1; shape (N,)) and weights
(shape (..., N), a row for each bootstrap replicate).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stcnet.evaluation.bootstrap import Estimate, interval, multiplicities
from stcnet.evaluation.estimates import REPLICATES
from stcnet.evaluation.metrics import FloatArray, IntVector
from stcnet.evaluation.samples import Sample

Binning = Literal["width", "mass"]
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Clips of similar probability.

    Attributes:
        weight: What the clips stand for.
        mean_probability: What the model says of them on average, 0..1.
        smoke_share: How much of their weight shows smoke, 0..1.
    """

    weight: float
    mean_probability: float
    smoke_share: float


@dataclass(frozen=True, slots=True)
class CalibrationScores:
    """How good the probabilities of a sample are; lower is better.

    Attributes:
        ece_width: Expected calibration error in bins of equal width.
        ece_mass: Expected calibration error in bins of equal weight.
        brier: Brier score.
        bins_width, bins_mass: The reliability diagrams behind the errors; only bins with clips.
    """

    ece_width: Estimate
    ece_mass: Estimate
    brier: Estimate
    bins_width: tuple[Bin, ...]
    bins_mass: tuple[Bin, ...]


def bin_of(
    probabilities: FloatArray, weights: FloatArray, binning: Binning, bins: int = BINS
) -> IntVector:
    """The bin of each clip, 0..bins - 1.

    - ``width``: the range 0..1 is cut into equal parts, each with its lower end; 1 is in the last.
    - ``mass``: the clips in order of probability are cut into parts of equal weight, as far as
      possible: clips of equal probability stay together, in the bin where the middle of their
      weight lies.

    Args:
        probabilities: Shape (N,).
        weights: Shape (N,), with a sum above 0.
        binning: How to cut.
        bins: Number of bins.
    """
    if binning == "width":
        return np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    _, ties = np.unique(probabilities, return_inverse=True)
    mass = np.bincount(ties, weights=weights)
    middles = (mass.cumsum() - mass / 2) / mass.sum()
    numbers: IntVector = np.minimum((middles * bins).astype(np.int64), bins - 1)
    return numbers[ties]


def reliability(
    labels: IntVector,
    probabilities: FloatArray,
    weights: FloatArray,
    binning: Binning = "width",
    bins: int = BINS,
) -> list[Bin]:
    """The reliability diagram of clips with weights of shape (N,): its bins that have clips."""
    member = _membership(bin_of(probabilities, weights, binning, bins), bins)
    total, said, smoke = (
        (weights * part) @ member for part in (np.ones(len(labels)), probabilities, labels)
    )
    return [
        Bin(float(total[b]), float(said[b] / total[b]), float(smoke[b] / total[b]))
        for b in np.flatnonzero(total > 0)
    ]


def expected_calibration_error(
    labels: IntVector,
    probabilities: FloatArray,
    weights: FloatArray,
    binning: Binning = "width",
    bins: int = BINS,
) -> float:
    """Expected calibration error, 0..1, of clips with weights of shape (N,).

    The mean over bins, by their weight, of |mean probability - share of smoke| (Naeini et al.,
    AAAI 2015). NaN without any weight.
    """
    if weights.sum() <= 0:
        return float("nan")
    numbers = bin_of(probabilities, weights, binning, bins)
    return float(_error(labels, probabilities, weights, _membership(numbers, bins)))


def brier_score(labels: IntVector, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared distance of probability and label, 0..1 (Brier, 1950), for each row."""
    return _per_weight(weights @ (probabilities - labels) ** 2, weights)


def score_calibration(
    sample: Sample, *, bins: int = BINS, count: int = REPLICATES, seed: int = 0
) -> CalibrationScores | None:
    """Calibration of a sample, with intervals; None where its scores are no probabilities.

    The Brier score has the usual percentile interval. The calibration error of a sample is too
    large, as chance moves each bin away from the diagonal, and that of its replicates is larger
    still; its interval is therefore the reflected one, 2 x value - percentile (Davison and
    Hinkley, 1997, section 5.2), cut at 0. It may end below the value, which then is mostly chance.
    """
    if sample.probabilities is None:
        return None
    labels, weights, said = sample.judged.labels, sample.judged.weights, sample.probabilities
    drawn = multiplicities(sample.strata, sample.clusters, count, np.random.default_rng(seed))

    def error(binning: Binning) -> Estimate:
        member = _membership(bin_of(said, weights, binning, bins), bins)
        value = float(_error(labels, said, weights, member))
        return _reflected(value, _error(labels, said, weights * drawn, member))

    brier = float(brier_score(labels, said, weights))
    return CalibrationScores(
        error("width"),
        error("mass"),
        interval(brier, brier_score(labels, said, weights * drawn)),
        tuple(reliability(labels, said, weights, "width", bins)),
        tuple(reliability(labels, said, weights, "mass", bins)),
    )


def _membership(numbers: IntVector, bins: int) -> FloatArray:
    """1 where a clip is in a bin, shape (N, bins)."""
    return np.eye(bins)[numbers]


def _error(
    labels: IntVector, probabilities: FloatArray, weights: FloatArray, member: FloatArray
) -> FloatArray:
    gaps = np.abs((weights * (probabilities - labels)) @ member)
    return _per_weight(gaps.sum(axis=-1), weights)


def _per_weight(total: FloatArray, weights: FloatArray) -> FloatArray:
    weight = weights.sum(axis=-1)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _reflected(value: float, values: FloatArray) -> Estimate:
    percentiles = interval(value, values)
    low, high = 2 * value - percentiles.high, 2 * value - percentiles.low
    return Estimate(value, max(low, 0.0), max(high, 0.0))
