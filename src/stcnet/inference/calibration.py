"""From a raw smoke logit to a probability that keeps its word."""

from abc import abstractmethod
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

CalibrationMethod = Literal["platt", "temperature", "isotonic"]

LOG_ODDS_LIMIT: Final = 30.0
"""Isotonic log-odds stay within this: in 64 bits such probabilities are neither 0 nor 1."""

LEAST_GAP: Final = 1e-7
"""Two knots lie at least this far apart, so that no line between them is too steep to follow."""

Knot = tuple[FiniteFloat, Annotated[float, Field(ge=-LOG_ODDS_LIMIT, le=LOG_ODDS_LIMIT)]]


class Calibration(BaseModel):
    """What every calibration says: a rising map of logits, and the thresholds that go with it.

    The probability is ``1 / (1 + exp(-log_odds))`` of the calibrated log-odds. A *verdict* says of
    one clip whether it shows smoke; an *alarm* interrupts a person, and may ask for more.

    Attributes:
        method: How log-odds follow from raw logits.
        threshold: Calibrated probability, 0..1, from which on the verdict on a clip is smoke.
        alarm_threshold: Calibrated probability, 0..1, from which on a watch raises an alarm. What
            states none, as packages did before format version 3, raises it at ``threshold``.
        off_threshold: Calibrated probability, at most ``alarm_threshold``, below which the alarm
            ends.
        basis: In words, the clips that the map and the thresholds were fitted on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: CalibrationMethod
    threshold: float = Field(ge=0, le=1)
    alarm_threshold: float = Field(ge=0, le=1)
    off_threshold: float = Field(ge=0, le=1)
    basis: str

    @model_validator(mode="before")
    @classmethod
    def _one_threshold_for_both(cls, values: Any) -> Any:
        if isinstance(values, dict) and "threshold" in values:
            return {"alarm_threshold": values["threshold"], **values}
        return values

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.off_threshold > self.alarm_threshold:
            raise ValueError(
                f"off_threshold {self.off_threshold:g} is above alarm_threshold "
                f"{self.alarm_threshold:g}"
            )
        return self

    @abstractmethod
    def log_odds(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds of smoke, float64, in the shape of the raw ``logits``."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """How the probability follows from the raw logit, in a sentence without a full stop."""

    def probability(self, logit: float) -> float:
        """Calibrated probability of smoke, 0..1, of one raw logit."""
        return float(self.probabilities(np.asarray(logit)))

    def probabilities(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated probabilities of smoke, 0..1, float64, in the shape of the raw ``logits``."""
        # logaddexp neither overflows nor loses the digits of a tiny probability.
        return np.asarray(np.exp(-np.logaddexp(0.0, -self.log_odds(logits))), dtype=np.float64)


class PlattCalibration(Calibration):
    """Platt scaling (Platt, 1999): log-odds are ``slope * logit + intercept``.

    Attributes:
        slope: Above 0, so that a higher logit is never a lower probability.
        intercept: Added to the scaled logit.

    >>> PlattCalibration(
    ...     slope=2, intercept=0, threshold=0.4, alarm_threshold=0.5, off_threshold=0.4, basis=""
    ... ).probability(0.0)
    0.5
    """

    method: Literal["platt"] = "platt"
    slope: FiniteFloat = Field(gt=0)
    intercept: FiniteFloat

    def log_odds(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds of smoke, float64, in the shape of the raw ``logits``."""
        return np.asarray(self.slope * logits.astype(np.float64) + self.intercept)

    @property
    def formula(self) -> str:
        """The logistic function with its two numbers."""
        return f"probability = 1 / (1 + exp(-({self.slope:.4f} x logit {self.intercept:+.4f})))"


class TemperatureCalibration(Calibration):
    """Temperature scaling (Guo et al., 2017): log-odds are ``logit / temperature``.

    It changes how sure the model is, not which side it is on: logit 0 stays an even chance,
    whatever the share of smoke in the population.

    Attributes:
        temperature: Above 0; above 1 where the network is too sure of itself.
    """

    method: Literal["temperature"] = "temperature"
    temperature: FiniteFloat = Field(gt=0)

    def log_odds(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds of smoke, float64, in the shape of the raw ``logits``."""
        return np.asarray(logits.astype(np.float64) / self.temperature)

    @property
    def formula(self) -> str:
        """The logistic function with its temperature."""
        return f"probability = 1 / (1 + exp(-logit / {self.temperature:.4f}))"


class IsotonicCalibration(Calibration):
    """Isotonic calibration (Zadrozny and Elkan, 2002), its steps joined by lines.

    Log-odds rise in straight lines from knot to knot; before the first and after the last they go
    on as steeply as they rise from the first to the last. So of two logits the higher is the more
    probable one, as with the other methods, until the log-odds reach ``LOG_ODDS_LIMIT`` (30),
    where they stay: no probability is 0 or 1.

    Attributes:
        knots: Raw logit and calibrated log-odds, both rising, two or more.
    """

    method: Literal["isotonic"] = "isotonic"
    knots: tuple[Knot, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _knots_rise(self) -> Self:
        for (logit, odds), (next_logit, next_odds) in pairwise(self.knots):
            if next_logit - logit < LEAST_GAP or next_odds <= odds:
                raise ValueError(f"the knots do not rise after ({logit:g}, {odds:g})")
        return self

    def log_odds(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds of smoke, float64, in the shape of the raw ``logits``."""
        raw = logits.astype(np.float64)
        known, odds = np.array(self.knots).T
        slope = (odds[-1] - odds[0]) / (known[-1] - known[0])
        outside = raw - np.clip(raw, known[0], known[-1])
        rising = np.interp(raw, known, odds) + slope * outside
        return np.asarray(np.clip(rising, -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT), dtype=np.float64)

    @property
    def formula(self) -> str:
        """The knots, as probabilities."""
        known, odds = np.array(self.knots).T
        points = ", ".join(
            f"{p:.3f} at {x:.3f}" for x, p in zip(known, 1 / (1 + np.exp(-odds)), strict=True)
        )
        return f"log-odds in straight lines through these probabilities of raw logits: {points}"


AnyCalibration: TypeAlias = Annotated[
    PlattCalibration | TemperatureCalibration | IsotonicCalibration,
    Field(discriminator="method"),
]
"""What ``calibration.json`` may hold; ``method`` says which."""
