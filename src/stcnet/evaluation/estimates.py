"""Every metric of a sample with its interval: the one way from judged clips to estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from stcnet.evaluation.bootstrap import Estimate, interval, replicates
from stcnet.evaluation.metrics import METRICS, RANKINGS, FloatArray, Judged, where_told
from stcnet.evaluation.samples import Sample

REPLICATES = 1000
LEAST_FREE = 4
"""Least number of clusters beyond one a stratum from which an interval is given."""


@dataclass(frozen=True, slots=True, eq=False)
class Replicated:
    """A sample's metrics and their bootstrap replicates.

    Attributes:
        clips: Number of clips judged.
        values: Each metric of :data:`~stcnet.evaluation.metrics.METRICS`; NaN where the clips
            cannot tell it.
        samples: Each metric on the replicates, shape (count,).
    """

    clips: int
    values: Mapping[str, float]
    samples: Mapping[str, FloatArray]

    def estimates(self) -> dict[str, Estimate]:
        """The metrics with their intervals."""
        return {name: interval(self.values[name], self.samples[name]) for name in self.values}


def replicate(sample: Sample, *, count: int = REPLICATES, seed: int = 0) -> Replicated:
    """All metrics of a sample and of ``count`` bootstrap replicates of it.

    A replicate that happens to lack a class has no value of the metrics that need it. Where the
    strata together hold too few clusters to be drawn differently (:data:`LEAST_FREE`), no
    replicate has a value: an interval of hardly any width would claim certainty.

    Args:
        sample: At least one clip.
        count: Number of replicates.
        seed: The same seed draws the same clips of two samples that were drawn alike.
    """
    metrics = _metrics(sample)
    values = {name: float(metric(sample.judged)) for name, metric in metrics.items()}
    if sample.cluster_count - len(set(sample.strata)) < LEAST_FREE:
        return Replicated(len(sample), values, dict.fromkeys(METRICS, np.full(count, np.nan)))
    drawn = replicates(
        sample.judged, sample.strata, sample.clusters, metrics, count=count, seed=seed
    )
    return Replicated(len(sample), values, drawn)


def mean_of(parts: Sequence[Replicated]) -> Replicated:
    """The unweighted mean over samples, NaN where one has no value; they are resampled apart."""
    values = {n: float(np.mean([part.values[n] for part in parts])) for n in METRICS}
    samples = {n: np.mean([part.samples[n] for part in parts], axis=0) for n in METRICS}
    return Replicated(sum(part.clips for part in parts), values, samples)


def _metrics(sample: Sample) -> dict[str, Callable[[Judged], FloatArray]]:
    return {
        name: partial(where_told, name) if sample.ranked or name not in RANKINGS else _untold
        for name in METRICS
    }


def _untold(judged: Judged) -> FloatArray:
    return np.full(judged.weights.shape[:-1], np.nan)
