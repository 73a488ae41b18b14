"""What each condition costs: clips judged under it, beside the same clips as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.evaluation.calibration import calibrated
from stcnet.evaluation.comparison import Comparison, compare
from stcnet.evaluation.condition_runs import Logits
from stcnet.evaluation.conditions import Condition
from stcnet.evaluation.estimates import REPLICATES
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.rendered_views import RenderedCondition
from stcnet.evaluation.samples import Sample, sample_cells
from stcnet.evaluation.tables import Record, Table, format_estimate, format_share, triple
from stcnet.inference import Calibration

SMOKING: Final = ("smoke", "mixed")
"""Situations of rendered scenes that show smoke."""
_METRICS: Final = ("smoke_f1", "roc_auc")


@dataclass(frozen=True, slots=True)
class ConditionScores:
    """A condition beside the reference on the same clips.

    Attributes:
        name, group: Of the condition.
        part: Whose clips: ``mean of N folds``, or the name of a fold.
        compared: The condition's metrics, the reference's, and their paired differences.
    """

    name: str
    group: str
    part: str
    compared: Comparison


def compare_recorded(
    logits: Logits,
    tested: Mapping[str, Sequence[Cell]],
    conditions: Sequence[Condition],
    reference: Condition,
    calibrations: Mapping[str, Calibration],
    *,
    count: int = REPLICATES,
) -> list[ConditionScores]:
    """Each condition beside the reference, on the mean of the folds and on the plants' own.

    Args:
        logits: Of every condition and fold.
        tested: By fold, the clips that it tests; their weights estimate the full test sets.
        conditions: In the order wanted.
        reference: What the others are compared with.
        calibrations: By fold, fitted on other folds' clips as they are; a fold without one is
            judged at logit 0.
        count: Number of bootstrap replicates.
    """
    parts = _parts(tested)

    def sample(condition: Condition, fold: str) -> Sample:
        scores = logits[condition.name, fold]
        return _sampled(scores, tested[fold], fold, calibrations.get(fold))

    return [
        ConditionScores(
            condition.name,
            condition.group,
            part,
            compare([(sample(condition, f), sample(reference, f)) for f in folds], count=count),
        )
        for condition in conditions
        for part, folds in parts.items()
    ]


def _parts(folds: Iterable[str]) -> dict[str, list[str]]:
    """The folds that leave a split out, which are averaged, and the one that leaves plants out."""
    splits = [fold for fold in folds if fold != PLANTS_FOLD]
    title = splits[0] if len(splits) == 1 else f"mean of {len(splits)} folds"
    parts = {title: splits} if splits else {}
    return parts | ({PLANTS_FOLD: [PLANTS_FOLD]} if PLANTS_FOLD in folds else {})


def _sampled(
    scores: Mapping[str, float], cells: Sequence[Cell], fold: str, calibration: Calibration | None
) -> Sample:
    said = [Prediction(cell.id, fold, scores[cell.id]) for cell in cells]
    return sample_cells(_on_scale(said, calibration), cells)


def _on_scale(said: Sequence[Prediction], calibration: Calibration | None) -> Sequence[Prediction]:
    """Calibrated log-odds with their threshold; logits and 0 where there is no calibration."""
    if calibration is None:
        return said
    return [calibrated(prediction, calibration) for prediction in said]


def compare_rendered(
    logits: Logits,
    conditions: Sequence[RenderedCondition],
    reference: RenderedCondition,
    calibrations: Mapping[str, Calibration],
    *,
    count: int = REPLICATES,
) -> list[ConditionScores]:
    """Each condition beside the reference, the judgements of all folds' models together.

    A scene is drawn by the bootstrap with all its clips and what every model says of them.

    Args:
        logits: Of every condition and fold.
        conditions: In the order wanted.
        reference: What the others are compared with.
        calibrations: By fold; a fold without one is judged at logit 0.
        count: Number of bootstrap replicates.
    """
    folds = sorted({fold for _, fold in logits})
    theirs = _scenes(logits, reference.name, folds, calibrations)
    return [
        ConditionScores(
            condition.name,
            condition.group,
            "rendered scenes",
            compare([(_scenes(logits, condition.name, folds, calibrations), theirs)], count=count),
        )
        for condition in conditions
    ]


def _scenes(
    logits: Logits, condition: str, folds: Sequence[str], calibrations: Mapping[str, Calibration]
) -> Sample:
    said = [
        prediction
        for fold in folds
        for prediction in _on_scale(
            [Prediction(name, fold, each) for name, each in logits[condition, fold].items()],
            calibrations.get(fold),
        )
    ]
    scores = np.array([prediction.logit for prediction in said])
    smoke = [prediction.logit > prediction.threshold for prediction in said]
    labels = [prediction.id.split("/")[1] in SMOKING for prediction in said]
    return Sample(
        Judged(
            np.array(labels, dtype=np.int64),
            np.array(smoke, dtype=np.int64),
            scores,
            np.ones(len(said)),
        ),
        tuple(f"{prediction.fold}/{prediction.id}" for prediction in said),
        (0,) * len(said),
        tuple(prediction.id.split("/")[0] for prediction in said),
        "scene",
        probabilities=np.asarray(expit(scores)),
    )


def condition_table(scores: Sequence[ConditionScores]) -> Table:
    """A line a condition; for each part smoke-F1 and ROC AUC with the difference to the reference.

    Args:
        scores: Of one or more parts, all of the same conditions.
    """
    parts = list(dict.fromkeys(row.part for row in scores))
    rows: dict[tuple[str, str], dict[str, Comparison]] = defaultdict(dict)
    for row in scores:
        rows[row.group, row.name][row.part] = row.compared
    columns = [f"{part}: {what}" for part in parts for what in ("smoke F1", "ROC AUC")]
    head = [name for column in columns for name in (column, "difference")]
    return Table(
        ("what differs", "condition", *head),
        tuple((*place, *_figures(rows[place], parts)) for place in rows),
    )


def _figures(compared: Mapping[str, Comparison], parts: Sequence[str]) -> list[str]:
    differences = [compared[part].metrics[metric] for part in parts for metric in _METRICS]
    return [
        text
        for each in differences
        for text in (format_share(each.ours.value), format_estimate(each.difference))
    ]


def scores_as_json(scores: Sequence[ConditionScores]) -> list[Record]:
    """``[value, low, high]`` of every metric and of its difference to the reference."""
    return [
        {
            "condition": row.name,
            "group": row.group,
            "part": row.part,
            "clips": row.compared.clips,
            "metrics": {
                name: {
                    "value": triple(each.ours),
                    "difference": triple(each.difference),
                }
                for name, each in row.compared.metrics.items()
            },
        }
        for row in scores
    ]  # fmt: skip
