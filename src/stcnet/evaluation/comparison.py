"""Whether one model is better than another on the same clips, or only luckier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binomtest

from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate, interval
from stcnet.evaluation.estimates import REPLICATES, Replicated, mean_of, replicate
from stcnet.evaluation.metrics import METRICS, FloatArray
from stcnet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two models on the same clips.

    Attributes:
        ours, theirs: The metric of each, with its interval.
        difference: Ours less theirs, with the interval of the paired replicates.
        p_value: Two-sided: twice the share of replicates on the far side of zero, 0..1; at least
            2 / (replicates + 1). NaN where there is no difference to judge.
    """

    ours: Estimate
    theirs: Estimate
    difference: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's exact test on the clips that just one of two models judges right.

    Attributes:
        ours_only: Clips that only ours judges right.
        theirs_only: Clips that only theirs judges right.
        p_value: Two-sided, of a fair coin giving so unequal counts; 1 where they agree on all.
    """

    ours_only: int
    theirs_only: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same clips.

    Attributes:
        clips: Number of clips.
        metrics: By name; the mean over the samples where there are several.
        mcnemar: None where the clips do not count alike: the test knows no weights, and clips that
            were drawn by what one of the models said of them would decide it beforehand.
    """

    clips: int
    metrics: Mapping[str, Difference]
    mcnemar: McNemar | None


def compare(
    pairs: Sequence[tuple[Sample, Sample]], *, count: int = REPLICATES, seed: int = 0
) -> Comparison:
    """Compare two models by a paired cluster bootstrap and McNemar's exact test.

    Both models are judged on the same replicates, so that what is hard for both does not blur the
    difference. The bootstrap knows clusters and weights; McNemar's test (1947; exact form) takes
    each clip as independent, which flatters it where clips come in series.

    Args:
        pairs: Ours and theirs on each of one or more samples; see :func:`paired`.
        count: Number of bootstrap replicates.
        seed: Of the replicates.
    """
    numbered = list(enumerate(pairs, start=seed))
    ours = [replicate(mine, count=count, seed=number) for number, (mine, _) in numbered]
    theirs = [replicate(other, count=count, seed=number) for number, (_, other) in numbered]
    return Comparison(
        sum(len(mine) for mine, _ in pairs), _differences(_one(ours), _one(theirs)), _mcnemar(pairs)
    )


def paired(ours: Sample, theirs: Sample, where: str) -> tuple[Sample, Sample]:
    """Both samples in the order of ours, drawn as ours is drawn.

    Args:
        ours: One model's judgement of some clips.
        theirs: The other's of the same clips.
        where: What they are, for messages.

    Raises:
        DataError: The clips are not the same or come twice, or their labels or weights differ.
    """
    for sample in (ours, theirs):
        if len(set(sample.names)) < len(sample):
            raise DataError("a clip comes twice", where=where, hint="keep one line for each clip")
    rows = {name: row for row, name in enumerate(theirs.names)}
    if lonely := sorted(set(ours.names) ^ rows.keys()):
        raise DataError(
            "the two models were not judged on the same clips",
            where=where,
            got=f"{len(lonely)} of one only, such as {lonely[0]}",
            hint="compare files of the same clips, named in the column file_name",
        )
    order = np.array([rows[name] for name in ours.names])
    judged = theirs.judged.part(order)
    for what, mine, other in (
        ("labels", ours.judged.labels, judged.labels),
        ("weights", ours.judged.weights, judged.weights),
    ):
        if (wrong := np.flatnonzero(mine != other)).size:
            raise DataError(
                f"the {what} of the two files differ", where=where, got=ours.names[wrong[0]]
            )
    return ours, replace(ours, judged=judged, probabilities=None, ranked=theirs.ranked)


def _one(parts: Sequence[Replicated]) -> Replicated:
    return parts[0] if len(parts) == 1 else mean_of(parts)


def _differences(ours: Replicated, theirs: Replicated) -> dict[str, Difference]:
    mine, others = ours.estimates(), theirs.estimates()
    return {
        name: _difference(mine[name], others[name], ours.samples[name] - theirs.samples[name])
        for name in METRICS
    }


def _difference(ours: Estimate, theirs: Estimate, replicated: FloatArray) -> Difference:
    value = ours.value - theirs.value
    return Difference(ours, theirs, interval(value, replicated), _p_value(replicated))


def _p_value(differences: FloatArray) -> float:
    known = differences[~np.isnan(differences)]
    if len(known) == 0:
        return float("nan")
    fewer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (fewer + 1) / (len(known) + 1))


def _mcnemar(pairs: Sequence[tuple[Sample, Sample]]) -> McNemar | None:
    weights = np.concatenate([ours.judged.weights for ours, _ in pairs])
    if (weights != weights[0]).any():
        return None
    right = [
        np.concatenate([sample.judged.predictions == sample.judged.labels for sample in side])
        for side in zip(*pairs, strict=True)
    ]
    ours_only, theirs_only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    discordant = ours_only + theirs_only
    p_value = binomtest(ours_only, discordant).pvalue if discordant else 1.0
    return McNemar(ours_only, theirs_only, float(p_value))
