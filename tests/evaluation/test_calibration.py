"""Calibration: a known distortion is found again, nonsense is refused."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from small_cells import make_cells, record
from stcnet.datasets import Cell
from stcnet.errors import DataError
from stcnet.evaluation.calibration import calibrate, cross_calibrate
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.verdicts import verdict_threshold
from stcnet.inference import (
    CalibrationMethod,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
)


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
            duplicate_group=n,
        ))
        for n, label in enumerate(labels)
    ]  # fmt: skip
    return [Prediction(str(n), "f", float(x)) for n, x in enumerate(logits)], cells


def platt(predictions: list[Prediction], cells: list[Cell]) -> PlattCalibration:
    calibration = calibrate(predictions, cells)
    assert isinstance(calibration, PlattCalibration)
    return calibration


METHODS: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)
every_method = pytest.mark.parametrize("method", METHODS)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -0.8), (2.5, 1.5)])
def test_a_known_distortion_is_found(slope: float, intercept: float) -> None:
    calibration = platt(*simulate(slope, intercept))
    assert calibration.slope == pytest.approx(slope, rel=0.1, abs=0.05)
    assert calibration.intercept == pytest.approx(intercept, rel=0.1, abs=0.1)
    assert (calibration.alarm_threshold, calibration.off_threshold) == (0.5, 0.4)
    assert "6000 held-out predictions (f)" in calibration.basis


@every_method
def test_the_verdict_has_the_highest_f1_that_the_probabilities_promise(
    method: CalibrationMethod,
) -> None:
    predictions, cells = simulate(1.2, -1.0)
    calibration = calibrate(predictions, cells, method)
    promised = calibration.probabilities(np.array([p.logit for p in predictions]))
    weights = np.array([cell.population_weight for cell in cells])
    assert calibration.threshold == verdict_threshold(promised, weights)
    assert 0.2 < calibration.threshold < 0.45
    assert f"called smoke from {calibration.threshold:.2f} on" in calibration.basis
    assert calibration.basis.endswith("an alarm starts at one half")


def test_clips_count_as_often_as_they_stand_for() -> None:
    predictions, cells = simulate(1.0, 0.0, 2000)
    loud = [
        cell.model_copy(update={"population_weight": 10.0 if cell.label else 1.0})
        for cell in cells
    ]  # fmt: skip
    plain = [cell.model_copy(update={"population_weight": 1.0}) for cell in cells]
    moved = platt(predictions, loud).intercept - platt(predictions, plain).intercept
    # Ten times the smoke moves the log-odds by log(10).
    assert moved == pytest.approx(np.log(10), abs=0.3)


@pytest.mark.parametrize("slope", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(slope: float) -> None:
    calibration = calibrate(*simulate(slope, 0.0), "temperature")
    assert isinstance(calibration, TemperatureCalibration)
    assert calibration.temperature == pytest.approx(1 / slope, rel=0.1)


def test_isotonic_finds_a_distortion_that_no_line_describes() -> None:
    """Scores squeezed by a cube root: Platt scaling cannot undo it."""
    predictions, cells = simulate(1.0, 0.0)
    squeezed = [replace(p, logit=float(np.cbrt(p.logit))) for p in predictions]
    true = np.array([p.logit for p in predictions])
    inner = np.abs(true) < 3
    given = np.array([p.logit for p in squeezed])[inner]
    expected = 1 / (1 + np.exp(-true[inner]))
    wrong = {
        method: np.abs(calibrate(squeezed, cells, method).probabilities(given) - expected).mean()
        for method in METHODS
    }
    assert wrong["isotonic"] < 0.025 < 0.05 < wrong["platt"]


def test_temperature_is_the_fit_of_greatest_likelihood() -> None:
    predictions, cells = simulate(0.7, -0.3, 800)
    calibration = calibrate(predictions, cells, "temperature")
    assert isinstance(calibration, TemperatureCalibration)
    logits = np.array([p.logit for p in predictions])
    labels = [cell.label for cell in cells]
    weights = [cell.population_weight for cell in cells]

    def loss(temperature: float) -> float:
        probabilities = 1 / (1 + np.exp(-logits / temperature))
        return float(log_loss(labels, probabilities, sample_weight=weights))

    best = loss(calibration.temperature)
    assert all(best < loss(calibration.temperature * factor) for factor in (0.98, 1.02))


def test_isotonic_knots_are_the_blocks_of_scikit_learn() -> None:
    predictions, cells = simulate(1.0, 0.5, 400)
    calibration = calibrate(predictions, cells, "isotonic")
    assert isinstance(calibration, IsotonicCalibration)
    logits = np.array([p.logit for p in predictions])
    weights = np.array([cell.population_weight for cell in cells])
    blocks = IsotonicRegression().fit_transform(
        np.concatenate([logits, [logits.min(), logits.max()]]),
        np.array([*(cell.label for cell in cells), 1, 0]),
        sample_weight=np.array([*weights, weights.mean(), weights.mean()]),
    )
    shares = [1 / (1 + np.exp(-odds)) for _, odds in calibration.knots]
    assert shares == pytest.approx(np.unique(blocks))
    assert 0 < shares[0] < shares[-1] < 1
    # Each knot stands within the scores of its block.
    for (logit, _), share in zip(calibration.knots, np.unique(blocks), strict=True):
        block = logits[np.isclose(blocks[:-2], share)]
        assert block.min() - 1e-6 <= logit <= block.max() + 1e-6


def test_isotonic_takes_equal_scores_as_one() -> None:
    predictions, cells = simulate(1.0, 0.0, 600)
    coarse = [replace(p, logit=float(round(p.logit))) for p in predictions]
    calibration = calibrate(coarse, cells, "isotonic")
    assert isinstance(calibration, IsotonicCalibration)
    assert 2 <= len(calibration.knots) <= len({p.logit for p in coarse})


def test_other_populations_are_left_out() -> None:
    predictions, cells = simulate(1.0, 0.0, 500)
    foreign = [
        cell.model_copy(update={"id": f"i-{cell.id}", "site": "ijmond", "label": 1})
        for cell in cells
    ]  # fmt: skip
    more = [Prediction(cell.id, "f", 5.0) for cell in foreign]
    assert calibrate(predictions + more, cells + foreign) == calibrate(predictions, cells)


@every_method
def test_huge_and_separable_scores_are_fitted_without_a_warning(method: CalibrationMethod) -> None:
    cells = make_cells()
    sharp = [Prediction(c.id, "f", 500.0 * (2 * c.label - 1)) for c in cells]
    calibration = calibrate(sharp, cells, method)
    assert calibration.probability(500) > 0.9 > 0.1 > calibration.probability(-500)


CELLS = make_cells()


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        pytest.param([Prediction(c.id, "f", 1.0) for c in CELLS if c.label], "both classes",
                     id="one class"),
        pytest.param([Prediction(c.id, "f", 1.0 - 2 * c.label) for c in CELLS],
                     "smoke does not score higher than none, so", id="inverted"),
        pytest.param([Prediction("stranger", "f", 1.0)], "no prediction is of a clip in the data",
                     id="strangers"),
        pytest.param([], "no prediction is of a clip in the data", id="nothing"),
    ],
)  # fmt: skip
@every_method
def test_nonsense_is_refused(
    method: CalibrationMethod, predictions: list[Prediction], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        calibrate(predictions, CELLS, method)


def elsewhere(cells: list[Cell]) -> list[Cell]:
    """Clips that are labelled alike but near-duplicates of none of ``cells``."""
    return [
        cell.model_copy(update={"id": f"b{cell.id}", "duplicate_group": len(cells) + n})
        for n, cell in enumerate(cells)
    ]


def test_each_fold_is_calibrated_by_the_others() -> None:
    first, cells = simulate(2.0, -1.0, 3000)
    second = [Prediction(f"b{p.id}", "g", p.logit) for p in first]
    calibrated = cross_calibrate(first + second, cells + elsewhere(cells))
    assert [(p.id, p.fold) for p in calibrated] == [(p.id, p.fold) for p in first + second]
    slopes = np.polyfit([p.logit for p in first], [p.logit for p in calibrated[:3000]], 1)
    assert slopes == pytest.approx([2.0, -1.0], abs=0.2)
    # The threshold stands beside the log-odds, which stay as calibrated; the others gave both.
    threshold = calibrate(second, elsewhere(cells)).threshold
    (log_odds,) = {p.threshold for p in calibrated[:3000]}
    assert expit(log_odds) == pytest.approx(threshold)
    assert [p.smoke for p in calibrated] == [p.logit > p.threshold for p in calibrated]
    assert sum(p.smoke for p in calibrated) > sum(p.logit > 0 for p in calibrated)


@every_method
def test_the_labels_of_a_fold_do_not_move_its_own_scores(method: CalibrationMethod) -> None:
    first, cells = simulate(1.0, 0.0, 500)
    second = [Prediction(f"b{p.id}", "g", p.logit) for p in first]
    twins = elsewhere(cells)
    flipped = [cell.model_copy(update={"label": 1 - cell.label}) for cell in cells[:100]]
    before = cross_calibrate(first + second, cells + twins, method)
    after = cross_calibrate(first + second, flipped + cells[100:] + twins, method)
    assert before[:500] == after[:500]
    assert before[500:] != after[500:]


def test_near_duplicates_of_a_folds_clips_do_not_calibrate_it() -> None:
    first, cells = simulate(1.0, 0.0, 500)
    second = [Prediction(f"b{p.id}", "g", p.logit) for p in first]
    others = elsewhere(cells)
    others[:100] = [
        other.model_copy(update={"duplicate_group": cell.duplicate_group})
        for other, cell in zip(others[:100], cells, strict=False)
    ]
    without = cross_calibrate(first + second[100:], cells + others)[:500]
    assert cross_calibrate(first + second, cells + others)[:500] == without


def test_the_plants_fold_is_calibrated_without_its_clips() -> None:
    first, cells = simulate(1.0, 0.0, 500)
    split = [Prediction(p.id, "g" if n % 2 else "f", p.logit) for n, p in enumerate(first)]
    plants = [Prediction(p.id, "leave-out-plants", p.logit + 3) for p in first[:50]]
    one = cross_calibrate([*split, *plants], cells)[500]
    expected = platt(split[50:], cells)
    assert one.logit == pytest.approx(
        expected.slope * plants[0].logit + expected.intercept, abs=1e-6
    )


def test_of_two_predictions_the_one_with_the_unseen_camera_counts() -> None:
    first, cells = simulate(1.0, 0.0, 500)
    plants = [Prediction(p.id, "leave-out-plants", p.logit + 3) for p in first[:50]]
    assert platt(first + plants, cells) == platt(plants + first[50:], cells)
    assert "leave-out-plants" in platt(first + plants, cells).basis


def test_one_fold_alone_cannot_be_cross_calibrated() -> None:
    predictions, cells = simulate(1.0, 0.0, 50)
    with pytest.raises(DataError, match="only be calibrated on other folds"):
        cross_calibrate(predictions, cells)
