"""Scores of a protocol on the shared cells: by fold and by site, each with its interval.

The cells are a stratified sample of the test sets of RISE; weighted by the clips each stands for,
a metric estimates its value on the full test set. IJmond's clips are not part of RISE and stand in
no group but their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stcnet.datasets import Cell, fold_test
from stcnet.datasets.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate, interval, replicates
from stcnet.evaluation.metrics import METRICS, FloatArray, metrics_of
from stcnet.evaluation.predictions import Prediction, judge_cells

REPLICATES = 1000
MEAN = "mean"
PLANTS_GROUP = "other-plants"

GROUPS: Mapping[str, Callable[[Cell], bool]] = {
    "rise": lambda cell: cell.site != "ijmond",
    "clairton": lambda cell: cell.site == "clairton",
    PLANTS_GROUP: lambda cell: cell.site == "other-plants",
    "ijmond": lambda cell: cell.site == "ijmond",
}
"""Whose clips are judged together."""


@dataclass(frozen=True, slots=True)
class GroupScores:
    """All metrics of one group of clips in one fold, or their mean over folds.

    Attributes:
        fold: Name of the fold, or ``mean``.
        group: A name of :data:`GROUPS`.
        clips: Number of clips judged.
        metrics: Estimate of each metric of :data:`stcnet.evaluation.metrics.METRICS`.
    """

    fold: str
    group: str
    clips: int
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, eq=False)
class _Replicated:
    """A group's metrics and their bootstrap replicates."""

    clips: int
    values: Mapping[str, float]
    samples: Mapping[str, FloatArray]

    def scores(self, fold: str, group: str) -> GroupScores:
        metrics = {n: interval(self.values[n], self.samples[n]) for n in self.values}
        return GroupScores(fold, group, self.clips, metrics)


def judge_protocol(
    predictions: Sequence[Prediction], cells: Sequence[Cell], *, count: int = REPLICATES
) -> list[GroupScores]:
    """All metrics by fold and group, and where there are several folds their mean.

    The fold that leaves the other plants out is another protocol and stays out of the mean.

    Args:
        predictions: Of models on clips they were not trained on.
        cells: The records of those clips.
        count: Number of bootstrap replicates.

    Raises:
        DataError: A prediction is of a clip that is not in ``cells`` or comes twice, or a fold of
            a known name was not predicted on just the clips that it holds out.
    """
    folds = _by_fold(predictions, cells)
    rows: list[GroupScores] = []
    for group, belongs in GROUPS.items():
        parts: dict[str, _Replicated] = {}
        for seed, (fold, pairs) in enumerate(folds.items()):
            chosen = [(p, c) for p, c in pairs if belongs(c)]
            if chosen and (fold != PLANTS_FOLD or group == PLANTS_GROUP):
                parts[fold] = _replicate(chosen, count, seed)
        rows += [part.scores(fold, group) for fold, part in parts.items()]
        splits = [part for fold, part in parts.items() if fold != PLANTS_FOLD]
        if len(splits) > 1:
            rows.append(_mean(splits).scores(MEAN, group))
    return rows


def _by_fold(
    predictions: Sequence[Prediction], cells: Sequence[Cell]
) -> dict[str, list[tuple[Prediction, Cell]]]:
    known = {cell.id: cell for cell in cells}
    folds: dict[str, list[tuple[Prediction, Cell]]] = {}
    for prediction in predictions:
        if prediction.id not in known:
            raise DataError(
                "a prediction is of a clip that is not in the data",
                where="predictions",
                got=prediction.id,
                hint="name the data that was predicted with --data",
            )
        folds.setdefault(prediction.fold, []).append((prediction, known[prediction.id]))
    for fold, pairs in folds.items():
        _check_fold(fold, [cell.id for _, cell in pairs], fold_test(cells, fold))
    return dict(sorted(folds.items()))


def _check_fold(fold: str, ids: Sequence[str], held_out: Sequence[Cell] | None) -> None:
    """Refuse repeated, missing and trained-on clips; None where the fold is not one of ours."""
    where = f"predictions of {fold}"
    seen = set(ids)
    if len(seen) < len(ids):
        raise DataError("a clip comes twice", where=where, got=_first_repeated(ids))
    expected = {cell.id for cell in held_out} if held_out is not None else seen
    if strange := sorted(seen - expected):
        raise DataError(
            "a clip is predicted that the fold does not hold out",
            where=where,
            got=strange[0],
            hint="scores on clips that were trained on show nothing",
        )
    if missing := sorted(expected - seen):
        raise DataError(
            "clips of the fold are not predicted",
            where=where,
            got=f"{len(missing)} missing, {missing[0]} the first",
            hint="predict the whole test set",
        )


def _first_repeated(ids: Sequence[str]) -> str:
    return next(clip for clip, times in Counter(ids).items() if times > 1)


def _replicate(pairs: Sequence[tuple[Prediction, Cell]], count: int, seed: int) -> _Replicated:
    cells = [cell for _, cell in pairs]
    judged = judge_cells([prediction for prediction, _ in pairs], cells)
    strata = [(c.split, c.label, c.baseline_prediction, c.site) for c in cells]
    clusters = [c.duplicate_group for c in cells]
    samples = replicates(judged, strata, clusters, METRICS, count=count, seed=seed)
    return _Replicated(len(cells), metrics_of(judged), samples)


def _mean(parts: Sequence[_Replicated]) -> _Replicated:
    """The unweighted mean over folds, NaN where one has no value; folds are resampled apart."""
    values = {n: float(np.mean([part.values[n] for part in parts])) for n in METRICS}
    samples = {n: np.mean([part.samples[n] for part in parts], axis=0) for n in METRICS}
    return _Replicated(sum(part.clips for part in parts), values, samples)
