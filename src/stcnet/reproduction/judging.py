"""Scores of one test set, of a mean over several, and their intervals."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcnet.evaluation.bootstrap import Estimate, interval, replicates
from stcnet.evaluation.metrics import METRICS, FloatArray, Judged, metrics_of

REPLICATES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The clips on which a split is judged, and how they were sampled.

    Attributes:
        ids: Name of each of N clips.
        labels: 1 smoke, 0 none; shape (N,).
        weights: How many clips of the published test set each stands for; shape (N,).
        strata: The bootstrap draws within these; one of each clip.
        clusters: Clips of a stratum that the bootstrap draws together; one of each clip.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    weights: FloatArray
    strata: tuple[Hashable, ...]
    clusters: tuple[Hashable, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """All metrics with their bootstrap replicates.

    Attributes:
        clips: Number of clips judged.
        values: Each metric of :data:`stcnet.evaluation.metrics.METRICS`, 0..1, NaN where it has
            no value.
        samples: Of each metric, shape (replicates,).
    """

    clips: int
    values: Mapping[str, float]
    samples: Mapping[str, FloatArray]

    def estimates(self) -> dict[str, Estimate]:
        """Each metric with its 95 % interval."""
        return {name: interval(self.values[name], self.samples[name]) for name in self.values}


def judge(test: HeldOut, logits: FloatArray, *, count: int = REPLICATES, seed: int = 0) -> Scores:
    """All metrics of a test set; a clip is called smoke above logit 0.

    Args:
        test: The clips.
        logits: Raw score of each, shape (N,).
        count: Bootstrap replicates.
        seed: Of the bootstrap.
    """
    judged = Judged(test.labels, (logits > 0).astype(np.int64), logits, test.weights)
    samples = replicates(judged, test.strata, test.clusters, METRICS, count=count, seed=seed)
    return Scores(len(test), metrics_of(judged), samples)


def mean_scores(parts: Sequence[Scores]) -> Scores:
    """The unweighted mean over splits, NaN where one has no value; splits are resampled apart."""
    values = {n: float(np.mean([part.values[n] for part in parts])) for n in METRICS}
    samples = {n: np.mean([part.samples[n] for part in parts], axis=0) for n in METRICS}
    return Scores(sum(part.clips for part in parts), values, samples)
