"""Opening whatever a path leads to as a frame source."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from stcnet.errors import SourceError
from stcnet.video.files import VideoFile
from stcnet.video.folders import PictureFolder

if TYPE_CHECKING:
    from stcnet.video.source import FrameSource

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def open_source(path: Path | str, *, frame_interval_s: float | None = None) -> FrameSource:
    """Open a video file, a GIF or a folder of pictures, decided by what is there.

    The first frame of a file and the headers of all pictures of a folder are read here, so that
    most of what can be wrong is known before any frame is used.

    Args:
        path: The file or folder.
        frame_interval_s: World seconds between consecutive frames of a time-lapse; overrides
            every time that the source itself has. Pictures of a folder then go by name.

    Returns:
        A source that can be iterated more than once, for use in a ``with`` statement.

    Raises:
        SourceError: There is nothing at the path or nothing that can be read as asked: an empty
            file, no video, sound only, a single picture, no frame, pictures of two sizes, unknown
            capture times, or an interval that is not above zero and finite.
    """
    if frame_interval_s is not None and not (
        math.isfinite(frame_interval_s) and frame_interval_s > 0
    ):
        raise SourceError(
            "the frame interval is not a length of time",
            got=f"{frame_interval_s:g} s",
            allowed="seconds above zero",
        )
    _refuse_address(path)
    place = Path(path)
    if _is_folder(place):
        return PictureFolder(place, frame_interval_s)
    _require_content(place)
    return VideoFile(place, frame_interval_s)


def _refuse_address(path: Path | str) -> None:
    if isinstance(path, str) and _ADDRESS.match(path):
        raise SourceError(
            "streams and web addresses cannot be opened",
            got=path.split(":")[0] + ":",
            allowed="a file or folder on this machine",
            hint="record the stream to a file",
        )


def _is_folder(place: Path) -> bool:
    try:
        place.stat()
    except FileNotFoundError as error:
        raise SourceError("there is no such file or folder", where=place) from error
    except OSError as error:
        raise SourceError(
            "cannot be opened", where=place, got=error.strerror, hint="check who may read it"
        ) from error
    except ValueError as error:
        raise SourceError("cannot be opened", where=place, got=error) from error
    return place.is_dir()


def _require_content(file: Path) -> None:
    if not file.is_file():
        raise SourceError("is neither a file nor a folder", where=file)
    try:
        with file.open("rb") as handle:
            empty = not handle.read(1)
    except OSError as error:
        raise SourceError("cannot be opened", where=file, got=error.strerror) from error
    if empty:
        raise SourceError("the file is empty", where=file, hint="copy or record it again")
