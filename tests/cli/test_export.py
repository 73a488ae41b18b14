"""``stcnet export``: its options are those of the code behind it."""

from typing import get_args

from stcnet.cli.export import Method
from stcnet.inference import CalibrationMethod


def test_every_calibration_can_be_asked_for() -> None:
    assert get_args(Method) == get_args(CalibrationMethod)
