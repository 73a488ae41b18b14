"""Calibration: a known distortion is found again, nonsense is refused."""

import numpy as np
import pytest

from small_cells import make_cells, record
from stcnet.datasets import Cell
from stcnet.errors import DataError
from stcnet.evaluation.predictions import Prediction
from stcnet.training.calibration import OFF_SHARE, calibrate


def simulate(
    slope: float, intercept: float, count: int = 6000
) -> tuple[list[Prediction], list[Cell]]:
    """Clips whose chance of smoke is the logistic function of ``slope * logit + intercept``."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, count)
    labels = rng.random(count) < 1 / (1 + np.exp(-(slope * logits + intercept)))
    cells = [
        Cell.model_validate(record(
            id=str(n), label=int(label), site="clairton", population_weight=1 + n % 3,
        ))
        for n, label in enumerate(labels)
    ]  # fmt: skip
    return [Prediction(str(n), "f", float(x)) for n, x in enumerate(logits)], cells


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -0.8), (2.5, 1.5)])
def test_a_known_distortion_is_found(slope: float, intercept: float) -> None:
    calibration = calibrate(*simulate(slope, intercept))
    assert calibration.slope == pytest.approx(slope, rel=0.1, abs=0.05)
    assert calibration.intercept == pytest.approx(intercept, rel=0.1, abs=0.1)
    assert calibration.threshold == pytest.approx(calibration.probability(0))
    assert calibration.off_threshold == pytest.approx(OFF_SHARE * calibration.threshold)
    assert "6000 held-out predictions (f)" in calibration.basis


def test_clips_count_as_often_as_they_stand_for() -> None:
    predictions, cells = simulate(1.0, 0.0, 2000)
    loud = [
        cell.model_copy(update={"population_weight": 10.0 if cell.label else 1.0})
        for cell in cells
    ]  # fmt: skip
    plain = [cell.model_copy(update={"population_weight": 1.0}) for cell in cells]
    moved = calibrate(predictions, loud).intercept - calibrate(predictions, plain).intercept
    # Ten times the smoke moves the log-odds by log(10).
    assert moved == pytest.approx(np.log(10), abs=0.3)


def test_other_populations_are_left_out() -> None:
    predictions, cells = simulate(1.0, 0.0, 500)
    foreign = [
        cell.model_copy(update={"id": f"i-{cell.id}", "site": "ijmond", "label": 1})
        for cell in cells
    ]  # fmt: skip
    more = [Prediction(cell.id, "f", 5.0) for cell in foreign]
    assert calibrate(predictions + more, cells + foreign) == calibrate(predictions, cells)


def test_huge_and_separable_scores_are_fitted_without_a_warning() -> None:
    cells = make_cells()
    sharp = [Prediction(c.id, "f", 500.0 * (2 * c.label - 1)) for c in cells]
    calibration = calibrate(sharp, cells)
    assert calibration.probability(500) > 0.9 > 0.1 > calibration.probability(-500)


CELLS = make_cells()


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        pytest.param([Prediction(c.id, "f", 1.0) for c in CELLS if c.label], "both classes",
                     id="one class"),
        pytest.param([Prediction(c.id, "f", 1.0 - 2 * c.label) for c in CELLS],
                     "smoke does not score higher than none", id="inverted"),
        pytest.param([Prediction("stranger", "f", 1.0)], "no prediction is of a clip in the data",
                     id="strangers"),
        pytest.param([], "no prediction is of a clip in the data", id="nothing"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(predictions: list[Prediction], message: str) -> None:
    with pytest.raises(DataError, match=message):
        calibrate(predictions, CELLS)
