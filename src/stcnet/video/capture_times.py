"""When the pictures of a folder were taken, by their EXIF data, names or modification times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal

from PIL import ExifTags

from stcnet.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL.Image import Exif

FolderTiming = Literal["exif", "names", "modified"]

_CALENDAR = re.compile(
    r"(?<![0-9])"
    r"(?P<day>[0-9]{4}[-_.]?[0-9]{2}[-_.]?[0-9]{2})"
    r"(?P<joint>[-_.T ]?)"
    r"(?P<clock>[0-9]{2}[-_.:]?[0-9]{2}[-_.:]?[0-9]{2})"
    r"(?:[.,]?(?P<millis>[0-9]{3}))?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"(?![0-9])"
)
_EPOCH = re.compile(r"(?<![0-9])(?P<seconds>[1-3][0-9]{9})(?:[.,]?(?P<millis>[0-9]{3}))?(?![0-9])")


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture of a folder and what its header says.

    Attributes:
        path: The file.
        width, height: Size in pixels, upright.
        exif_time: Capture time in its EXIF data, UTC, or None.
    """

    path: Path
    width: int
    height: int
    exif_time: datetime | None


def exif_time(exif: Exif) -> datetime | None:
    """Capture time in the EXIF data of a picture, in UTC; None where there is none.

    Read from DateTimeOriginal, SubSecTimeOriginal and OffsetTimeOriginal. Without an offset the
    time is taken for UTC.
    """
    tags = exif.get_ifd(ExifTags.IFD.Exif)
    taken = _text(tags.get(ExifTags.Base.DateTimeOriginal))
    zone = _text(tags.get(ExifTags.Base.OffsetTimeOriginal)) or "+00:00"
    fraction = _text(tags.get(ExifTags.Base.SubsecTimeOriginal))
    try:
        moment = datetime.strptime(taken + zone, "%Y:%m:%d %H:%M:%S%z")
        return moment.replace(microsecond=_microseconds(fraction)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(tag: Any) -> str:
    return tag.strip("\0 ") if isinstance(tag, str) else ""


def _microseconds(fraction: str) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction.isdecimal() else 0


def name_time(stem: str, zone: tzinfo = UTC) -> datetime | None:
    """Capture time in a file name without its suffix, in UTC; None where there is none.

    Understood are dates with times, such as ``2024-05-01T12-30-05Z``, ``20240501_123005`` or
    ``2024-05-01T12:30:05.250+02:00``, and Unix times in seconds or milliseconds, anywhere in the
    name. A date without offset is one of ``zone``; an offset in digits counts after a date joined
    by ``T`` only, since ``-0001`` after another is more often a number. An hour that the clocks of
    ``zone`` skipped is no time.

    >>> str(name_time("gate_2024-05-01T12-30-05+0200"))
    '2024-05-01 10:30:05+00:00'
    >>> str(name_time("1714566605250"))
    '2024-05-01 12:30:05.250000+00:00'
    """
    return _calendar_time(stem, zone) or _epoch_time(stem)


def without_time(stem: str) -> str:
    """A file name without what :func:`name_time` reads in it.

    >>> without_time("gate_2024-05-01T12-30-05Z")
    'gate_'
    """
    pattern = _CALENDAR if _CALENDAR.search(stem) else _EPOCH
    return pattern.sub("", stem, count=1)


def _calendar_time(stem: str, default: tzinfo) -> datetime | None:
    match = _CALENDAR.search(stem)
    if match is None:
        return None
    zone = match["zone"] if match["zone"] == "Z" or match["joint"] == "T" else None
    digits = re.sub(r"[^0-9]", "", match["day"] + match["clock"])
    try:
        moment = datetime.strptime(digits + (zone or "Z"), "%Y%m%d%H%M%S%z")
        if not zone:
            moment = moment.replace(tzinfo=default)
            if moment.astimezone(UTC).astimezone(default) != moment:
                return None
        return moment.replace(microsecond=int(match["millis"] or 0) * 1000).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _epoch_time(stem: str) -> datetime | None:
    match = _EPOCH.search(stem)
    if match is None:
        return None
    moment = datetime.fromtimestamp(int(match["seconds"]), UTC)
    return moment.replace(microsecond=int(match["millis"] or 0) * 1000)


def _modified_time(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def in_capture_order(
    folder: Path, pictures: Sequence[PictureFile]
) -> tuple[FolderTiming, list[tuple[datetime, PictureFile]]]:
    """Order pictures by capture time.

    The first kind of time that every picture has, no two the same, is used for all of them: EXIF,
    file name, modification time.

    Raises:
        SourceError: Two pictures have the same time by every kind.
    """
    kinds: dict[FolderTiming, list[datetime | None]] = {
        "exif": [picture.exif_time for picture in pictures],
        "names": [name_time(picture.path.stem) for picture in pictures],
        "modified": [_modified_time(picture.path) for picture in pictures],
    }
    for kind, times in kinds.items():
        known = [moment for moment in times if moment is not None]
        if len(set(known)) == len(pictures):
            pairs = zip(known, pictures, strict=True)
            return kind, sorted(pairs, key=lambda pair: pair[0])
    raise SourceError(
        "the capture times of its pictures are not known: some have none in their EXIF data and "
        "names, or share it, and some were modified at the same moment",
        where=folder,
        hint="declare the frame interval",
    )
