import math
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stcnet.inference import (
    Calibration,
    CalibrationMethod,
    IsotonicCalibration,
    PlattCalibration,
    TemperatureCalibration,
)
from stcnet.inference.calibration import LEAST_GAP, LOG_ODDS_LIMIT, AnyCalibration

REST: dict[str, Any] = {
    "threshold": 0.3, "alarm_threshold": 0.6, "off_threshold": 0.4, "basis": "clips",
}  # fmt: skip
KNOTS = ((-2.0, -4.0), (0.0, -1.0), (1.0, 2.0), (3.0, 2.5))
OF_EACH: dict[str, Calibration] = {
    "platt": PlattCalibration(slope=2.0, intercept=-1.0, **REST),
    "temperature": TemperatureCalibration(temperature=2.5, **REST),
    "isotonic": IsotonicCalibration(knots=KNOTS, **REST),
}
READER: TypeAdapter[Calibration] = TypeAdapter(AnyCalibration)
logits = st.floats(-1e6, 1e6)
each = pytest.mark.parametrize("method", OF_EACH)


def logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def test_there_is_one_of_each_method() -> None:
    assert tuple(OF_EACH) == get_args(CalibrationMethod)
    assert [calibration.method for calibration in OF_EACH.values()] == list(OF_EACH)


@given(st.floats(-30, 30))
def test_platt_is_the_logistic_function_of_the_scaled_logit(logit: float) -> None:
    expected = logistic(2 * logit - 1)
    assert OF_EACH["platt"].probability(logit) == pytest.approx(expected, rel=1e-12)


@given(st.floats(-30, 30))
def test_temperature_is_the_logistic_function_of_the_cooled_logit(logit: float) -> None:
    expected = logistic(logit / 2.5)
    assert OF_EACH["temperature"].probability(logit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("logit", "log_odds"),
    [
        *(pytest.param(*knot, id=f"knot at {knot[0]:g}") for knot in KNOTS),
        pytest.param(-1.0, -2.5, id="halfway between knots"),
        pytest.param(0.25, -0.25, id="a quarter of the way"),
        pytest.param(-4.0, -6.6, id="before the first, at the overall slope"),
        pytest.param(5.0, 5.1, id="after the last, at the overall slope"),
        pytest.param(1e9, LOG_ODDS_LIMIT, id="at the upper limit"),
        pytest.param(-1e9, -LOG_ODDS_LIMIT, id="at the lower limit"),
    ],
)
def test_isotonic_log_odds_lie_on_lines_through_the_knots(logit: float, log_odds: float) -> None:
    assert float(OF_EACH["isotonic"].log_odds(np.array(logit))) == pytest.approx(log_odds)


@each
@given(one=logits, other=logits)
def test_probability_lies_in_0_to_1_and_never_falls(method: str, one: float, other: float) -> None:
    low, high = (OF_EACH[method].probability(logit) for logit in sorted((one, other)))
    assert 0 <= low <= high <= 1


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_isotonic_probability_is_never_0_or_1(logit: float) -> None:
    assert 0 < OF_EACH["isotonic"].probability(logit) < 1


@given(st.integers(-10_000, 10_000))
def test_of_two_logits_isotonic_ranks_the_higher_above(step: int) -> None:
    one, other = OF_EACH["isotonic"].log_odds(np.array([step, step + 1]) / 1000)
    assert one < other


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**6)), min_size=1, max_size=30))
def test_however_close_the_knots_isotonic_passes_through_them(steps: list[tuple[int, int]]) -> None:
    """Knots as little as LEAST_GAP apart, up to thousands."""
    up, rise = np.cumsum([(0, 0), *steps], axis=0).T
    known = up * (2 * LEAST_GAP)
    odds = LOG_ODDS_LIMIT * (2 * rise / rise[-1] - 1)
    knots = tuple(zip(known.tolist(), odds.tolist(), strict=True))
    calibration = IsotonicCalibration(knots=knots, **REST)
    assert calibration.log_odds(known) == pytest.approx(odds, abs=1e-6)
    middles = calibration.log_odds((known[:-1] + known[1:]) / 2)
    assert np.isfinite(middles).all()
    for middle, (low, high) in zip(middles, pairwise(odds), strict=True):
        assert low <= middle <= high


@each
def test_arrays_give_the_numbers_of_single_logits(method: str) -> None:
    calibration = OF_EACH[method]
    array = np.array([[-900.0, 0.0], [0.3, 900.0]], dtype=np.float32)
    expected = [[calibration.probability(float(logit)) for logit in row] for row in array]
    assert calibration.probabilities(array).tolist() == expected
    assert calibration.probabilities(array).dtype == np.float64


@each
def test_survives_the_way_through_json(method: str) -> None:
    calibration = OF_EACH[method]
    assert READER.validate_json(calibration.model_dump_json()) == calibration


def test_what_older_versions_wrote_has_one_threshold_for_verdict_and_alarm() -> None:
    old = b"""{"method": "platt", "slope": 2.0, "intercept": -1.0, "threshold": 0.6,
               "off_threshold": 0.4, "basis": "clips"}"""
    expected = OF_EACH["platt"].model_copy(update={"threshold": 0.6})
    assert READER.validate_json(old) == expected


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("platt", "exp(-(2.0000 x logit -1.0000))"),
        ("temperature", "exp(-logit / 2.5000)"),
        ("isotonic", "0.018 at -2.000, 0.269 at 0.000, 0.881 at 1.000, 0.924 at 3.000"),
    ],
)
def test_the_formula_holds_the_numbers(method: str, words: str) -> None:
    assert words in OF_EACH[method].formula


@pytest.mark.parametrize(
    ("method", "change"),
    [
        pytest.param("platt", {"slope": 0}, id="slope that ignores the logit"),
        pytest.param("platt", {"slope": -1}, id="slope that turns it round"),
        pytest.param("platt", {"slope": math.inf}, id="infinite slope"),
        pytest.param("platt", {"intercept": math.nan}, id="intercept not a number"),
        pytest.param("platt", {"threshold": 1.1}, id="threshold above 1"),
        pytest.param("platt", {"alarm_threshold": -0.1}, id="alarm threshold below 0"),
        pytest.param("platt", {"off_threshold": 0.7}, id="off above on"),
        pytest.param("platt", {"method": "isotonic"}, id="numbers of another method"),
        pytest.param("platt", {"method": "beta"}, id="unknown method"),
        pytest.param("platt", {"temperature": 1}, id="unknown key"),
        pytest.param("temperature", {"temperature": 0}, id="temperature of zero"),
        pytest.param("temperature", {"temperature": -2}, id="temperature below zero"),
        pytest.param("isotonic", {"knots": KNOTS[:1]}, id="one knot"),
        pytest.param("isotonic", {"knots": KNOTS[::-1]}, id="falling knots"),
        pytest.param("isotonic", {"knots": ((0, 0), (1, 0))}, id="level knots"),
        pytest.param("isotonic", {"knots": ((0, 0), (1e-9, 1))}, id="knots too close"),
        pytest.param("isotonic", {"knots": ((0, 0), (1, 31))}, id="log-odds out of range"),
        pytest.param("isotonic", {"knots": ((0, 0), (math.nan, 1))}, id="knot not a number"),
    ],
)
def test_refuses(method: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        READER.validate_python({**OF_EACH[method].model_dump(), **change})
