"""The model's alarm thresholds hold unless the operator says otherwise."""

from typing import Any

import pytest

from stcnet.detection import episode_settings, operating_point
from stcnet.errors import ConfigError
from stcnet.inference import Measured, OperatingPoint, PlattCalibration

CALIBRATION = PlattCalibration(
    slope=1, intercept=0, threshold=0.3, alarm_threshold=0.6, off_threshold=0.45, basis=""
)


@pytest.mark.parametrize(
    ("given", "thresholds"),
    [
        pytest.param({}, (0.6, 0.45), id="the model's alarm"),
        pytest.param({"threshold": 0.8}, (0.8, 0.6), id="the other one follows in proportion"),
        pytest.param({"off_threshold": 0.2}, (0.6, 0.2), id="off alone"),
        pytest.param({"threshold": 0.3, "off_threshold": 0.3}, (0.3, 0.3), id="equal"),
        pytest.param({"threshold": 1.0}, (1.0, 0.75), id="highest"),
    ],
)
def test_thresholds(given: dict[str, float], thresholds: tuple[float, float]) -> None:
    settings = episode_settings(CALIBRATION, **given)
    assert (settings.on_threshold, settings.off_threshold) == pytest.approx(thresholds)


def test_lengths_have_the_defaults_of_the_events_unless_given() -> None:
    settings = episode_settings(CALIBRATION, merge_gap_s=7)
    assert (settings.shortest_s, settings.merge_gap_s) == (15, 7)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"threshold": 1.5}, r"^--threshold: .* \(got 1.5; allowed: above 0, at most 1",
                     id="above 1"),
        pytest.param({"threshold": 0.0}, r"^--threshold: .* \(got 0;", id="zero"),
        pytest.param({"threshold": float("nan")}, r"^--threshold: .* \(got nan;",
                     id="not a number"),
        pytest.param({"off_threshold": 0.7},
                     r"^--off-threshold: .* \(got 0.7; allowed: 0 to the threshold of 0.6\); ",
                     id="order"),
        pytest.param({"off_threshold": -0.1}, r"^--off-threshold: .* \(got -0.1;", id="below 0"),
        pytest.param({"shortest_s": -1.0}, ".--shortest.: .* greater", id="negative length"),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_in_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        episode_settings(CALIBRATION, **given)
    assert "\n" not in str(caught.value)


def point(rate: float, **changes: Any) -> OperatingPoint:
    some = Measured(value=0.5, low=0.2, high=0.9)
    values = {"threshold": 0.9, "false_alarms": some, "recall": some} | changes
    return OperatingPoint(
        alarms_per_day=rate, hours_per_day=12, smoke_free=500, smoky=400, least_rate=3, basis="",
        **values,
    )  # fmt: skip


UNTOLD: dict[str, Any] = {
    "threshold": None, "false_alarms": None, "recall": None, "reason": "too few clips",
}  # fmt: skip
POINTS = (point(1.0), point(0.2, threshold=0.97), point(0.05, **UNTOLD))


@pytest.mark.parametrize(("rate", "threshold"), [(1.0, 0.9), (0.2, 0.97)])
def test_a_rate_of_false_alarms_has_a_threshold(rate: float, threshold: float) -> None:
    assert operating_point(POINTS, rate).threshold == threshold


@pytest.mark.parametrize(
    ("points", "rate", "message"),
    [
        pytest.param(POINTS, 0.05, "no threshold for 0.05 a camera-day .got too few clips",
                     id="the clips cannot tell"),
        pytest.param(POINTS, 0.5, "got 0.5; allowed: 1, 0.2, 0.05", id="a rate not stated"),
        pytest.param((), 1.0, "made without held-out predictions", id="none stated"),
    ],
)  # fmt: skip
def test_a_rate_that_the_model_cannot_promise_is_refused(
    points: tuple[OperatingPoint, ...], rate: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        operating_point(points, rate)
