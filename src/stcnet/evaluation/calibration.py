"""From held-out predictions to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sklearn.linear_model import LogisticRegression

from stcnet.datasets import Cell
from stcnet.datasets.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.predictions import Prediction, judge_cells
from stcnet.inference import Calibration

THRESHOLD = 0.5
OFF_SHARE = 0.8
"""An episode goes on until the probability falls below this share of the threshold."""

UNCALIBRATED = Calibration(
    slope=1.0,
    intercept=0.0,
    threshold=THRESHOLD,
    off_threshold=THRESHOLD * OFF_SHARE,
    basis="none: the probability is the raw score of the network",
)


def calibrate(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> Calibration:
    """Platt scaling (Platt, 1999) fitted on held-out predictions, weighted to the population.

    The threshold is a half: smoke from where it is as likely as none in the population.

    Args:
        predictions: Of models that had not seen the clips.
        cells: The records of the clips.

    Raises:
        DataError: The clips show only one class, or smoke does not score higher than none.
    """
    kept, known = _one_a_clip(predictions, cells)
    judged = judge_cells(kept, [known[prediction.id] for prediction in kept])
    if judged.labels.min() == judged.labels.max():
        raise DataError("calibration needs clips of both classes", where="predictions")
    scaling = LogisticRegression(C=1e6).fit(
        judged.scores[:, None], judged.labels, sample_weight=judged.weights
    )
    slope, intercept = float(scaling.coef_[0, 0]), float(scaling.intercept_[0])
    if slope <= 0:
        raise DataError(
            "smoke does not score higher than none", where="predictions", got=f"slope {slope:.3g}"
        )
    return Calibration(
        slope=slope,
        intercept=intercept,
        threshold=THRESHOLD,
        off_threshold=THRESHOLD * OFF_SHARE,
        basis=f"Platt scaling on {len(judged)} held-out predictions "
        f"({', '.join(sorted({p.fold for p in kept}))}), weighted to the full RISE test "
        "sets; smoke from a probability of one half",
    )


def cross_calibrate(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> list[Prediction]:
    """Calibrated logits of each fold, by the calibration that the other folds give.

    So no label of a fold has a say in where its own threshold lies. The fold that leaves the other
    plants out is calibrated on the predictions of clairton's clips alone.

    Args:
        predictions: Of models that had not seen the clips, of two or more folds.
        cells: The records of the clips.

    Returns:
        The predictions in their order, their logits calibrated: smoke above 0.

    Raises:
        DataError: A fold has no other to be calibrated on, or cannot be calibrated.
    """
    fits = {
        fold: calibrate(_others(fold, predictions), cells)
        for fold in sorted({prediction.fold for prediction in predictions})
    }
    return [
        replace(p, logit=fits[p.fold].slope * p.logit + fits[p.fold].intercept) for p in predictions
    ]


def _others(fold: str, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Predictions that may calibrate a fold: of other folds, on clips that it does not test."""
    tested = {prediction.id for prediction in predictions if prediction.fold == fold}
    others = [
        prediction
        for prediction in predictions
        if prediction.fold not in {fold, PLANTS_FOLD} and prediction.id not in tested
    ]
    if not others:
        raise DataError(
            "a fold can only be calibrated on other folds",
            where="predictions",
            got=f"{fold} alone",
            hint="give the predictions of all folds of the protocol",
        )
    return others


def _one_a_clip(
    predictions: Sequence[Prediction], cells: Sequence[Cell]
) -> tuple[list[Prediction], dict[str, Cell]]:
    """One prediction of each RISE clip, and the clips; IJmond's are not part of the population.

    Where a clip was held out by two protocols, the fold of its split speaks for it.
    """
    known = {cell.id: cell for cell in cells if cell.site != "ijmond"}
    chosen: dict[str, Prediction] = {}
    for prediction in sorted(predictions, key=lambda p: p.fold == PLANTS_FOLD):
        if prediction.id in known:
            chosen.setdefault(prediction.id, prediction)
    if not chosen:
        raise DataError("no prediction is of a clip in the data", where="predictions")
    return list(chosen.values()), known
