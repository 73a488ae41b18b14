"""What goes wrong by cause: how often clips with steam, fog, dusk and the like are judged wrongly.

The causes of a clip are words in a small file, seen by eye or known by construction. A clip may
have several, so the groups overlap; that clips of a cause are often wrong does not prove that the
cause is why.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.comparison import compare
from stcnet.evaluation.estimates import REPLICATES, replicate
from stcnet.evaluation.predictions import read_rows
from stcnet.evaluation.samples import Sample, join_samples

ALL = "all"
NONE = "none of these"
MISTAKES = ("false alarms", "misses")
"""Of clips without smoke, and of clips with smoke."""
COLUMNS = ("id", "causes")
LEAST_CHANGED: Final = 6
"""Clips that two models must judge differently before their difference gets an interval.

With five, all for one of them, a fair coin gives as much in 6 % of the cases: no test could tell.
Replicates would not say so, since a clip that is alone in its stratum is drawn in each of them.
"""

Chosen = NDArray[np.bool_]
"""Of each clip whether it counts, shape (N,)."""
Causes = Mapping[str, frozenset[str]]
"""What stands in each clip, by its id; empty where nothing of it does."""


@dataclass(frozen=True, slots=True)
class CauseErrors:
    """How often the clips of one label and one cause are judged wrongly.

    Attributes:
        sample: Name of the sample, such as a fold, or of several.
        mistake: Of :data:`MISTAKES`.
        cause: Word of the file, :data:`ALL`, or :data:`NONE` for clips without a word.
        clips: Number of clips.
        wrong: Number of them that were judged wrongly.
        rate: Share of them in the population that were, 0..1, with its interval.
    """

    sample: str
    mistake: str
    cause: str
    clips: int
    wrong: int
    rate: Estimate


@dataclass(frozen=True, slots=True)
class CauseChange:
    """How often the clips of one label and one cause are judged wrongly by two models.

    Attributes:
        ours, theirs: Of each model; of the same clips.
        difference: Our rate less theirs, with the interval of the paired replicates; below zero
            ours judges fewer wrongly. No interval where fewer than :data:`LEAST_CHANGED` clips
            are judged right by just one of the models.
        p_value: As of :class:`~stcnet.evaluation.comparison.Difference`; NaN without an interval.
    """

    ours: CauseErrors
    theirs: CauseErrors
    difference: Estimate
    p_value: float


def read_causes(path: Path) -> dict[str, frozenset[str]]:
    """The causes of clips, from a CSV file with the columns ``id`` and ``causes``.

    Raises:
        DataError: A column is missing, a clip stands there twice, or a cause is no word of small
            letters and hyphens.
    """
    rows = read_rows(path, "clip", columns=COLUMNS)
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        words = row.values["causes"].split()
        for word in words:
            if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
                raise DataError(
                    "a cause is a word of small letters and hyphens", where=row.where, got=word
                )
        if row.values["id"] in found:
            raise DataError("the clip stands there twice", where=row.where, got=row.values["id"])
        found[row.values["id"]] = frozenset(words)
    return found


def errors_of_samples(samples: Mapping[str, Sample], causes: Causes) -> list[CauseErrors]:
    """False alarms and misses by cause; samples that share no clip are counted together.

    Args:
        samples: By their names.
        causes: Of each clip.

    Raises:
        DataError: The causes of a clip are not known.
    """
    return [
        row
        for pool in _pools(samples)
        for row in errors_by_cause(", ".join(pool), join_samples(list(pool.values())), causes)
    ]


def changes_of_samples(
    samples: Mapping[str, Sample], against: Mapping[str, Sample], causes: Causes
) -> list[CauseChange]:
    """False alarms and misses of two models by cause, such as before and after a remedy.

    Args:
        samples: Ours, by their names; those that share no clip are counted together.
        against: Theirs, by the same names and of the same clips in the same order, as
            :func:`stcnet.evaluation.comparison.paired` gives them.
        causes: Of each clip.

    Raises:
        DataError: The causes of a clip are not known.
    """
    return [
        row
        for pool in _pools(samples)
        for row in changes_by_cause(
            ", ".join(pool),
            join_samples(list(pool.values())),
            join_samples([against[name] for name in pool]),
            causes,
        )
    ]


def _pools(samples: Mapping[str, Sample]) -> list[dict[str, Sample]]:
    """The samples in sets of which none shares a clip with another of its set."""
    pools: list[dict[str, Sample]] = []
    for name, sample in samples.items():
        pool = next((pool for pool in pools if _disjoint(sample, pool)), None)
        if pool is None:
            pools.append(pool := {})
        pool[name] = sample
    return pools


def _disjoint(sample: Sample, pool: Mapping[str, Sample]) -> bool:
    return all(set(sample.names).isdisjoint(other.names) for other in pool.values())


def errors_by_cause(
    name: str, sample: Sample, causes: Causes, *, count: int = REPLICATES
) -> list[CauseErrors]:
    """False alarms and misses of a sample, of all clips and cause by cause.

    Args:
        name: Of the sample.
        sample: The clips.
        causes: Of each of them.
        count: Number of bootstrap replicates.

    Raises:
        DataError: The causes of a clip are not known.
    """
    return [
        _errors(name, mistake, word, sample.part(chosen), count)
        for mistake, word, chosen in _divided(sample, causes)
    ]


def changes_by_cause(
    name: str, ours: Sample, theirs: Sample, causes: Causes, *, count: int = REPLICATES
) -> list[CauseChange]:
    """False alarms and misses of two models on the same clips, cause by cause.

    Both are judged on the same replicates, so that what is hard for both does not blur the
    difference.

    Args:
        name: Of the clips.
        ours: What our model says of them.
        theirs: What the other one says of them, in the same order.
        causes: Of each clip.
        count: Number of bootstrap replicates.

    Raises:
        DataError: The causes of a clip are not known.
    """
    return [
        _change(name, mistake, word, (ours.part(chosen), theirs.part(chosen)), count)
        for mistake, word, chosen in _divided(ours, causes)
    ]


def _divided(sample: Sample, causes: Causes) -> Iterator[tuple[str, str, Chosen]]:
    """Each kind of mistake and word, and the clips of that label that have it, if there are any."""
    told = [_told(clip, causes) for clip in sample.names]
    words = [ALL, *sorted(set().union(*told) - {NONE}), NONE]
    for label, mistake in enumerate(MISTAKES):
        for word in words:
            chosen = _chosen(word, told) & (sample.judged.labels == label)
            if chosen.any():
                yield mistake, word, chosen


def _told(clip: str, causes: Causes) -> frozenset[str]:
    if clip not in causes:
        raise DataError(
            "the causes of a clip are missing",
            where=clip,
            hint="give every clip a line, with no word where there is no cause",
        )
    return causes[clip] or frozenset({NONE})


def _chosen(word: str, told: Sequence[frozenset[str]]) -> Chosen:
    return np.array([word == ALL or word in words for words in told])


def _errors(name: str, mistake: str, cause: str, part: Sample, count: int) -> CauseErrors:
    right = replicate(part, count=count).estimates()["accuracy"]
    return CauseErrors(name, mistake, cause, len(part), _wrong(part), _less(1.0, right))


def _change(
    name: str, mistake: str, cause: str, pair: tuple[Sample, Sample], count: int
) -> CauseChange:
    right = compare([pair], count=count).metrics["accuracy"]
    ours, theirs = (
        CauseErrors(name, mistake, cause, len(part), _wrong(part), _less(1.0, share))
        for part, share in zip(pair, (right.ours, right.theirs), strict=True)
    )
    difference, p_value = _less(0.0, right.difference), right.p_value
    if (pair[0].judged.predictions != pair[1].judged.predictions).sum() < LEAST_CHANGED:
        difference, p_value = Estimate(difference.value, math.nan, math.nan), math.nan
    return CauseChange(ours, theirs, difference, p_value)


def _less(whole: float, estimate: Estimate) -> Estimate:
    """What an estimate leaves of a whole."""
    return Estimate(whole - estimate.value, whole - estimate.high, whole - estimate.low)


def _wrong(part: Sample) -> int:
    return int((part.judged.predictions != part.judged.labels).sum())
