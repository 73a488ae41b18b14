"""Annotated frames for overlay.mp4: zones, their probability now and over time, the clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stcnet.reports.curve import keep_extremes
from stcnet.types import Picture, PixelBox, Span

LEAST_WIDTH = 480
"""Smaller pictures are enlarged by a whole factor to at least this width in pixels."""

MOST_ENLARGED = 1080
"""But to no more than this height; beside a picture that stays narrower there is margin."""

LEAST_TEXT = 14
"""Smallest text in pixels. Text and line widths grow with the picture from there."""

LANE_UNITS = 4
"""Height of the strip's lane for one zone, in heights of text."""

SMOKE_COLOUR = (240, 96, 32)
CLEAR_COLOUR = (0, 178, 148)
UNKNOWN_COLOUR = (150, 156, 164)
"""RGB, told apart by every kind of colour vision: vermilion, bluish green, grey."""

_INK, _PAPER, _RULE = (240, 242, 245), (20, 23, 28), (92, 99, 108)

Colour = tuple[int, int, int]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class ZoneState:
    """What is known of a zone at a moment.

    Attributes:
        name: Of the zone.
        box: In pixels of the frame that is annotated.
        probability: Calibrated probability of smoke now, 0..1; None before the first verdict or
            in a gap.
        smoking: Whether an episode is on.
        trace: Times in seconds and probabilities up to now, in order of time.
    """

    name: str
    box: PixelBox
    probability: float | None
    smoking: bool
    trace: Sequence[tuple[float, float]] = ()

    @property
    def colour(self) -> Colour:
        """RGB colour of the state: smoke, clear or unknown."""
        if self.smoking:
            return SMOKE_COLOUR
        return UNKNOWN_COLOUR if self.probability is None else CLEAR_COLOUR

    @property
    def percent(self) -> str:
        """The probability in words short enough for a label."""
        return "--" if self.probability is None else f"{100 * self.probability:.0f} %"


def annotate_frame(
    image: Picture, zones: Sequence[ZoneState], clock: str, axis: Span, threshold: float
) -> Picture:
    """Draw what is known at a moment: zones on the picture, clock and traces in a strip below it.

    The size of the result depends only on the size of ``image`` and the number of zones, and
    both its sides are even, as video encoders want them.

    Args:
        image: RGB, uint8, shape (H, W, 3), any size from a thumbnail to 4K.
        zones: Zones in order of their traces from top to bottom.
        clock: The moment as text, drawn in the strip.
        axis: Time that the width of a trace stands for: the whole video, or the last minutes.
        threshold: Calibrated probability drawn as a line through the traces, 0..1.

    Returns:
        RGB, uint8, shape (H', W', 3) with W' at least 480 and H' with the strip.
    """
    factor = _factor(*image.shape[:2])
    picture = _enlarge(image, factor)
    height, width = picture.shape[0], max(picture.shape[1], LEAST_WIDTH)
    unit = max(LEAST_TEXT, round(min(width / 56, height / 34)))
    strip = unit * (2 + LANE_UNITS * len(zones))
    canvas = Image.new("RGB", (width + width % 2, height + strip + (height + strip) % 2), _PAPER)
    canvas.paste(Image.fromarray(picture), (0, 0))
    pen = ImageDraw.Draw(canvas)
    for zone in zones:
        _draw_zone(pen, zone, factor, unit)
    text = _drawable(clock, unit)
    pen.text((unit // 2, height + unit), text, fill=_INK, font=_font(unit), anchor="lm")
    for lane, zone in enumerate(zones):
        top = height + unit * (2 + LANE_UNITS * lane)
        _draw_trace(pen, zone, axis, threshold, PixelBox(0, top, width, LANE_UNITS * unit))
    return np.asarray(canvas, dtype=np.uint8)


def _factor(height: int, width: int) -> int:
    return max(1, min(-(-LEAST_WIDTH // width), MOST_ENLARGED // height))


def _enlarge(image: Picture, factor: int) -> Picture:
    if factor == 1:
        return image
    size = (image.shape[1] * factor, image.shape[0] * factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _draw_zone(pen: ImageDraw.ImageDraw, zone: ZoneState, factor: int, unit: int) -> None:
    left, top = zone.box.x * factor, zone.box.y * factor
    right, bottom = left + zone.box.width * factor - 1, top + zone.box.height * factor - 1
    pen.rectangle((left, top, right, bottom), outline=zone.colour, width=max(2, unit // 6))
    label = _drawable(f"{zone.name}  {zone.percent}", unit)
    text_left, _, text_right, _ = pen.textbbox((0, 0), label, font=_font(unit))
    end = left + (text_right - text_left) + unit
    pen.rectangle((left, top, end, top + round(1.6 * unit)), fill=zone.colour)
    pen.text(
        (left + unit // 2, top + round(0.8 * unit)), label, _PAPER, font=_font(unit), anchor="lm"
    )


def _draw_trace(
    pen: ImageDraw.ImageDraw, zone: ZoneState, axis: Span, threshold: float, lane: PixelBox
) -> None:
    unit = lane.height // LANE_UNITS
    left, right = lane.x + unit // 2, lane.x + lane.width - unit // 2
    top, bottom = lane.y + unit + unit // 4, lane.y + lane.height - unit // 4
    label = _drawable(f"{zone.name}  {zone.percent}", unit)
    pen.text((left, lane.y + unit // 2), label, zone.colour, font=_font(unit), anchor="lm")
    pen.line((left, bottom, right, bottom), fill=_RULE)
    level = round(bottom - threshold * (bottom - top))
    for dash in range(left, right, unit):
        pen.line((dash, level, min(dash + unit // 2, right), level), fill=_RULE)
    points = _trace_points(zone.trace, axis, PixelBox(left, top, right - left, bottom - top))
    for start, end in pairwise(points):
        pen.line((*start, *end), fill=zone.colour, width=max(2, unit // 8))
    if points:
        x, y = points[-1]
        pen.circle((x, y), max(3, unit // 5), fill=_INK)


def _trace_points(
    trace: Sequence[tuple[float, float]], axis: Span, lane: PixelBox
) -> list[tuple[float, float]]:
    """Pixel places of the trace within the lane, at most two a pixel column."""
    visible = [point for point in trace if axis.start_s <= point[0] <= axis.end_s]
    kept = keep_extremes([probability for _, probability in visible], 2 * max(lane.width, 2))
    scale = lane.width / max(axis.duration_s, 1e-9)
    return [
        (lane.x + (time_s - axis.start_s) * scale, lane.y + (1 - probability) * lane.height)
        for time_s, probability in (visible[k] for k in kept)
    ]


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=1024)
def _drawable(text: str, size: int) -> str:
    """The text without what the bundled font lacks: accents are dropped, the rest becomes "?"."""
    plain = unicodedata.normalize("NFKD", text)
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return "".join(
        letter if letter.isascii() and letter.isprintable() else "?" for letter in letters
    )
