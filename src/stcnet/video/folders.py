"""Folders of pictures as frame sources."""

from __future__ import annotations

import logging
import re
import struct
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps

from stcnet.errors import SourceError
from stcnet.types import Frame
from stcnet.video.capture_times import PictureFile, exif_time, in_capture_order
from stcnet.video.decoding import PICTURE_SUFFIXES
from stcnet.video.source import RecordedSource, SourceInfo, Timing, name_of
from stcnet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from stcnet.types import Picture

logger = logging.getLogger(__name__)

T = TypeVar("T")

_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error),
    Image.DecompressionBombError,
)
"""What Pillow raises on files that are not sound."""

_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that swap width and height."""

_EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})


@dataclass(frozen=True, slots=True)
class _Shot:
    path: Path
    index: int
    time_s: float
    captured_at: datetime | None

    def since(self, first: _Shot) -> _Shot:
        """The shot in a source that starts with another."""
        return replace(self, index=self.index - first.index, time_s=self.time_s - first.time_s)


class DamagedPictureError(SourceError):
    """A picture that cannot be read."""


class PictureFolder(RecordedSource[_Shot]):
    """The pictures of a folder, in the order of their capture times.

    Capture times are, in this order: a declared ``frame_interval_s``, the pictures then being
    ordered by name (``2.jpg`` before ``10.jpg``); EXIF data; file names; modification times, said
    in a logged warning since copying may change them. One kind serves for all pictures. Times
    without an offset are taken for UTC. Hidden files, other files and folders inside are ignored.

    All headers are read at once, the pictures themselves one at a time. Damaged pictures are left
    out, which is logged as a warning once the last picture was read.

    Args:
        path: The folder.
        frame_interval_s: World seconds between consecutive pictures.

    Raises:
        SourceError: There is no picture that can be read, one is of another size, or the capture
            times are not known.
    """

    def __init__(self, path: Path, frame_interval_s: float | None = None) -> None:
        super().__init__()
        self._path = path
        self._damaged: dict[Path, DamagedPictureError] = {}
        pictures = self._headers(_picture_paths(path))
        first = next(iter(pictures.values()))
        _require_one_size(first, pictures.values())
        timing, schedule = _schedule(path, pictures, frame_interval_s)
        self._schedule = self._from_first_sound(schedule)
        self.info = SourceInfo(
            name=name_of(path),
            kind="folder",
            width=first.width,
            height=first.height,
            frame_count=len(self._schedule),
            duration_s=self._schedule[-1].time_s,
            frame_interval_s=frame_interval_s,
            started_at=self._schedule[0].captured_at,
            timing=timing,
        )

    def _headers(self, files: Sequence[Path]) -> dict[int, PictureFile]:
        """Pictures whose header can be read, one at least, by their place among all."""
        read = ((place, self._sound(_picture_file, file)) for place, file in enumerate(files))
        pictures = {place: picture for place, picture in read if picture is not None}
        if not pictures:
            raise self._damaged[files[0]]
        return pictures

    def _from_first_sound(self, schedule: Sequence[_Shot]) -> list[_Shot]:
        """The shots from the first that decodes on; their times and indices start there."""
        for place, first in enumerate(schedule):
            if self._sound(_picture, first.path) is not None:
                return [shot.since(first) for shot in schedule[place:]]
        raise self._damaged[schedule[0].path]

    def _sound(self, read: Callable[[Path], T], path: Path) -> T | None:
        """What is read of a picture; None where it is damaged, which is remembered."""
        try:
            return read(path)
        except DamagedPictureError as error:
            self._damaged[path] = error
            return None

    def _shots(self) -> Generator[_Shot, None, None]:
        yield from self._schedule

    def _frame(self, shot: _Shot) -> Frame | None:
        image = self._sound(_picture, shot.path)
        return None if image is None else Frame(image, shot.index, shot.time_s, shot.captured_at)

    def _ended(self) -> None:
        if self._damaged:
            first, *others = sorted(path.name for path in self._damaged)
            names = f"{first} and {counted(len(others), 'other')}" if others else first
            logger.warning("%s: damaged pictures are left out: %s", self._path, names)


def _picture_paths(folder: Path) -> list[Path]:
    """The pictures in a folder, in the order of their names, numbers counted as numbers."""
    try:
        files = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise SourceError("the folder cannot be read", where=folder, got=error.strerror) from error
    pictures = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
    if not pictures:
        raise SourceError(
            "the folder holds no picture",
            where=folder,
            got=f"{len(files)} other entries" if files else "an empty folder",
            allowed="*" + " *".join(sorted(PICTURE_SUFFIXES)),
        )
    return sorted(pictures, key=_by_number)


def _by_number(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _schedule(
    folder: Path, pictures: Mapping[int, PictureFile], frame_interval_s: float | None
) -> tuple[Timing, list[_Shot]]:
    """When each picture was taken, in order; the keys are its places in the order of the names."""
    if frame_interval_s is not None:
        declared = pictures.items()
        return "declared", [_Shot(p.path, n, n * frame_interval_s, None) for n, p in declared]
    kind, dated = in_capture_order(folder, list(pictures.values()))
    if kind == "modified":
        logger.warning(
            "%s: capture times are taken from when the files were last modified; if they were "
            "copied or edited, declare the frame interval",
            folder,
        )
    start = dated[0][0]
    return kind, [
        _Shot(picture.path, index, (moment - start).total_seconds(), moment)
        for index, (moment, picture) in enumerate(dated)
    ]


def _require_one_size(first: PictureFile, pictures: Iterable[PictureFile]) -> None:
    for picture in pictures:
        if (picture.width, picture.height) != (first.width, first.height):
            raise SourceError(
                "the pictures of a folder differ in size",
                where=picture.path,
                got=f"{picture.width}x{picture.height}",
                allowed=f"{first.width}x{first.height} as {first.path.name}",
                hint="keep the pictures of one camera setting in a folder",
            )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture; what is wrong with it on opening or inside the block names the file."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            yield image
    except _DAMAGE as error:
        raise DamagedPictureError(
            "the picture cannot be read", where=path, got=error, hint="mend or remove it"
        ) from error


def _picture_file(path: Path) -> PictureFile:
    with _opened(path) as image:
        exif = image.getexif()
        turned = exif.get(ExifTags.Base.Orientation) in _TURNED
        width, height = image.size[::-1] if turned else image.size
        taken = exif_time(exif)
        mode = image.mode
    if mode not in _EIGHT_BIT_MODES:
        raise SourceError(
            "the picture has more than 8 bits a colour",
            where=path,
            got=f"mode {mode}",
            hint="convert it to 8 bits",
        )
    return PictureFile(path, width, height, taken)


def _picture(path: Path) -> Picture:
    with _opened(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), dtype=np.uint8)
