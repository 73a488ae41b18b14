"""What more data would bring: a power law through the scores of several sizes of training sets.

Scores of recognition rise with the number of training clips about as ``limit - gap * n ** -power``
(Hestness et al., arXiv 1712.00409, 2017; fitted to few sizes and read beyond them by Mahmood et
al., CVPR 2022). What such a fit says beyond its points is a guess with an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stcnet.evaluation.bootstrap import Estimate, interval
from stcnet.evaluation.metrics import FloatArray

POWERS: Final[FloatArray] = np.geomspace(0.05, 2.0, 60)
"""The powers that are tried."""
FARTHEST: Final = 100
"""Times the largest training set beyond which a law that is fitted to it says nothing."""
LEAST_SIZES: Final = 4
"""Sizes of training sets from which a law of three parameters is fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """Scores by the number of training clips, ``limit - gap * (n / unit) ** -power``.

    Attributes:
        unit: Clips at which the score is ``limit - gap``.
        limit: What no number of clips brings it beyond, at most 1; shape (...).
        gap: What is missing from it at ``unit``, 0 or more; same shape.
        power: How fast it closes, above 0; same shape.
    """

    unit: float
    limit: FloatArray
    gap: FloatArray
    power: FloatArray

    def score(self, clips: float) -> FloatArray:
        """The score with so many training clips, shape (...)."""
        return np.asarray(self.limit - self.gap * (clips / self.unit) ** -self.power)

    def clips_for(self, score: float) -> FloatArray:
        """The number of training clips that a score takes, shape (...).

        Infinity where the limit lies no higher; 0 where the score is had with any number.
        """
        left = self.limit - score
        # A gap of next to nothing under a hair of room may ask for more clips than a float holds.
        with np.errstate(divide="ignore", over="ignore"):
            needed = self.unit * (self.gap / np.where(left > 0, left, 1.0)) ** (1 / self.power)
        return np.asarray(np.where(left > 0, needed, np.inf))


def fit_power_law(sizes: FloatArray, scores: FloatArray) -> PowerLaw:
    """The power law of the least squares, for many rows of scores at once.

    For each power the other two parameters are a line's (variable projection: Golub and Pereyra,
    SIAM J. Numer. Anal. 10, 1973); the best of :data:`POWERS` is taken. A falling score is a flat
    law, and no limit lies above 1.

    Args:
        sizes: Numbers of training clips, shape (K,), above 0, not all the same.
        scores: 0..1, shape (..., K).

    Raises:
        ValueError: There are fewer sizes than two, or one is not above 0.
    """
    if len(set(sizes.tolist())) < 2 or (sizes <= 0).any():
        raise ValueError(f"a law needs two sizes or more, all above 0: {sizes}")
    unit = float(sizes.max())
    limits, gaps = np.moveaxis(
        np.array([_line((sizes / unit) ** -power, scores) for power in POWERS]), 1, 0
    )
    shapes = (sizes / unit) ** -POWERS.reshape(-1, *(1,) * scores.ndim)
    errors = ((limits[..., None] - gaps[..., None] * shapes - scores) ** 2).sum(axis=-1)
    best = errors.argmin(axis=0)[None]
    limit, gap = (np.take_along_axis(found, best, axis=0)[0] for found in (limits, gaps))
    return PowerLaw(unit, limit, gap, POWERS[best[0]])


def _line(shape: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Limit and gap of the least squares for a known power, whose ``shape`` is of shape (K,)."""
    centred = shape - shape.mean()
    gap = np.maximum(-(scores @ centred) / (centred @ centred), 0.0)
    limit = scores.mean(axis=-1) + gap * shape.mean()
    bounded = ((1 - scores) @ shape) / (shape @ shape)
    return np.minimum(limit, 1.0), np.where(limit > 1, bounded, gap)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a learning curve promises of a score.

    Attributes:
        clips: Training clips of the largest set.
        score: At ``clips``, by the law.
        doubled: With twice as many clips.
        limit: With any number of them.
        target: The score that is wanted, 0..1.
        needed: Training clips that it takes; infinity where the limit lies below it.
    """

    clips: float
    score: Estimate
    doubled: Estimate
    limit: Estimate
    target: float
    needed: Estimate

    @property
    def told(self) -> bool:
        """Whether the scores tell how many clips the target takes: the interval ends in reach."""
        return self.needed.high <= FARTHEST * self.clips


def forecast(
    sizes: FloatArray, scores: FloatArray, replicated: FloatArray, target: float
) -> Forecast | None:
    """Read a learning curve beyond its last point.

    Args:
        sizes: Numbers of training clips, shape (K,).
        scores: At each of them, shape (K,).
        replicated: The same of R bootstrap replicates, shape (R, K); the law is fitted to each.
        target: The score that is wanted.

    Returns:
        None where there are fewer than :data:`LEAST_SIZES` sizes.
    """
    if len(set(sizes.tolist())) < LEAST_SIZES:
        return None
    known = replicated[~np.isnan(replicated).any(axis=1)]
    law, laws = fit_power_law(sizes, scores), fit_power_law(sizes, known)
    return Forecast(
        law.unit,
        interval(float(law.score(law.unit)), laws.score(law.unit)),
        interval(float(law.score(2 * law.unit)), laws.score(2 * law.unit)),
        interval(float(law.limit), laws.limit),
        target,
        _ordered(float(law.clips_for(target)), laws.clips_for(target)),
    )


def _ordered(value: float, values: NDArray[np.float64]) -> Estimate:
    """The central 95 % of numbers of which some are infinite, without a mean of two of them."""
    if len(values) == 0:
        return Estimate(value, float("nan"), float("nan"))
    low = np.percentile(values, 2.5, method="lower")
    high = np.percentile(values, 97.5, method="higher")
    return Estimate(value, float(low), float(high))
