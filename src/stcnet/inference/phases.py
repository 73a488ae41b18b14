"""The way of a picture through the network, shared by clips, streams and stored examples."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from stcnet.errors import ScoringError, ZoneError
from stcnet.preprocess import centred_square, crop_and_resize, normalise, residual_frames
from stcnet.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcnet.inference.calibration import Calibration
    from stcnet.inference.graphs import GraphRunner, PhaseScore
    from stcnet.inference.manifest import InputSpec
    from stcnet.types import FloatArray, Picture, PixelBox


@dataclass(frozen=True, slots=True)
class PhaseScorer:
    """Prepares pictures as one model wants them and runs its graphs on them.

    Attributes:
        runner: The model's graphs.
        spec: What the network wants to see.
    """

    runner: GraphRunner
    spec: InputSpec

    def prepare(self, image: Picture, box: PixelBox) -> FloatArray:
        """Cut ``box`` out of an RGB picture of shape (H, W, 3), scale and normalise it.

        Returns:
            float32, shape (3, S, S).
        """
        resized = crop_and_resize(image, box, self.spec.size)
        return normalise(resized, self.spec.normalisation)

    def features(self, earlier: FloatArray, later: FloatArray) -> FloatArray:
        """Feature map, shape (F, h, w), of a prepared frame and the residual to a later one.

        Raises:
            ScoringError: The network gives values that are not finite.
        """
        (residual,) = residual_frames(np.stack((earlier, later)), self.spec.residual)
        return self.runner.features(earlier, residual)

    def score(self, frames: Sequence[FloatArray]) -> PhaseScore:
        """Judge T + 1 prepared frames, oldest first.

        Raises:
            ScoringError: The network gives values that are not finite.
        """
        return self.runner.phase([self.features(*pair) for pair in pairwise(frames)])


def verdict_of(phases: Sequence[PhaseScore], calibration: Calibration) -> Verdict:
    """Mean of the scores of a window's phases, oldest first, with its calibrated probability."""
    logit = float(np.mean([phase.logit for phase in phases]))
    activation = np.mean(np.stack([phase.activation for phase in phases]), axis=0)
    return Verdict(logit, calibration.probability(logit), activation)


def check_picture(image: Picture) -> None:
    """Refuse what is not an RGB picture.

    Raises:
        ScoringError: It is not uint8 of shape (H, W, 3), or it is empty.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ScoringError(
            "a picture has the wrong form",
            got=f"{image.dtype} {image.shape}",
            allowed="uint8 (H, W, 3), RGB",
        )


def place_box(box: PixelBox | None, image: Picture) -> PixelBox:
    """The rectangle to judge in a picture: ``box``, or the centred square where it is None.

    Raises:
        ZoneError: The box has no area or reaches outside the picture.
    """
    height, width = image.shape[:2]
    if box is None:
        return centred_square(width, height)
    inside = box.x >= 0 and box.y >= 0 and box.x + box.width <= width
    if not inside or box.y + box.height > height or box.width < 1 or box.height < 1:
        raise ZoneError(
            "the box does not lie in the picture",
            got=f"x {box.x}, y {box.y}, width {box.width}, height {box.height}",
            allowed=f"within {width}x{height} pixels",
            hint="draw the zone for pictures of this size",
        )
    return box
