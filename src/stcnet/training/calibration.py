"""From held-out predictions to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn.linear_model import LogisticRegression

from stcnet.datasets import Cell
from stcnet.datasets.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.predictions import Prediction, judge_cells
from stcnet.inference import Calibration

OFF_SHARE = 0.8
"""An episode goes on until the probability falls below this share of the threshold."""

UNCALIBRATED = Calibration(
    slope=1.0,
    intercept=0.0,
    threshold=0.5,
    off_threshold=0.5 * OFF_SHARE,
    basis="none: the probability is the raw score of the network",
)


def calibrate(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> Calibration:
    """Platt scaling (Platt, 1999) fitted on held-out predictions, weighted to the population.

    The threshold is the probability of logit 0, where the scores of the protocol were measured.

    Args:
        predictions: Of models that had not seen the clips.
        cells: The records of the clips.

    Raises:
        DataError: The clips show only one class, or smoke does not score higher than none.
    """
    judged = _pair(predictions, cells)
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
    draft = UNCALIBRATED.model_copy(update={"slope": slope, "intercept": intercept})
    threshold = draft.probability(0.0)
    return Calibration(
        slope=slope,
        intercept=intercept,
        threshold=threshold,
        off_threshold=threshold * OFF_SHARE,
        basis=f"Platt scaling on {len(judged)} held-out predictions "
        f"({', '.join(sorted({p.fold for p in predictions}))}), weighted to the full RISE test "
        "sets; threshold at logit 0",
    )


def _pair(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> Judged:
    """RISE clips with one prediction each; IJmond's are not part of the population.

    Where a clip was held out by two protocols, the fold of its split speaks for it.
    """
    known = {cell.id: cell for cell in cells if cell.site != "ijmond"}
    chosen: dict[str, Prediction] = {}
    for prediction in sorted(predictions, key=lambda p: p.fold == PLANTS_FOLD):
        if prediction.id in known:
            chosen.setdefault(prediction.id, prediction)
    kept = list(chosen.values())
    if not kept:
        raise DataError("no prediction is of a clip in the data", where="predictions")
    return judge_cells(kept, [known[prediction.id] for prediction in kept])
