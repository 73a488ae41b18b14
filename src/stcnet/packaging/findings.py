"""What held-out predictions of a recipe say of the package that is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.datasets.folds.protocols import protocol_of_fold
from stcnet.evaluation.breakdown import PartScores
from stcnet.evaluation.calibration import UNCALIBRATED, calibrate, cross_calibrate
from stcnet.evaluation.held_out import assess_samples
from stcnet.evaluation.operating_points import (
    HOURS_PER_DAY,
    operating_points,
    operating_points_of_cells,
)
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import GroupScores, judge_protocol
from stcnet.evaluation.sample_calibration import (
    calibrate_samples,
    cross_calibrate_samples,
    joined,
)
from stcnet.evaluation.samples import Sample
from stcnet.inference import Calibration, CalibrationMethod, OperatingPoint


@dataclass(frozen=True, slots=True)
class Findings:
    """What the held-out predictions say; without any, that there are none.

    Attributes:
        calibration: Fitted on all of them.
        scores: With each fold calibrated by the others.
        points: Operating points, likewise.
        protocols: Names of the protocols of the folds.
        of_cells: Whether they are of the shared cells, weighted to the test sets of RISE.
    """

    calibration: Calibration = UNCALIBRATED
    scores: Sequence[GroupScores] | Sequence[PartScores] = ()
    points: tuple[OperatingPoint, ...] = ()
    protocols: tuple[str, ...] = ()
    of_cells: bool = True


class HeldOut(Protocol):
    """Predictions of the same recipe on clips it had not seen, and what to make of them."""

    def findings(self, window_s: float) -> Findings:
        """Calibration, and scores and operating points with each fold calibrated by the others.

        Args:
            window_s: Length of a window of the model, in seconds.

        Raises:
            DataError: The predictions do not belong to the clips, or cannot be calibrated.
        """


@dataclass(frozen=True, slots=True)
class HeldOutCells:
    """Predictions on the shared cells.

    Attributes:
        predictions: Of all folds of a protocol.
        cells: The records of the clips.
        method: How raw scores become probabilities.
        hours_per_day: Hours of daylight of the camera-day that operating points count in.
    """

    predictions: Sequence[Prediction]
    cells: Sequence[Cell]
    method: CalibrationMethod = "platt"
    hours_per_day: float = HOURS_PER_DAY

    def findings(self, window_s: float) -> Findings:
        """See :class:`HeldOut`."""
        calibrated = cross_calibrate(self.predictions, self.cells, self.method)
        plants = PLANTS_FOLD in {prediction.fold for prediction in self.predictions}
        return Findings(
            calibrate(self.predictions, self.cells, self.method),
            judge_protocol(calibrated, self.cells),
            operating_points_of_cells(
                calibrated, self.cells, window_s=window_s, hours_per_day=self.hours_per_day
            ),
            ("leave-one-split-out", *(("leave-plants-out",) if plants else ())),
        )


@dataclass(frozen=True, slots=True)
class HeldOutFolds:
    """Predictions on any other collection.

    Attributes:
        samples: Of all folds of a protocol, by name; scores are raw logits.
        method: How raw scores become probabilities.
        hours_per_day: Hours of daylight of the camera-day that operating points count in.
    """

    samples: Mapping[str, Sample]
    method: CalibrationMethod = "platt"
    hours_per_day: float = HOURS_PER_DAY

    def findings(self, window_s: float) -> Findings:
        """See :class:`HeldOut`."""
        calibrated = cross_calibrate_samples(self.samples, self.method)
        whole = joined(calibrated)
        protocols = tuple(dict.fromkeys(map(protocol_of_fold, self.samples)))
        points = operating_points(
            whole,
            window_s=window_s,
            hours_per_day=self.hours_per_day,
            basis=f"{len(whole)} held-out clips ({', '.join(protocols)}), each fold calibrated on "
            f"the others; windows of {window_s:g} s that do not overlap, {self.hours_per_day:g} h "
            "of daylight a camera-day",
        )
        scores = [row for row in assess_samples(calibrated).scores if isinstance(row, PartScores)]
        calibration = calibrate_samples(self.samples, self.method)
        return Findings(calibration, scores, points, protocols, of_cells=False)
