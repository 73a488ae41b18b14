"""Everything that is asked of predictions, judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stcnet.datasets import Cell
from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.breakdown import DIMENSIONS, PartScores, break_down, score_whole
from stcnet.evaluation.causes import CauseChange, CauseErrors
from stcnet.evaluation.comparison import Comparison, compare, paired
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import GroupScores, fold_samples, judge_protocol
from stcnet.evaluation.reliability import CalibrationScores, score_calibration
from stcnet.evaluation.revisions import RevisedScores
from stcnet.evaluation.samples import Sample, baseline_of
from stcnet.evaluation.transfer import Transfer, transfer
from stcnet.wording import counted


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of predictions on one or more samples.

    Attributes:
        samples: The clips behind all of it, by the name of their file or fold.
        scores: All metrics by sample; by fold and group where the clips are shared cells.
        parts: All metrics of parts of the samples.
        transfers: The matrix of thresholds; empty where it was not asked for.
        comparison: With another model, where there is one.
        against: What that model says of the clips of ``samples``, under the same names and in the
            same order.
        causes: Mistakes by cause; empty where it was not asked for.
        cause_changes: The same of both models; empty where there is no other.
        revised: The scores on revised labels; None where it was not asked for.
    """

    samples: Mapping[str, Sample]
    scores: Sequence[PartScores] | Sequence[GroupScores]
    parts: Sequence[PartScores] = ()
    transfers: Sequence[Transfer] = ()
    comparison: Comparison | None = None
    against: Mapping[str, Sample] = field(default_factory=dict)
    causes: Sequence[CauseErrors] = ()
    cause_changes: Sequence[CauseChange] = ()
    revised: RevisedScores | None = None

    def calibrations(self) -> dict[str, CalibrationScores]:
        """How good the probabilities of each sample are that has some."""
        found = {name: score_calibration(sample) for name, sample in self.samples.items()}
        return {name: scores for name, scores in found.items() if scores is not None}


def assess_labelled(
    samples: Mapping[str, Sample],
    *,
    by: Sequence[str] = (),
    transferred: bool = False,
    against: Sequence[Sample] = (),
) -> Assessment:
    """Judge files of predictions in which the labels stand.

    Args:
        samples: By the name of the file.
        by: Dimensions to divide the clips by.
        transferred: Whether to try the threshold of each sample on the others.
        against: Another model on the same clips: one for each sample, in the same order.

    Raises:
        ConfigError: There is no such dimension, or not one file against each.
        DataError: The clips of the two models differ, or no threshold can be tuned.
    """
    if against and len(against) != len(samples):
        raise ConfigError(
            "there must be a file against each",
            where="--against",
            got=f"{len(against)} for {counted(len(samples), 'file')}",
        )
    pairs = [
        paired(ours, theirs, name)
        for (name, ours), theirs in zip(samples.items(), against, strict=bool(against))
    ]
    return Assessment(
        samples,
        [score_whole(name, sample) for name, sample in samples.items()],
        _parts(samples, by),
        transfer(samples) if transferred else (),
        compare(pairs) if pairs else None,
        _theirs(samples, pairs),
    )


def assess_cells(
    predictions: Sequence[Prediction],
    cells: Sequence[Cell],
    *,
    by: Sequence[str] = (),
    transferred: bool = False,
    against: Sequence[Prediction] | None = None,
    baseline: bool = False,
) -> Assessment:
    """Judge predictions on the shared cells.

    Parts, transfer and comparison are of the RISE clips of each fold.

    Args:
        predictions: Of models on clips they were not trained on.
        cells: The records of those clips.
        by: Dimensions to divide the clips by.
        transferred: Whether to try the threshold of each fold on the others.
        against: Predictions of another model on the same folds.
        baseline: Whether to compare with RGB-TC.

    Raises:
        ConfigError: There is no such dimension.
        DataError: Predictions do not fit the clips, the folds or each other.
    """
    scores = judge_protocol(predictions, cells)
    samples = fold_samples(predictions, cells)
    if not samples and (by or transferred or baseline or against):
        raise DataError(
            "no clip of RISE is predicted",
            where="predictions",
            hint="parts, transfer and comparison are of RISE; ask for the scores alone",
        )
    pairs: list[tuple[Sample, Sample]] = []
    if baseline:
        known = {cell.id: cell for cell in cells}
        pairs = [
            paired(sample, baseline_of([known[clip] for clip in sample.names]), name)
            for name, sample in samples.items()
        ]
    elif against is not None:
        pairs = _paired_folds(samples, fold_samples(against, cells))
    return Assessment(
        samples,
        scores,
        _parts(samples, by),
        transfer(samples) if transferred else (),
        compare(pairs) if pairs else None,
        _theirs(samples, pairs),
    )


def told_dimensions(samples: Mapping[str, Sample]) -> tuple[str, ...]:
    """The dimensions by which every sample can be divided."""
    return tuple(
        dimension
        for dimension in DIMENSIONS
        if samples and all(dimension in sample.tags for sample in samples.values())
    )


def can_transfer(samples: Mapping[str, Sample]) -> bool:
    """Whether there are several samples on which a threshold can be tuned."""
    return len(samples) > 1 and all(
        sample.ranked and sample.judged.labels.any() for sample in samples.values()
    )


def _parts(samples: Mapping[str, Sample], by: Sequence[str]) -> list[PartScores]:
    return [row for name, sample in samples.items() for row in break_down(name, sample, by)]


def _theirs(
    samples: Mapping[str, Sample], pairs: Sequence[tuple[Sample, Sample]]
) -> dict[str, Sample]:
    """The other model's side of the pairs, by the names of ours; empty without another model."""
    return {name: theirs for name, (_, theirs) in zip(samples, pairs, strict=bool(pairs))}


def _paired_folds(
    ours: Mapping[str, Sample], theirs: Mapping[str, Sample]
) -> list[tuple[Sample, Sample]]:
    if ours.keys() != theirs.keys():
        raise ConfigError(
            "the two models were not judged on the same folds",
            where="--against",
            got=", ".join(theirs),
            allowed=", ".join(ours),
        )
    return [paired(sample, theirs[name], name) for name, sample in ours.items()]
