"""Holding the picture of a shaking camera still, before anything is compared in it.

Residual frames show what changes between two pictures. Where the camera has moved, every edge of
the scene changes, and that drowns what smoke does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np

from stcnet.types import FloatArray, Picture

MEASURED_SIDE = 256
"""Pictures are shrunk to this many pixels on their longer side before they are compared."""

LEAST_SIDE = 64
"""Pixels; sides are shrunk to no less, and smaller ones enlarged: parts need some structure."""

PARTS = 3
"""So many overlapping parts along each side are compared, each by itself: a plume that fills one of
them has no say in the others."""

TOLERANCE = 1.0
"""Pixels of the shrunk picture that two parts may differ by and still agree."""

LEAST_AGREEMENT = 0.5
"""Share of the parts that must agree with their median; below it pictures have too little in
common, such as two views, or fog."""

LEAST_SHIFT = 0.5
"""Pixels of the shrunk picture; a smaller shift is left alone, since moving a picture blurs it."""

LARGEST_SHIFT = 0.1
"""Share of a side; what moves farther was turned, not shaken."""

FADING = 0.9
"""Weight of the past in the mean that pictures are compared with. Long enough to outlast a gust,
short enough to follow light and shadow."""

PATIENCE = 6
"""So many pictures in a row that cannot be held, and the camera is taken to look elsewhere."""


class Stabiliser:
    """Moves each picture of a camera back to where the ones before it stood.

    By phase correlation (Kuglin and Hines 1975) of parts of the picture with those of the fading
    mean of the pictures before, to fractions of a pixel: the move is the mean of the parts that
    agree with their median. Moves along both axes are taken out, turns and zooms are not. What a
    move uncovers shows the nearest pixel. A picture that fits its predecessors, or has too little
    in common with them, comes back as it is.
    """

    def __init__(self) -> None:
        self._mean: FloatArray | None = None
        self._missed = 0

    def reset(self) -> None:
        """Forget what came before, as after a gap."""
        self._mean = None
        self._missed = 0

    def hold(self, image: Picture) -> Picture:
        """The picture, held still.

        Args:
            image: RGB, uint8, shape (H, W, 3); all of one size since the last reset.

        Returns:
            Of the same shape; ``image`` itself where nothing is to be done.

        Raises:
            ValueError: The picture is of another size than those before.
        """
        seen = _shrunk(image)
        if self._mean is None:
            self._mean = seen
            return image
        if self._mean.shape != seen.shape:
            raise ValueError(f"a picture of {seen.shape}, those before of {self._mean.shape}")
        shift = _shift(self._mean, seen)
        if shift is None:
            self._miss(seen)
            return image
        self._missed = 0
        self._mean = FADING * self._mean + (1 - FADING) * _moved(seen, -shift)
        if np.abs(shift).max() < LEAST_SHIFT:
            return image
        scale = np.array(image.shape[1::-1]) / np.array(seen.shape[::-1])
        return np.asarray(_moved(image, -shift * scale), np.uint8)

    def _miss(self, seen: FloatArray) -> None:
        self._missed += 1
        if self._missed >= PATIENCE:
            self._mean, self._missed = seen, 0


def _shrunk(image: Picture) -> FloatArray:
    height, width = image.shape[:2]
    scale = min(1.0, MEASURED_SIDE / max(height, width))
    size = (max(LEAST_SIDE, round(scale * width)), max(LEAST_SIDE, round(scale * height)))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def _shift(before: FloatArray, after: FloatArray) -> FloatArray | None:
    """How far the content has moved, x and y in pixels; None where that cannot be told."""
    pairs = zip(_parts(before), _parts(after), strict=True)
    moves = np.array([_correlate(*pair) for pair in pairs], np.float32)
    median = np.median(moves, axis=0)
    agreed = (np.abs(moves - median) <= TOLERANCE).all(axis=1)
    limit = LARGEST_SHIFT * np.array(before.shape[::-1])
    # Of parts without any structure the moves are NaN, which agrees with nothing.
    if agreed.mean() < LEAST_AGREEMENT or (np.abs(median) > limit).any():
        return None
    return np.asarray(moves[agreed].mean(axis=0))


def _parts(image: FloatArray) -> Iterator[FloatArray]:
    """Overlapping parts of a picture, each half over the next."""
    steps = [side // (PARTS + 1) for side in image.shape]
    for row, column in np.ndindex(PARTS, PARTS):
        top, left = row * steps[0], column * steps[1]
        yield np.ascontiguousarray(image[top : top + 2 * steps[0], left : left + 2 * steps[1]])


def _correlate(before: FloatArray, after: FloatArray) -> tuple[float, ...]:
    shift, _ = cv2.phaseCorrelate(before, after, _window(*before.shape))
    return tuple(shift)


@lru_cache(maxsize=8)
def _window(height: int, width: int) -> FloatArray:
    """Fades a part out towards its margins, which would otherwise look like structure."""
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))


def _moved(image: FloatArray | Picture, shift: FloatArray) -> FloatArray:
    x, y = shift.tolist()
    height, width = image.shape[:2]
    move = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return np.asarray(cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE))
