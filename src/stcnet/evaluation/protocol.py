"""Scores of a protocol on the shared cells: by fold and by site, each with its interval.

The cells are a stratified sample of the test sets of RISE; weighted by the clips each stands for,
a metric estimates its value on the full test set. IJmond's clips are not part of RISE and stand in
no group but their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from stcnet.datasets import Cell, fold_test
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.estimates import REPLICATES, Replicated, mean_of, replicate
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.relabelling import Label, relabelled
from stcnet.evaluation.samples import Sample, sample_cells

MEAN = "mean"
RISE = "rise"
PLANTS_GROUP = "other-plants"

GROUPS: Mapping[str, Callable[[Cell], bool]] = {
    RISE: lambda cell: cell.site != "ijmond",
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


def judge_protocol(
    predictions: Sequence[Prediction],
    cells: Sequence[Cell],
    *,
    count: int = REPLICATES,
    labels: Mapping[str, Label] = MappingProxyType({}),
) -> list[GroupScores]:
    """All metrics by fold and group, and where there are several folds their mean.

    The fold that leaves the other plants out is another protocol and stays out of the mean.

    Args:
        predictions: Of models on clips they were not trained on.
        cells: The records of those clips.
        count: Number of bootstrap replicates.
        labels: Revised labels by clip id; the cells stay in the strata they were drawn from.

    Raises:
        DataError: A prediction is of a clip that is not in ``cells`` or comes twice, or a fold of
            a known name was not predicted on just the clips that it holds out.
    """
    folds = _by_fold(predictions, cells)
    rows: list[GroupScores] = []
    for group, belongs in GROUPS.items():
        parts: dict[str, Replicated] = {}
        for seed, (fold, pairs) in enumerate(folds.items()):
            chosen = [(p, c) for p, c in pairs if belongs(c)]
            if chosen and (fold != PLANTS_FOLD or group == PLANTS_GROUP):
                parts[fold] = replicate(relabelled(_sample(chosen), labels), count=count, seed=seed)
        splits = [part for fold, part in parts.items() if fold != PLANTS_FOLD]
        if len(splits) > 1:
            parts[MEAN] = mean_of(splits)
        rows += [
            GroupScores(fold, group, part.clips, part.estimates()) for fold, part in parts.items()
        ]
    return rows


def fold_samples(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> dict[str, Sample]:
    """The RISE clips of each fold, by its name; IJmond's are left out.

    The fold that leaves the other plants out stands among them only where it is the only one: its
    clips are tested by the other folds as well.

    Raises:
        DataError: As for :func:`judge_protocol`.
    """
    folds = _by_fold(predictions, cells)
    if len(folds) > 1:
        folds.pop(PLANTS_FOLD, None)
    kept = {name: [(p, c) for p, c in pairs if GROUPS[RISE](c)] for name, pairs in folds.items()}
    return {name: _sample(pairs) for name, pairs in kept.items() if pairs}


def _sample(pairs: Sequence[tuple[Prediction, Cell]]) -> Sample:
    return sample_cells([prediction for prediction, _ in pairs], [cell for _, cell in pairs])


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
        held_out = fold_test(cells, fold)
        check_fold(
            *(fold, [cell.id for _, cell in pairs]),
            None if held_out is None else [cell.id for cell in held_out],
        )
    return dict(sorted(folds.items()))


def check_fold(
    fold: str, ids: Sequence[str], held_out: Sequence[str] | None, *, may_miss: bool = False
) -> None:
    """Refuse predictions that are not those of a fold's test clips.

    Args:
        fold: Its name.
        ids: Of the clips that were predicted.
        held_out: Of the clips that it holds out; None where the fold is not one of ours.
        may_miss: Whether clips that it holds out may be missing.

    Raises:
        DataError: A clip comes twice, is not held out, or is missing.
    """
    where = f"predictions of {fold}"
    seen = set(ids)
    if len(seen) < len(ids):
        raise DataError("a clip comes twice", where=where, got=_first_repeated(ids))
    expected = seen if held_out is None else set(held_out)
    if strange := sorted(seen - expected):
        raise DataError(
            "a clip is predicted that the fold does not hold out",
            where=where,
            got=strange[0],
            hint="scores on clips that were trained on show nothing",
        )
    missing = sorted(expected - seen)
    if missing and not may_miss:
        raise DataError(
            "clips of the fold are not predicted",
            where=where,
            got=f"{len(missing)} missing, {missing[0]} the first",
            hint="predict the whole test set",
        )


def _first_repeated(ids: Sequence[str]) -> str:
    return next(clip for clip, times in Counter(ids).items() if times > 1)
