"""Value types shared by every room: frozen, typed, with units in their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcnet.errors import ZoneError

Picture: TypeAlias = NDArray[np.uint8]
"""An RGB picture, shape (H, W, 3), or a stack of them, shape (N, H, W, 3)."""

FloatArray: TypeAlias = NDArray[np.float32]


def require_utc(moment: datetime | None) -> None:
    """Raise ValueError unless ``moment`` is None or an aware datetime in UTC."""
    if moment is not None and moment.utcoffset() != timedelta(0):
        raise ValueError(f"a capture time must be aware and in UTC, got {moment!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source and the moment it was captured.

    Attributes:
        image: RGB, uint8, shape (H, W, 3).
        index: Position in the source, from 0.
        time_s: Seconds between the capture of the source's first frame and of this one. World
            time, not playback time: a time-lapse played fast has the time-lapse's steps here.
        captured_at: Capture time in UTC, or None where the source does not know it.
    """

    image: Picture
    index: int
    time_s: float
    captured_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.captured_at)


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A rectangle of whole pixels: left and top edge, width and height, all in pixels."""

    x: int
    y: int
    width: int
    height: int


_ZONE = re.compile(r"(?P<name>[^=,]+)=(?P<numbers>[^=]+)")
_TOO_LARGE = 1e9


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the picture that is judged on its own.

    Attributes:
        name: Unique among the zones of one camera.
        x, y, width, height: The rectangle, in pixels or as fractions of the picture.
        unit: ``pixels`` or ``fractions``.
    """

    name: str
    x: float
    y: float
    width: float
    height: float
    unit: Literal["pixels", "fractions"]

    @classmethod
    def parse(cls, text: str) -> Zone:
        """Read ``NAME=x,y,w,h``; four numbers with all of them at most 1 are fractions.

        The rectangle is held against a picture by :meth:`to_pixels`, not here.

        Raises:
            ZoneError: The text has another form, or the rectangle has no area.

        >>> Zone.parse("stack=0.25,0,0.5,1").unit
        'fractions'
        >>> Zone.parse("stack=100,40,320,320").unit
        'pixels'
        """
        where = f"--zone {text}"
        match = _ZONE.fullmatch(text.strip())
        try:
            numbers = [float(part) for part in match["numbers"].split(",")] if match else []
        except ValueError:
            numbers = []
        if match is None or len(numbers) != 4 or not all(abs(n) < _TOO_LARGE for n in numbers):
            raise ZoneError(
                "a zone is not of the form NAME=x,y,w,h",
                where=where,
                allowed="pixels (stack=100,40,320,320) or fractions (stack=0.25,0,0.5,1)",
            )
        if not match["name"].isprintable():
            raise ZoneError(
                "the zone's name has signs that cannot be printed",
                where=where,
                hint="name it with letters, digits and spaces",
            )
        x, y, width, height = numbers
        if width <= 0 or height <= 0:
            raise ZoneError(
                "the zone has no area",
                where=where,
                got=f"width {width:g}, height {height:g}",
                hint="give a width and a height above zero",
            )
        unit: Literal["pixels", "fractions"] = "fractions" if max(numbers) <= 1 else "pixels"
        return cls(match["name"].strip(), x, y, width, height, unit)

    def to_pixels(self, picture_width: int, picture_height: int) -> PixelBox:
        """Place the zone in a picture of the given size in pixels.

        Raises:
            ZoneError: The zone reaches outside the picture or covers less than one pixel.
        """
        scale_x, scale_y = (picture_width, picture_height) if self.unit == "fractions" else (1, 1)
        left, top = round(self.x * scale_x), round(self.y * scale_y)
        right = round((self.x + self.width) * scale_x)
        bottom = round((self.y + self.height) * scale_y)
        if left < 0 or top < 0 or right > picture_width or bottom > picture_height:
            raise ZoneError(
                "the zone reaches outside the picture",
                where=f"zone {self.name}",
                got=f"x {left}..{right}, y {top}..{bottom}",
                allowed=f"x 0..{picture_width}, y 0..{picture_height}",
            )
        if right <= left or bottom <= top:
            raise ZoneError(
                "the zone covers less than one pixel",
                where=f"zone {self.name}",
                hint="make it larger",
            )
        return PixelBox(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the model says of one window of frames.

    Attributes:
        logit: Raw score: the mean over the window's sampling phases of the smoke logit.
        probability: Calibrated probability of smoke, 0..1.
        activation: Where the score comes from, float32, shape (h, w): its mean is ``logit``.
    """

    logit: float
    probability: float
    activation: FloatArray


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The score of one window in one zone.

    Attributes:
        zone: Name of the zone.
        start_s, end_s: Capture times of the window's first and last frame, in seconds since the
            source's first frame.
        probability: Calibrated probability of smoke in the window, 0..1.
        logit: The raw score behind it.
    """

    zone: str
    start_s: float
    end_s: float
    probability: float
    logit: float = 0.0

    @property
    def centre_s(self) -> float:
        """Middle of the window, in seconds since the source's first frame."""
        return (self.start_s + self.end_s) / 2


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the source's first frame; ``start_s <= end_s``."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of time in which one zone shows smoke.

    Attributes:
        zone: Name of the zone.
        span: When, in seconds since the source's first frame.
        peak_s: Centre of the window with the highest probability.
        peak_probability: Highest calibrated probability in the episode, 0..1.
        mean_probability: Mean calibrated probability of its windows, 0..1.
        windows: Number of windows in it.
    """

    zone: str
    span: Span
    peak_s: float
    peak_probability: float
    mean_probability: float
    windows: int
