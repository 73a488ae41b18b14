"""How a threshold that was tuned on one sample does on another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.estimates import REPLICATES, replicate
from stcnet.evaluation.metrics import Judged, by_score
from stcnet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True)
class Transfer:
    """One cell of the matrix: tuned here, used there.

    Attributes:
        tuned_on, used_on: Names of the samples. Where they are the same, the score is what nobody
            gets who does not know the answers: the best that any threshold can do.
        clips: Number of clips that the threshold was tuned on.
        threshold: Smoke is called above this score; None where no clip was left to tune on.
        smoke_f1: With that threshold where it was used. The interval covers the clips it was used
            on, not the choice of the threshold.
    """

    tuned_on: str
    used_on: str
    clips: int
    threshold: float | None
    smoke_f1: Estimate


def best_threshold(judged: Judged) -> float:
    """The threshold with the highest weighted smoke F1, the highest one of several.

    It lies halfway between two neighbouring scores; below the lowest score all is smoke.

    Raises:
        ValueError: No clip shows smoke.
    """
    scores, smoke, none = by_score(judged)
    if smoke.sum() <= 0:
        raise ValueError("a threshold for F1 needs clips with smoke")
    hits, alarms = smoke.cumsum(), (smoke + none).cumsum()
    best = int(np.argmax(2 * hits / (alarms + smoke.sum())))
    if best + 1 == len(scores):
        return float(np.nextafter(scores[-1], -np.inf))
    above, below = float(scores[best]), float(scores[best + 1])
    middle = above / 2 + below / 2
    return middle if below <= middle < above else below


def transfer(samples: Mapping[str, Sample], *, count: int = REPLICATES) -> list[Transfer]:
    """Smoke F1 on each sample with the threshold of each.

    A threshold for one sample is tuned on the clips of another without those of the other's
    clusters: RISE's test sets share the views of the small plants, and near-duplicates may lie on
    both sides.

    Args:
        samples: By name; their scores must be on one scale.
        count: Number of bootstrap replicates.

    Returns:
        Row by row: the first tunes for all, then the second.

    Raises:
        ConfigError: There is one sample only.
        DataError: A sample holds mere decisions, or shows no smoke.
    """
    if len(samples) < 2:
        raise ConfigError(
            "a threshold is carried from one file or fold to another",
            where="--transfer",
            got=", ".join(samples),
            hint="give several files, or predictions of several folds",
        )
    for name, sample in samples.items():
        if not sample.ranked or not sample.judged.labels.any():
            raise DataError(
                "no threshold can be tuned on this",
                where=name,
                got="no clip with smoke" if sample.ranked else "decisions without a score",
                hint="give a column logit, probability or score, and clips of both classes",
            )
    return [
        _tuned(tuned_on, used_on, samples, count) for tuned_on in samples for used_on in samples
    ]


def _tuned(tuned_on: str, used_on: str, samples: Mapping[str, Sample], count: int) -> Transfer:
    source, target = samples[tuned_on], samples[used_on]
    if tuned_on != used_on:
        taken = set(target.clusters)
        source = source.part(np.array([cluster not in taken for cluster in source.clusters]))
    if not source.judged.labels.any():
        nothing = Estimate(*[float("nan")] * 3)
        return Transfer(tuned_on, used_on, len(source), None, nothing)
    threshold = best_threshold(source.judged)
    smoke_f1 = replicate(judged_at(target, threshold), count=count).estimates()["smoke_f1"]
    return Transfer(tuned_on, used_on, len(source), threshold, smoke_f1)


def judged_at(sample: Sample, threshold: float) -> Sample:
    """The sample with smoke called above another threshold."""
    predictions = (sample.judged.scores > threshold).astype(np.int64)
    return replace(sample, judged=replace(sample.judged, predictions=predictions))
