"""Bootstrap intervals that follow how the clips were sampled.

The shared cells are a stratified sample: 64 clips at random from each cell of a confusion matrix
on each split. So resampling stays within strata; and near-duplicates are drawn together, because
two of them carry the evidence of one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stcnet.evaluation.metrics import Judged

IndexVector = NDArray[np.int64]


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


def resample(
    strata: Sequence[Hashable], clusters: Sequence[Hashable], rng: np.random.Generator
) -> IndexVector:
    """One bootstrap replicate.

    Args:
        strata: Stratum of each clip. Each stratum gives as many clusters as it has.
        clusters: Clips of one stratum with the same cluster are drawn together.
        rng: Source of randomness.

    Returns:
        Indices of the drawn clips; about as many as there are clips.
    """
    return _draw(_members(strata, clusters), rng)


def _members(strata: Sequence[Hashable], clusters: Sequence[Hashable]) -> list[list[IndexVector]]:
    """Clips of each cluster of each stratum, in order of appearance."""
    tree: dict[Hashable, dict[Hashable, list[int]]] = {}
    for row, (stratum, cluster) in enumerate(zip(strata, clusters, strict=True)):
        tree.setdefault(stratum, {}).setdefault(cluster, []).append(row)
    return [[np.array(rows) for rows in groups.values()] for groups in tree.values()]


def _draw(members: list[list[IndexVector]], rng: np.random.Generator) -> IndexVector:
    drawn = [
        groups[pick] for groups in members for pick in rng.integers(len(groups), size=len(groups))
    ]
    return np.concatenate(drawn) if drawn else np.empty(0, dtype=np.int64)


def replicates(
    judged: Judged,
    strata: Sequence[Hashable],
    clusters: Sequence[Hashable],
    metrics: Mapping[str, Callable[[Judged], float]],
    *,
    count: int = 1000,
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Each metric on bootstrap replicates of the clips.

    Returns:
        For each metric an array of shape (count,).

    Raises:
        ValueError: There is no clip.
    """
    if len(judged) == 0:
        raise ValueError("there is no clip to resample")
    rng = np.random.default_rng(seed)
    members = _members(strata, clusters)
    samples = [judged.select(_draw(members, rng)) for _ in range(count)]
    return {name: np.array([metric(s) for s in samples]) for name, metric in metrics.items()}


def interval(value: float, values: NDArray[Any]) -> Estimate:
    """A value with the central 95 % of its replicates; NaN replicates are left out."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
