"""From held-out predictions to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.metrics import FloatArray, Judged
from stcnet.evaluation.predictions import Prediction, judge_cells
from stcnet.evaluation.verdicts import verdict_threshold
from stcnet.inference import (
    Calibration,
    CalibrationMethod,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
)

ALARM_THRESHOLD: Final = 0.5
"""A watch raises an alarm where smoke is likelier than not."""

OFF_SHARE: Final = 0.8
"""An alarm goes on until the probability falls below this share of its threshold."""

ALARMS: Final = {
    "alarm_threshold": ALARM_THRESHOLD,
    "off_threshold": ALARM_THRESHOLD * OFF_SHARE,
}
UNCALIBRATED = PlattCalibration(
    slope=1.0,
    intercept=0.0,
    threshold=0.5,
    basis="none: the probability is the raw score of the network",
    **ALARMS,
)

_SCORE_DIGITS: Final = 6
"""Scores that differ by less are one to isotonic regression; prediction files hold no more."""


def calibrate(
    predictions: Sequence[Prediction],
    cells: Sequence[Cell],
    method: CalibrationMethod = "platt",
) -> Calibration:
    """A calibration fitted on held-out predictions, weighted to the population.

    Its thresholds are those of :func:`fit_calibration`.

    Args:
        predictions: Of models that had not seen the clips.
        cells: The records of the clips.
        method: ``platt`` and ``temperature`` are fits of greatest likelihood; ``isotonic`` is
            described in :func:`fit_isotonic`.

    Raises:
        DataError: The clips show only one class, or smoke does not score higher than none.
    """
    kept, known = _one_a_clip(predictions, cells)
    judged = judge_cells(kept, [known[prediction.id] for prediction in kept])
    return fit_calibration(
        judged,
        method,
        folds={prediction.fold for prediction in kept},
        population=", weighted to the full RISE test sets",
    )


def fit_calibration(
    judged: Judged, method: CalibrationMethod, *, folds: Collection[str], population: str = ""
) -> Calibration:
    """A calibration fitted on judged clips, each there once.

    A verdict is smoke from the threshold of the highest expected F1 on, see
    :func:`~stcnet.evaluation.verdicts.verdict_threshold`; an alarm starts at one half.

    Args:
        judged: Held-out clips; scores are raw logits.
        method: As for :func:`calibrate`.
        folds: Those that judged them.
        population: In words, what their weights stand for; begins with a comma.

    Raises:
        DataError: The clips show only one class, or smoke does not score higher than none.
    """
    if judged.labels.min() == judged.labels.max():
        raise DataError("calibration needs clips of both classes", where="predictions")
    form, title, fit = _METHODS[method]
    curve = fit(judged)
    unbounded = form(**curve, **ALARMS, threshold=ALARM_THRESHOLD, basis="")
    threshold = verdict_threshold(unbounded.probabilities(judged.scores), judged.weights)
    return form(
        **curve,
        **ALARMS,
        threshold=threshold,
        basis=f"{title} on {len(judged)} held-out predictions "
        f"({', '.join(sorted(folds))}){population}; a clip is called smoke from {threshold:.2f} "
        "on, where the F1 that these probabilities promise is highest (rounded to two digits), "
        "and an alarm starts at one half",
    )


def cross_calibrate(
    predictions: Sequence[Prediction],
    cells: Sequence[Cell],
    method: CalibrationMethod = "platt",
) -> list[Prediction]:
    """Each fold with the calibration and the verdict threshold that the other folds give.

    So no label of a fold, nor of a near-duplicate of one of its clips, has a say in where its own
    threshold lies. The fold that leaves the other
    plants out is calibrated on the predictions of clairton's clips alone.

    Args:
        predictions: Of models that had not seen the clips, of two or more folds.
        cells: The records of the clips.
        method: As for :func:`calibrate`.

    Returns:
        The predictions in their order: calibrated log-odds, each with the threshold of its fold.

    Raises:
        DataError: A fold has no other to be calibrated on, or cannot be calibrated.
    """
    fits = cross_calibrations(predictions, cells, method)
    return [calibrated(prediction, fits[prediction.fold]) for prediction in predictions]


def calibrated(prediction: Prediction, calibration: Calibration) -> Prediction:
    """What was said of a clip, as calibrated log-odds with the threshold of a verdict."""
    return replace(
        prediction,
        logit=float(calibration.log_odds(np.array(prediction.logit))),
        threshold=verdict_log_odds(calibration),
    )


def verdict_log_odds(calibration: Calibration) -> float:
    """The verdict threshold of a calibration on the scale of its log-odds."""
    return float(logit(calibration.threshold))


def cross_calibrations(
    predictions: Sequence[Prediction],
    cells: Sequence[Cell],
    method: CalibrationMethod = "platt",
) -> dict[str, Calibration]:
    """By the name of each fold, the calibration that the other folds give it.

    Arguments and errors as for :func:`cross_calibrate`.
    """
    return {
        fold: calibrate(_others(fold, predictions, cells), cells, method)
        for fold in sorted({prediction.fold for prediction in predictions})
    }


def fit_platt(judged: Judged) -> dict[str, Any]:
    """Slope and intercept of greatest likelihood (Platt, 1999).

    Raises:
        DataError: Smoke does not score higher than none.
    """
    scaling = _logistic(judged, intercept=True)
    return {"slope": _rising(scaling), "intercept": float(scaling.intercept_[0])}


def fit_temperature(judged: Judged) -> dict[str, Any]:
    """The temperature of greatest likelihood (Guo et al., ICML 2017).

    Raises:
        DataError: Smoke does not score higher than none.
    """
    return {"temperature": 1 / _rising(_logistic(judged, intercept=False))}


def fit_isotonic(judged: Judged) -> dict[str, Any]:
    """Knots of an isotonic regression (Zadrozny and Elkan, KDD 2002).

    Pooling adjacent violators gives blocks of scores with one share of smoke each. To keep the
    outermost shares off 0 and 1 two clips of mean weight are imagined at the worst places: one
    with smoke at the lowest score and one without at the highest. A knot is the weighted mean
    score of a block with the log-odds of its share.

    Raises:
        DataError: Smoke does not score higher than none.
    """
    scores, labels, weights = _with_imagined(judged)
    levels, at = np.unique(scores, return_inverse=True)
    shares = IsotonicRegression().fit(scores, labels, sample_weight=weights).predict(levels)
    blocks, block_of = np.unique(shares, return_inverse=True)
    if len(blocks) < 2:
        raise _unrelated("one share for all scores")
    members = block_of[at]
    mass = np.bincount(members, weights)
    centres = np.bincount(members, weights * scores) / mass
    odds = np.log(blocks) - np.log1p(-blocks)
    return {"knots": tuple(zip(centres.tolist(), odds.tolist(), strict=True))}


def _with_imagined(judged: Judged) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores, labels and weights with the two imagined clips."""
    scores = judged.scores.round(_SCORE_DIGITS)
    return (
        np.concatenate([scores, [scores.min(), scores.max()]]),
        np.concatenate([judged.labels, [1.0, 0.0]]),
        np.concatenate([judged.weights, np.full(2, judged.weights.mean())]),
    )


def _logistic(judged: Judged, *, intercept: bool) -> LogisticRegression:
    """Weighted logistic regression of the label on the score, as good as unpenalised."""
    return LogisticRegression(C=1e6, fit_intercept=intercept).fit(
        judged.scores[:, None], judged.labels, sample_weight=judged.weights
    )


def _rising(scaling: LogisticRegression) -> float:
    slope = float(scaling.coef_[0, 0])
    if slope <= 0:
        raise _unrelated(f"slope {slope:.3g}")
    return slope


def _unrelated(got: str) -> DataError:
    return DataError(
        "smoke does not score higher than none, so no calibration can be fitted",
        where="predictions",
        got=got,
        hint="train longer, or leave the calibration out",
    )


_METHODS: Mapping[
    CalibrationMethod, tuple[type[Calibration], str, Callable[[Judged], dict[str, Any]]]
] = {
    "platt": (PlattCalibration, "Platt scaling", fit_platt),
    "temperature": (TemperatureCalibration, "Temperature scaling", fit_temperature),
    "isotonic": (IsotonicCalibration, "Isotonic calibration", fit_isotonic),
}


def _others(
    fold: str, predictions: Sequence[Prediction], cells: Sequence[Cell]
) -> list[Prediction]:
    """Predictions that may calibrate a fold: of other folds, on clips unlike any that it tests."""
    groups = {cell.id: cell.duplicate_group for cell in cells}
    tested = {groups.get(prediction.id) for prediction in predictions if prediction.fold == fold}
    others = [
        prediction
        for prediction in predictions
        if prediction.fold not in {fold, PLANTS_FOLD} and groups.get(prediction.id) not in tested
    ]
    if not others:
        raise alone(fold)
    return others


def alone(fold: str) -> DataError:
    """The error of a fold that there is no other to calibrate by."""
    return DataError(
        "a fold can only be calibrated on other folds",
        where="predictions",
        got=f"{fold} alone",
        hint="give the predictions of all folds of the protocol",
    )


def _one_a_clip(
    predictions: Sequence[Prediction], cells: Sequence[Cell]
) -> tuple[list[Prediction], dict[str, Cell]]:
    """One prediction of each RISE clip, and the clips; IJmond's are not part of the population.

    Where a clip was held out by two protocols, the one speaks whose training saw least of its
    camera: of the other plants nothing was seen by the fold that leaves them out.
    """
    known = {cell.id: cell for cell in cells if cell.site != "ijmond"}
    chosen: dict[str, Prediction] = {}
    for prediction in sorted(predictions, key=lambda p: p.fold != PLANTS_FOLD):
        if prediction.id in known:
            chosen.setdefault(prediction.id, prediction)
    if not chosen:
        raise DataError("no prediction is of a clip in the data", where="predictions")
    return list(chosen.values()), known
