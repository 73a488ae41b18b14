"""Where a verdict calls smoke: the threshold of the highest expected F1.

F1 of the smoke class is highest at a lower threshold than one half: at half of the best F1 itself
(Lipton, Elkan and Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure", ECML
PKDD 2014). Where probabilities are calibrated they tell the F1 to be expected at any threshold, so
that no label is asked twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stcnet.evaluation.metrics import FloatArray

VERDICT_DIGITS: Final = 2
"""A threshold of more digits would follow single clips."""

LEAST_THRESHOLD: Final = 10.0**-VERDICT_DIGITS
"""A threshold of 0 would call everything smoke, whatever comes."""


def expected_f1(probabilities: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What F1 of the smoke class the probabilities themselves promise.

    For smoke called from ``t`` on: 2 sum(w p [p >= t]) / (sum(w p) + sum(w [p >= t])), the ratio of
    expected counts.

    Args:
        probabilities: Calibrated chance of smoke, 0..1, shape (N,); not all of them 0.
        weights: How many clips each stands for, above 0, shape (N,).

    Returns:
        The K distinct probabilities, highest first, and the F1 with smoke called from each on;
        shape (K,) each.

    >>> levels, f1 = expected_f1(np.array([0.9, 0.3]), np.array([1.0, 1.0]))
    >>> levels.tolist(), f1.round(3).tolist()
    ([0.9, 0.3], [0.818, 0.75])
    """
    levels, at = np.unique(probabilities, return_inverse=True)
    called = np.bincount(at, weights)[::-1].cumsum()
    hits = np.bincount(at, weights * probabilities)[::-1].cumsum()
    return levels[::-1], np.asarray(2 * hits / (hits[-1] + called))


def verdict_threshold(probabilities: FloatArray, weights: FloatArray) -> float:
    """The threshold of the highest expected F1, rounded to two digits, at least .01.

    Before it is rounded it lies half way between the last probability that is called smoke and the
    next one below; of several best ones it is the highest.

    Args:
        probabilities: As for :func:`expected_f1`.
        weights: Likewise.

    >>> verdict_threshold(np.array([0.9, 0.3]), np.array([1.0, 1.0]))
    0.6
    """
    levels, f1 = expected_f1(probabilities, weights)
    last = int(np.argmax(f1))
    below = levels[last + 1] if last + 1 < len(levels) else 0.0
    middle = float(levels[last] + below) / 2
    return max(round(middle, VERDICT_DIGITS), LEAST_THRESHOLD)
