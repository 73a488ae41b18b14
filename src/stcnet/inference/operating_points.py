"""How often a model cries wolf, and where its threshold must stand for it to do so less."""

from typing import Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)


class Measured(BaseModel):
    """A measured number with its 95 % interval.

    Attributes:
        value: The estimate.
        low, high: The ends of its interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat

    def __str__(self) -> str:
        """Two digits and the interval.

        >>> print(Measured(value=0.9023, low=0.21, high=8.178))
        0.90 (0.21 to 8.2)
        """
        value, low, high = map(_figures, (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


class OperatingPoint(BaseModel):
    """The threshold at which false alarms fall under a rate, or why it cannot be told.

    A camera-day is ``hours_per_day`` of daylight, cut into windows that do not overlap. False
    alarms a camera-day are the share of smoke-free windows at or above the threshold times the
    windows of a day.

    Attributes:
        alarms_per_day: The rate asked for: the most false alarms a camera-day.
        hours_per_day: Hours of a camera-day.
        threshold: Calibrated probability, 0..1, from which on to raise an alarm; None where the
            clips cannot tell it.
        false_alarms: False alarms a camera-day at the threshold, estimated; None without one.
        recall: Share of the windows with smoke, 0..1, at or above the threshold; None without one.
        smoke_free: Number of smoke-free clips behind it.
        smoky: Number of clips with smoke behind it.
        least_rate: False alarms a camera-day that could still be true, at the upper end of a 95 %
            interval, had none of the clips raised one: no smaller rate can be shown with them.
        reason: In words, why there is no threshold; empty where there is one.
        basis: In words, the clips and how they were scored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarms_per_day: PositiveFloat
    hours_per_day: float = Field(gt=0, le=24)
    threshold: float | None = Field(default=None, ge=0, le=1)
    false_alarms: Measured | None = None
    recall: Measured | None = None
    smoke_free: PositiveInt
    smoky: PositiveInt
    least_rate: NonNegativeFloat
    reason: str = ""
    basis: str

    @model_validator(mode="after")
    def _whole(self) -> Self:
        measured = {self.threshold is None, self.false_alarms is None, self.recall is None}
        if len(measured) > 1 or (self.threshold is None) != bool(self.reason):
            raise ValueError(
                "threshold, false_alarms and recall go together, and instead of a reason"
            )
        return self

    @property
    def shown(self) -> bool:
        """Whether the whole interval of the false alarms lies at or under the rate asked for."""
        return self.false_alarms is not None and self.false_alarms.high <= self.alarms_per_day

    @property
    def in_words(self) -> str:
        """One line for a terminal.

        >>> OperatingPoint(
        ...     alarms_per_day=1, hours_per_day=12, smoke_free=50, smoky=40, least_rate=18.2,
        ...     reason="too few clips", basis="",
        ... ).in_words
        '1 false alarm a camera-day: no threshold, too few clips'
        """
        plural = "" if self.alarms_per_day == 1 else "s"
        asked = f"{self.alarms_per_day:g} false alarm{plural} a camera-day"
        if self.threshold is None or self.false_alarms is None or self.recall is None:
            return f"{asked}: no threshold, {self.reason}"
        verdict = "" if self.shown else ", not proven"
        return (
            f"{asked}: threshold {self.threshold:.3f}, estimated {self.false_alarms}"
            f"{verdict}; recall {self.recall}"
        )


def _figures(number: float) -> str:
    """Two digits, and all before the point."""
    return f"{number:.0f}" if number >= 10 else f"{number:#.2g}"
