"""Scores of parts of a sample: by view, plant, month and hour of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stcnet.errors import ConfigError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.estimates import REPLICATES, replicate
from stcnet.evaluation.samples import Sample

DIMENSIONS = ("view", "plant", "month", "hour")
"""What clips can be divided by; months and hours are the plants' own (America/New_York)."""
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class PartScores:
    """All metrics of one part of a sample.

    Attributes:
        sample: Name of the sample, such as a file or a fold.
        by: The dimension, or ``all`` for the whole sample.
        part: The view, plant, month (``2018-06``) or hour (``09``: from 9 to 10 o'clock).
        clips: Number of clips.
        smoke: Number of them that show smoke.
        clusters: Number of clusters; an interval of few is not to be trusted.
        metrics: Estimate of each metric; NaN where the clips cannot tell it.
    """

    sample: str
    by: str
    part: str
    clips: int
    smoke: int
    clusters: int
    metrics: Mapping[str, Estimate]


def score_whole(name: str, sample: Sample, *, count: int = REPLICATES) -> PartScores:
    """All metrics of a sample of at least one clip, with intervals of ``count`` replicates."""
    return PartScores(
        name,
        WHOLE,
        WHOLE,
        len(sample),
        int(sample.judged.labels.sum()),
        sample.cluster_count,
        replicate(sample, count=count).estimates(),
    )


def break_down(
    name: str, sample: Sample, dimensions: Sequence[str], *, count: int = REPLICATES
) -> list[PartScores]:
    """All metrics of each part of a sample.

    Args:
        name: Of the sample.
        sample: The clips.
        dimensions: Of :data:`DIMENSIONS`, in the order of the result.
        count: Number of bootstrap replicates.

    Returns:
        For each dimension its parts in alphabetical order.

    Raises:
        ConfigError: There is no such dimension, or the clips do not tell it.
    """
    rows: list[PartScores] = []
    for dimension in dimensions:
        _require(dimension, sample, name)
        values = np.array(sample.tags[dimension])
        for value in sorted(set(sample.tags[dimension])):
            whole = score_whole(name, sample.part(values == value), count=count)
            rows.append(replace(whole, by=dimension, part=value))
    return rows


def _require(dimension: str, sample: Sample, name: str) -> None:
    if dimension not in DIMENSIONS:
        raise ConfigError(
            "clips cannot be divided by this",
            where="--by",
            got=dimension,
            allowed=", ".join(DIMENSIONS),
        )
    if dimension not in sample.tags:
        raise ConfigError(
            f"the clips do not tell their {dimension}",
            where=name,
            allowed=", ".join(sample.tags) or None,
            hint=None if sample.tags else "give them RISE names in a column file_name",
        )
