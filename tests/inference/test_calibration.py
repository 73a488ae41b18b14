import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stcnet.inference import Calibration

GOOD: dict[str, Any] = {
    "slope": 2.0,
    "intercept": -1.0,
    "threshold": 0.6,
    "off_threshold": 0.4,
    "basis": "clips",
}
logits = st.floats(-1e6, 1e6)


@given(st.floats(-30, 30))
def test_probability_is_the_logistic_function_of_the_scaled_logit(logit: float) -> None:
    expected = 1 / (1 + math.exp(-(2 * logit - 1)))
    assert Calibration(**GOOD).probability(logit) == pytest.approx(expected, rel=1e-12)


@given(logits, logits)
def test_probability_lies_in_0_to_1_and_never_falls(one: float, other: float) -> None:
    calibration = Calibration(**GOOD)
    low, high = (calibration.probability(logit) for logit in sorted((one, other)))
    assert 0 <= low <= high <= 1


def test_arrays_give_the_numbers_of_single_logits() -> None:
    calibration = Calibration(**GOOD)
    array = np.array([[-900.0, 0.0], [0.3, 900.0]], dtype=np.float32)
    expected = [[calibration.probability(float(logit)) for logit in row] for row in array]
    assert calibration.probabilities(array).tolist() == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"slope": 0}, id="slope that ignores the logit"),
        pytest.param({"slope": -1}, id="slope that turns it round"),
        pytest.param({"slope": math.inf}, id="infinite slope"),
        pytest.param({"intercept": math.nan}, id="intercept not a number"),
        pytest.param({"threshold": 1.1}, id="threshold above 1"),
        pytest.param({"off_threshold": 0.7}, id="off above on"),
        pytest.param({"method": "isotonic"}, id="unknown method"),
        pytest.param({"temperature": 1}, id="unknown key"),
    ],
)
def test_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Calibration(**{**GOOD, **change})
