"""Learning rates over the steps of a run, as a share of the peak rate."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from stcnet.training.recipes.settings import Settings


class CosineSettings(Settings):
    """Half a cosine from the peak to zero (Loshchilov and Hutter, ICLR 2017, without restarts)."""

    kind: Literal["cosine"] = "cosine"

    def rate(self, step: int, steps: int, steps_an_epoch: int, warmup: float) -> float:
        """Share of the peak rate in ``step``, see :func:`cosine_rate`."""
        return cosine_rate(step, steps, warmup)


class StepSettings(Settings):
    """Constant between milestones; at each of them the rate is multiplied.

    Attributes:
        milestones: When, ascending: all below 1, as shares of the run, or all from 1 on, as
            numbers of finished epochs.
        gamma: Factor at each of them.
    """

    kind: Literal["step"]
    milestones: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    gamma: float = Field(0.1, gt=0, le=1)

    @field_validator("milestones")
    @classmethod
    def _check_milestones(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if any(late <= early for early, late in pairwise(values)):
            raise ValueError("milestones must ascend")
        if values[0] < 1 <= values[-1]:
            raise ValueError("milestones are shares below 1 or epochs from 1 on, not both")
        return values

    def rate(self, step: int, steps: int, steps_an_epoch: int, warmup: float) -> float:
        """Share of the peak rate in ``step``.

        Args:
            step: From 0.
            steps: Of the whole run.
            steps_an_epoch: Of one epoch.
            warmup: Share of all steps in which the rate rises linearly.
        """
        unit = steps if self.milestones[-1] < 1 else steps_an_epoch
        passed = sum(step >= round(milestone * unit) for milestone in self.milestones)
        return warmup_rate(step, steps, warmup) * self.gamma**passed


ScheduleSettings = Annotated[CosineSettings | StepSettings, Field(discriminator="kind")]


def warmup_rate(step: int, steps: int, warmup: float) -> float:
    """A linear rise over the share ``warmup`` of ``steps``, then 1.

    >>> [warmup_rate(step, 10, 0.2) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 1.0]
    """
    rising = round(warmup * steps)
    return min(1.0, (step + 1) / rising) if rising else 1.0


def cosine_rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the share ``warmup`` of ``steps``, then half a cosine to zero.

    >>> [round(cosine_rate(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
