"""Small videos and picture folders, made where they are needed."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

from stcnet.types import Frame, Picture

STEP = 20  # grey levels between consecutive pictures: tells which picture one looks at


def grey(number: int, width: int = 64, height: int = 48) -> Picture:
    """Picture ``number`` of every source here: one flat grey, with a white mark top left."""
    image = np.full((height, width, 3), STEP * (number % 12), np.uint8)
    image[: height // 4, : width // 4] = 255
    return image


class PictureOf(Protocol):
    """Gives the picture of a number."""

    def __call__(self, number: int, width: int = 64, height: int = 48) -> Picture: ...


@pytest.fixture
def picture() -> PictureOf:
    return grey


@pytest.fixture
def number_of() -> Callable[[Frame], int]:
    """Tells the number of a picture made here from its grey."""
    return lambda frame: round(float(np.median(frame.image)) / STEP)


class VideoMaker(Protocol):
    """Writes a video into the folder of the test."""

    def __call__(
        self,
        name: str,
        stamps_ms: Sequence[int],
        *,
        size: tuple[int, int] = (64, 48),
        rotation: float | None = None,
        front_index: bool = False,
    ) -> Path: ...


@pytest.fixture
def make_video(tmp_path: Path) -> VideoMaker:
    """Writes an H.264 video whose frames are shown at the given moments."""

    def make(
        name: str,
        stamps_ms: Sequence[int],
        *,
        size: tuple[int, int] = (64, 48),
        rotation: float | None = None,
        front_index: bool = False,
    ) -> Path:
        path = tmp_path / name
        options = {"movflags": "+faststart"} if front_index else {}
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            if rotation is not None:
                stream.set_display_rotation(rotation)
            for number, stamp in enumerate(stamps_ms):
                frame = av.VideoFrame.from_ndarray(grey(number, *size), format="rgb24")
                frame.pts, frame.time_base = stamp, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


@pytest.fixture
def make_gif(tmp_path: Path) -> Callable[[str, Sequence[int]], Path]:
    """Writes a GIF whose pictures stand for the given milliseconds."""

    def make(name: str, delays_ms: Sequence[int]) -> Path:
        first, *others = [Image.fromarray(grey(number)) for number in range(len(delays_ms))]
        path = tmp_path / name
        first.save(path, save_all=True, append_images=others, duration=list(delays_ms), loop=0)
        return path

    return make


class PictureMaker(Protocol):
    """Writes a picture file."""

    def __call__(
        self,
        path: Path,
        number: int,
        *,
        size: tuple[int, int] = (64, 48),
        taken: str | None = None,
        offset: str | None = None,
        fraction: str | None = None,
        orientation: int | None = None,
        modified: datetime | None = None,
    ) -> Path: ...


@pytest.fixture
def make_picture() -> PictureMaker:
    """Writes one picture, with EXIF times and a modification time if asked."""

    def make(
        path: Path,
        number: int,
        *,
        size: tuple[int, int] = (64, 48),
        taken: str | None = None,
        offset: str | None = None,
        fraction: str | None = None,
        orientation: int | None = None,
        modified: datetime | None = None,
    ) -> Path:
        tags = {
            ExifTags.Base.DateTimeOriginal: taken,
            ExifTags.Base.OffsetTimeOriginal: offset,
            ExifTags.Base.SubsecTimeOriginal: fraction,
        }
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif).update({tag: text for tag, text in tags.items() if text})
        if orientation:
            exif[ExifTags.Base.Orientation] = orientation
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(grey(number, *size)).save(path, exif=exif)
        if modified is not None:
            os.utime(path, (modified.timestamp(), modified.timestamp()))
        return path

    return make
