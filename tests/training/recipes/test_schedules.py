"""Learning rates step by step."""

from typing import Any

import pytest
from pydantic import ValidationError

from stcnet.training.recipes.schedules import StepSettings, cosine_rate


@pytest.mark.parametrize(
    ("warmup", "rates"),
    [
        pytest.param(0.0, [1.0, 0.8536, 0.5, 0.1464, 0.0], id="no warm-up"),
        pytest.param(0.5, [0.5, 1.0, 1.0, 0.5, 0.0], id="half of it warm-up"),
    ],
)
def test_cosine(warmup: float, rates: list[float]) -> None:
    assert [cosine_rate(step, 4, warmup) for step in range(5)] == pytest.approx(rates, abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "warmup", "rates"),
    [
        pytest.param({"milestones": [0.25, 0.75]}, 0.0,
                     [1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01], id="shares of the run"),
        pytest.param({"milestones": [1, 3], "gamma": 0.5}, 0.0,
                     [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25], id="epochs of two steps"),
        pytest.param({"milestones": [0.5]}, 0.5,
                     [0.25, 0.5, 0.75, 1, 0.1, 0.1, 0.1, 0.1], id="after a warm-up"),
    ],
)  # fmt: skip
def test_steps(settings: dict[str, Any], warmup: float, rates: list[float]) -> None:
    schedule = StepSettings.model_validate({"kind": "step", **settings})
    assert [schedule.rate(step, 8, 2, warmup) for step in range(8)] == pytest.approx(rates)


@pytest.mark.parametrize(
    ("milestones", "message"),
    [
        pytest.param([], "at least 1 item", id="none"),
        pytest.param([2, 2], "must ascend", id="twice the same"),
        pytest.param([0.5, 3], "not both", id="shares and epochs"),
        pytest.param([0], "greater than 0", id="at the start"),
    ],
)
def test_wrong_milestones(milestones: list[float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StepSettings.model_validate({"kind": "step", "milestones": milestones})
