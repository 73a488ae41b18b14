"""How far people agree who labelled the same clips."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import krippendorff
import numpy as np

from stcnet.datasets.rise.labels import Label

Ballots = Mapping[str, Mapping[str, Label]]
"""What each annotator said of each clip: 1 smoke, 0 none; unsure and unseen clips are not there."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators.

    Attributes:
        one, other: Their names.
        clips: Clips that both judged.
        agreed: Those on which they said the same.
    """

    one: str
    other: str
    clips: int
    agreed: int

    @property
    def share(self) -> float:
        """Share of their common clips on which they agree, 0..1."""
        return self.agreed / self.clips


@dataclass(frozen=True, slots=True)
class Agreement:
    """All annotators.

    Attributes:
        alpha: Krippendorff's alpha for nominal data, at most 1: 1 where all agree, 0 where they
            agree as if by chance; NaN where it is not defined.
        clips: Clips that two or more judged, on which it rests.
        pairs: Every two annotators with a common clip.
    """

    alpha: float
    clips: int
    pairs: tuple[PairAgreement, ...]


def measure_agreement(ballots: Ballots) -> Agreement:
    """Krippendorff's alpha, and the agreement of every two annotators.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), nominal metric. An unsure vote
    is no judgement and counts as missing. Alpha is not defined where no clip has two votes, or
    where all votes are the same.

    >>> measure_agreement({"anna": {"a": 1, "b": 0}, "ben": {"a": 1, "b": 0}}).alpha
    1.0
    """
    judges: dict[str, int] = defaultdict(int)
    for said in ballots.values():
        for clip in said:
            judges[clip] += 1
    shared = sorted(clip for clip, count in judges.items() if count > 1)
    return Agreement(nominal_alpha(_matrix(ballots, shared)), len(shared), _pairs(ballots))


def _matrix(ballots: Ballots, clips: Sequence[str]) -> list[list[float]]:
    return [[said.get(clip, math.nan) for clip in clips] for said in ballots.values()]


def nominal_alpha(matrix: Sequence[Sequence[float]]) -> float:
    """Krippendorff's alpha of nominal values, NaN where it is not defined.

    Args:
        matrix: Shape (annotators, clips), NaN where somebody did not judge.
    """
    values = np.array(matrix, dtype=np.float64)
    known = ~np.isnan(values)
    paired = known.sum(axis=0) > 1
    if not paired.any() or len(np.unique(values[:, paired][known[:, paired]])) < 2:
        return math.nan
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))


def _pairs(ballots: Ballots) -> tuple[PairAgreement, ...]:
    pairs = []
    for (one, first), (other, second) in combinations(sorted(ballots.items()), 2):
        common = first.keys() & second.keys()
        if common:
            agreed = sum(first[clip] == second[clip] for clip in common)
            pairs.append(PairAgreement(one, other, len(common), agreed))
    return tuple(pairs)
