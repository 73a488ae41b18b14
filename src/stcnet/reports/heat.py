"""Heat maps: where in the picture a score comes from."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stcnet.types import FloatArray, Picture, PixelBox

HALF_STRENGTH_LOGIT = 3.0
"""Local logit at which the evidence counts as half as strong as it can be."""

STRONGEST_BLEND = 0.85
"""Share of the heat colour where the evidence is overwhelming; the picture stays visible."""

WEAK_COLOUR = (255, 214, 10)
STRONG_COLOUR = (214, 0, 62)
"""RGB ends of the colour scale: amber for weak evidence, crimson for strong."""

_COLOURS = np.rint(np.linspace(WEAK_COLOUR, STRONG_COLOUR, 256)).astype(np.uint8)


def evidence(activation: FloatArray) -> FloatArray:
    """Strength of the local evidence for smoke, 0..1, of the shape of ``activation``.

    A local logit a > 0 has the strength a / (a + 3), any other none. The scale is the same in
    every picture: half strength is where the model, were the whole picture like this place, would
    give a raw probability of 95 %. It bends slowly, since local logits are often far above that
    and a logistic curve would paint them all alike.

    >>> evidence(np.array([[-3.0, 0.0, 3.0, 9.0]], dtype=np.float32)).tolist()
    [[0.0, 0.0, 0.5, 0.75]]
    """
    positive = np.maximum(activation, 0, dtype=np.float32)
    return np.asarray(positive / (positive + HALF_STRENGTH_LOGIT), dtype=np.float32)


def heat_overlay(image: Picture, activation: FloatArray, box: PixelBox | None = None) -> Picture:
    """Blend the evidence for smoke into a picture; where there is none, nothing is drawn.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        activation: Local logits of a zone, float, shape (h, w), positive for smoke.
        box: Where the zone lies in the picture; None: it is the whole picture.

    Returns:
        A new picture of the shape of ``image``.

    Raises:
        ValueError: The activation has no area, another number of axes or values that are not
            finite, or the box reaches outside the picture.
    """
    height, width = image.shape[:2]
    box = box or PixelBox(0, 0, width, height)
    _check(activation, box, width, height)
    size = (box.width, box.height)
    local = cv2.resize(activation.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    heated = image.copy()
    target = heated[box.y : box.y + box.height, box.x : box.x + box.width]
    target[...] = _blend(target, evidence(np.asarray(local, dtype=np.float32)))
    return heated


def _blend(image: Picture, strength: FloatArray) -> Picture:
    levels = np.rint(255 * strength).astype(np.uint8)
    share = STRONGEST_BLEND * strength
    blended = cv2.blendLinear(np.ascontiguousarray(image), _COLOURS[levels], 1 - share, share)
    return np.asarray(blended, dtype=np.uint8)


def _check(activation: NDArray[Any], box: PixelBox, width: int, height: int) -> None:
    if activation.ndim != 2 or not activation.size or not np.isfinite(activation).all():
        raise ValueError(
            f"an activation map must be finite and of shape (h, w), got shape {activation.shape}"
        )
    inside = box.x >= 0 and box.y >= 0
    if not inside or box.x + box.width > width or box.y + box.height > height:
        raise ValueError(f"{box} reaches outside a picture of {width} x {height} pixels")
