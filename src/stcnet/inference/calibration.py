"""From a raw smoke logit to a probability that keeps its word."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator


class Calibration(BaseModel):
    """Platt scaling of the smoke logit and the thresholds that go with it.

    The probability is ``1 / (1 + exp(-(slope * logit + intercept)))``.

    Attributes:
        method: Always ``platt``.
        slope: Above 0, so that a higher logit is never a lower probability.
        intercept: Added to the scaled logit.
        threshold: Calibrated probability, 0..1, from which on a window shows smoke.
        off_threshold: Calibrated probability, at most ``threshold``, below which an episode ends.
        basis: In words, the clips that slope, intercept and thresholds were fitted on.

    >>> calibration = Calibration(slope=2, intercept=0, threshold=0.5, off_threshold=0.4, basis="")
    >>> calibration.probability(0.0)
    0.5
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["platt"] = "platt"
    slope: FiniteFloat = Field(gt=0)
    intercept: FiniteFloat
    threshold: float = Field(ge=0, le=1)
    off_threshold: float = Field(ge=0, le=1)
    basis: str

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.off_threshold > self.threshold:
            raise ValueError(
                f"off_threshold {self.off_threshold:g} is above threshold {self.threshold:g}"
            )
        return self

    def probability(self, logit: float) -> float:
        """Calibrated probability of smoke, 0..1, of one raw logit."""
        return float(self.probabilities(np.asarray(logit)))

    def probabilities(self, logits: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated probabilities of smoke, 0..1, float64, in the shape of the raw ``logits``."""
        scaled = self.slope * logits.astype(np.float64) + self.intercept
        # logaddexp neither overflows nor loses the digits of a tiny probability.
        return np.asarray(np.exp(-np.logaddexp(0.0, -scaled)), dtype=np.float64)
