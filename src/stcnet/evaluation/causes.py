"""What goes wrong by cause: how often clips with steam, fog, dusk and the like are judged wrongly.

The causes of a clip are words in a small file, seen by eye or known by construction. A clip may
have several, so the groups overlap; that clips of a cause are often wrong does not prove that the
cause is why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.estimates import REPLICATES, replicate
from stcnet.evaluation.predictions import read_rows
from stcnet.evaluation.samples import Sample, join_samples

ALL = "all"
NONE = "none of these"
MISTAKES = ("false alarms", "misses")
"""Of clips without smoke, and of clips with smoke."""
COLUMNS = ("id", "causes")

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
    pools: list[dict[str, Sample]] = []
    for name, sample in samples.items():
        pool = next((pool for pool in pools if _disjoint(sample, pool)), None)
        if pool is None:
            pools.append(pool := {})
        pool[name] = sample
    return [
        row
        for pool in pools
        for row in errors_by_cause(", ".join(pool), join_samples(list(pool.values())), causes)
    ]


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
    told = [_told(clip, causes) for clip in sample.names]
    words = [ALL, *sorted(set().union(*told) - {NONE}), NONE]
    return [
        _errors(name, mistake, word, sample.part(chosen), count)
        for label, mistake in enumerate(MISTAKES)
        for word in words
        if (chosen := _chosen(word, told) & (sample.judged.labels == label)).any()
    ]


def _told(clip: str, causes: Causes) -> frozenset[str]:
    if clip not in causes:
        raise DataError(
            "the causes of a clip are missing",
            where=clip,
            hint="give every clip a line, with no word where there is no cause",
        )
    return causes[clip] or frozenset({NONE})


def _chosen(
    word: str, told: Sequence[frozenset[str]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([word == ALL or word in words for words in told])


def _errors(name: str, mistake: str, cause: str, part: Sample, count: int) -> CauseErrors:
    right = replicate(part, count=count).estimates()["accuracy"]
    rate = Estimate(1 - right.value, 1 - right.high, 1 - right.low)
    wrong = int((part.judged.predictions != part.judged.labels).sum())
    return CauseErrors(name, mistake, cause, len(part), wrong, rate)
