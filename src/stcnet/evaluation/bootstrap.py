"""Bootstrap intervals that follow how the clips were sampled.

The shared cells are a stratified sample: 64 clips at random from each cell of a confusion matrix
on each split. So resampling stays within strata; and near-duplicates are drawn together, because
two of them carry the evidence of one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcnet.evaluation.metrics import FloatArray, Judged


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with its 95 % bootstrap interval.

    Attributes:
        value: On the sample itself.
        low, high: The 2.5th and 97.5th percentile over the replicates.
    """

    value: float
    low: float
    high: float


def multiplicities(
    strata: Sequence[Hashable],
    clusters: Sequence[Hashable],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """How often each clip is drawn in each bootstrap replicate.

    Args:
        strata: Stratum of each of N clips. Each stratum gives as many clusters as it has.
        clusters: Clips of one stratum with the same cluster are drawn together.
        count: Number of replicates.
        rng: Source of randomness.

    Returns:
        Shape (count, N).
    """
    drawn = np.zeros((count, len(strata)), dtype=np.int64)
    for groups in _members(strata, clusters):
        even = np.full(len(groups), 1 / len(groups))
        times = rng.multinomial(len(groups), even, size=count)
        for group, rows in enumerate(groups):
            drawn[:, rows] = times[:, group, np.newaxis]
    return drawn


def _members(strata: Sequence[Hashable], clusters: Sequence[Hashable]) -> list[list[list[int]]]:
    """Clips of each cluster of each stratum, in order of appearance."""
    tree: dict[Hashable, dict[Hashable, list[int]]] = {}
    for row, (stratum, cluster) in enumerate(zip(strata, clusters, strict=True)):
        tree.setdefault(stratum, {}).setdefault(cluster, []).append(row)
    return [list(groups.values()) for groups in tree.values()]


def replicates(
    judged: Judged,
    strata: Sequence[Hashable],
    clusters: Sequence[Hashable],
    metrics: Mapping[str, Callable[[Judged], FloatArray]],
    *,
    count: int = 1000,
    seed: int = 0,
) -> dict[str, FloatArray]:
    """Each metric on bootstrap replicates of the clips.

    Returns:
        For each metric an array of shape (count,).

    Raises:
        ValueError: There is no clip.
    """
    if len(judged) == 0:
        raise ValueError("there is no clip to resample")
    drawn = multiplicities(strata, clusters, count, np.random.default_rng(seed))
    resampled = judged.weighted(drawn)
    return {name: metric(resampled) for name, metric in metrics.items()}


def interval(value: float, values: FloatArray) -> Estimate:
    """A value with the central 95 % of its replicates; NaN replicates are left out."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
