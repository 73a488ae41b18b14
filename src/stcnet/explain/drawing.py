"""Pictures of what a network saw and of where it looked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

from stcnet.preprocess import channels_first, residual_frames
from stcnet.types import FloatArray, Picture

RESIDUAL_GAIN = 9
"""Residuals are shown as so many times their absolute value, as the authors of STCNet show them."""

HEAT, LOCAL_LOGITS = "inferno", "RdBu_r"
"""Colour maps of matplotlib: of Grad-CAM, dark to bright; of local logits, blue to red."""

STRONGEST_BLEND = 0.7
"""Share of the heat colour where a map is at its largest; the picture stays visible."""

BAR = 22
"""Height in pixels of the bar that a caption stands in."""

_INK, _PAPER, _GAP = (236, 238, 241), (20, 23, 28), 2


def residual_picture(earlier: Picture, later: Picture) -> Picture:
    """The residual of two frames (H, W, 3), amplified; white is a change of 28 levels or more."""
    pair = channels_first(np.stack([earlier, later])).astype(np.float32)
    (residual,) = residual_frames(pair, "absolute")
    shown = np.clip(RESIDUAL_GAIN * residual, 0, 255)
    return np.ascontiguousarray(np.moveaxis(shown, 0, -1).astype(np.uint8))


def heated(image: Picture, strength: FloatArray) -> Picture:
    """Blend a map into the grey of a picture, so that all colour is the map's.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        strength: 0..1, shape (h, w).
    """
    level = np.clip(enlarged(strength, image.shape), 0, 1)
    colours = 255 * colormaps[HEAT](level)[..., :3]
    return _blended(image, colours, STRONGEST_BLEND * level)


def logits_overlay(image: Picture, logits: FloatArray, limit: float) -> Picture:
    """Blend local logits into the grey of a picture: red for smoke, blue for none.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        logits: Shape (h, w).
        limit: Logit, above 0, of the fullest colour either way.
    """
    level = np.clip(enlarged(logits, image.shape) / limit, -1, 1)
    colours = 255 * colormaps[LOCAL_LOGITS]((1 + level) / 2)[..., :3]
    return _blended(image, colours, STRONGEST_BLEND * np.abs(level))


def enlarged(values: FloatArray, shape: Sequence[int]) -> FloatArray:
    """A map (h, w) at the size of a picture of ``shape``, linear in between."""
    height, width = shape[:2]
    large = cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, dtype=np.float32)


def _blended(image: Picture, colours: FloatArray, share: FloatArray) -> Picture:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    mixed = (1 - share[..., np.newaxis]) * grey + share[..., np.newaxis] * colours
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def captioned(pictures: Sequence[Picture], captions: Sequence[str]) -> Picture:
    """Pictures of one size side by side, each below its caption."""
    height, width = pictures[0].shape[:2]
    step = width + _GAP
    canvas = Image.new("RGB", (step * len(pictures) - _GAP, height + BAR), _PAPER)
    pen = ImageDraw.Draw(canvas)
    for column, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        canvas.paste(Image.fromarray(picture), (column * step, BAR))
        place = (column * step + 6, BAR // 2)
        pen.text(place, caption, fill=_INK, font=_font(), anchor="lm")
    return np.asarray(canvas, dtype=np.uint8)


@lru_cache(maxsize=1)
def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)
