"""What a source offers for a data set, before anything is decoded: files and what is said of them.

Whatever leads out of the source is refused: absolute names, ``..``, links to elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePosixPath
from typing import TypeVar

from stcnet.datasets.file_names import flaw_of_name
from stcnet.datasets.own.names import CutName, Offset, shown
from stcnet.datasets.own.records import UNKNOWN, checked_place
from stcnet.datasets.own.times import EARLIEST, LATEST
from stcnet.datasets.rise.labels import Label
from stcnet.errors import ConfigError, DataError, ZoneError
from stcnet.types import Zone
from stcnet.video import RiseName
from stcnet.video.capture_times import name_time

ValueT = TypeVar("ValueT")
VIDEO_SUFFIXES = frozenset(
    {
        *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv"),
        *(".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"),
    }
)
"""Suffixes, in lower case, by which files are taken for clips."""

LABEL_WORDS: dict[str, Label | None] = {
    "smoke": 1,
    "1": 1,
    "no-smoke": 0,
    "none": 0,
    "0": 0,
    "steam": 0,
    "shadow": 0,
    "other": 0,
    "unsure": None,
    "": None,
}
"""What a label may be called; None is undecided."""

_LONGEST_PART = 255


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for clips that do not say otherwise.

    Attributes:
        view, plant: Camera view, and what it looks at.
        timezone: Of times without an offset.
        interval_s: World seconds between the frames of a time-lapse; None to go by timestamps.
        zone: The part of the picture that counts; None for the centred square.

    Raises:
        ConfigError: The interval is not above zero, or the zone's name cannot be used.
    """

    view: str = UNKNOWN
    plant: str = UNKNOWN
    timezone: tzinfo = UTC
    interval_s: float | None = None
    zone: Zone | None = None

    def __post_init__(self) -> None:
        if self.interval_s is not None and self.interval_s <= 0:
            raise ConfigError(
                "is no time between frames", where="--interval", got=f"{self.interval_s:g} s"
            )
        flaw = flaw_of_name(self.zone.name) if self.zone else None
        if flaw:
            raise ConfigError(f"the zone's name {flaw}", where="--zone")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that a source offers.

    Attributes:
        path: The file.
        name: As the source calls it.
        label: 1 smoke, 0 none, None undecided.
        label_weight: How sure the label is, 0..1.
        view, plant: Camera view, and what it looks at.
        start: Capture time of its first frame, UTC; None where it is not known.
        interval_s: World seconds between its frames; None to go by name or timestamps.
        zone: The part of the picture that counts; None for the centred square.
        group: Clips of one group are near-duplicates; None where none is known.
        judges: Who labelled it.
        sha256: Of the file that was labelled; None where it is not known.
    """

    path: Path
    name: str
    label: Label | None
    label_weight: float
    view: str
    plant: str
    start: datetime | None
    interval_s: float | None
    zone: Zone | None
    group: str | None
    judges: tuple[str, ...] = ()
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says of a file besides its label; None where it says nothing."""

    view: str | None = None
    plant: str | None = None
    start: datetime | None = None
    interval_s: float | None = None
    zone: Zone | None = None
    group: str | None = None


def completed(
    path: Path,
    name: str,
    label: Label | None,
    said: Said,
    defaults: Defaults,
    *,
    label_weight: float = 1.0,
    judges: tuple[str, ...] = (),
    sha256: str | None = None,
) -> Candidate:
    """A candidate: what the source says goes first, then the file's name, then the defaults."""
    told = said_by_name(path.stem, defaults.timezone)
    return Candidate(
        path=path,
        name=shown(name),
        label=label,
        label_weight=label_weight,
        view=said.view or told.view or defaults.view,
        plant=said.plant or defaults.plant,
        start=_first(said.start, told.start),
        interval_s=_first(said.interval_s, told.interval_s, _of_names(path, defaults.interval_s)),
        zone=_first(said.zone, told.zone, defaults.zone),
        group=said.group or told.group,
        judges=judges,
        sha256=sha256,
    )


def _first(*values: ValueT | None) -> ValueT | None:
    return next((value for value in values if value is not None), None)


def _of_names(path: Path, interval_s: float | None) -> float | None:
    """The default interval, unless the file name tells the times of all frames."""
    return None if RiseName.parse(path.stem) else interval_s


def said_by_name(stem: str, timezone: tzinfo) -> Said:
    """What the name of a file says without its suffix.

    Clips cut from one video of unknown start may overlap, which their times cannot tell: they are
    one group.

    >>> said = said_by_name("gate__stack__20260501T123005.000Z__every5s", UTC)
    >>> said.view, str(said.start), said.interval_s
    ('gate', '2026-05-01 12:30:05+00:00', 5.0)
    """
    cut = CutName.parse(stem)
    if cut is not None:
        whole = Zone(cut.zone, 0, 0, 1, 1, "fractions") if cut.zone else None
        return Said(
            view=cut.view,
            start=_possible(cut.start),
            interval_s=cut.interval_s,
            zone=whole,
            group=f"{cut.view}/{cut.origin.video}" if isinstance(cut.origin, Offset) else None,
        )
    rise = RiseName.parse(stem)
    if rise is not None and rise.duration_s > 0:
        return Said(view=f"{rise.camera}-{rise.view}", start=_possible(rise.started_at))
    return Said(start=_possible(name_time(stem, timezone)))


def _possible(moment: datetime | None) -> datetime | None:
    """A time in a name, None where it cannot be one: other numbers may look like it."""
    return moment if moment is not None and EARLIEST <= moment < LATEST else None


def place_name(text: str) -> str | None:
    """The name of a view or plant, composed; None where it is empty.

    Raises:
        ValueError: It cannot serve as a file name.
    """
    composed = unicodedata.normalize("NFC", text.strip())
    return checked_place(composed) if composed else None


def parse_label(text: str) -> Label | None:
    """A label in words or as 1 and 0.

    Raises:
        ValueError: It is none of :data:`LABEL_WORDS`.
    """
    word = "-".join(text.lower().replace("_", " ").split())
    if word not in LABEL_WORDS:
        raise ValueError(f"is none of {', '.join(filter(None, LABEL_WORDS))}")
    return LABEL_WORDS[word]


def parse_share(text: str) -> float:
    """A number of 0..1, with a point or a comma; 1 where the text is empty.

    Raises:
        ValueError: It is none.
    """
    try:
        share = float(text.replace(",", ".")) if text else 1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("is no number of 0..1")
    return share


def parse_area(text: str) -> Zone | None:
    """A zone as ``detect --zone`` takes it; its name may be left out, and space may separate.

    Raises:
        ValueError: It is none.

    >>> parse_area("0.25 0 0.5 1")
    Zone(name='zone', x=0.25, y=0.0, width=0.5, height=1.0, unit='fractions')
    """
    if not text:
        return None
    name, _, numbers = text.rpartition("=")
    joined = ",".join(re.split(r"[\s,;]+", numbers.strip()))
    try:
        return Zone.parse(f"{place_name(name) or 'zone'}={joined}")
    except ZoneError as error:
        raise ValueError(f"is wrong: {error.what}") from None


def zone_text(zone: Zone) -> str:
    """A zone as :meth:`stcnet.types.Zone.parse` reads it."""
    numbers = ",".join(f"{n:.10g}" for n in (zone.x, zone.y, zone.width, zone.height))
    return f"{zone.name}={numbers}"


def file_inside(root: Path, name: str) -> Path:
    """The file of that name in a folder; composed and decomposed names count as one.

    Raises:
        DataError: The name leads out of the folder, is hostile, or there is no such file.
    """
    where = shown(name)[:80]
    flaw = _flaw(name)
    if flaw:
        raise DataError(f"the file name {flaw}", where=where, hint="rename the file")
    for form in (name, *(unicodedata.normalize(kind, name) for kind in ("NFC", "NFD"))):
        path = root / PurePosixPath(form.replace("\\", "/"))
        try:
            there = path.is_file()
        except OSError:
            there = False
        if there:
            require_inside(root, path, where)
            return path
    raise DataError("there is no such file", where=where, got=f"nothing of that name in {root}")


def _flaw(name: str) -> str | None:
    parts = name.replace("\\", "/").split("/")
    if not name:
        return "is empty"
    if shown(name) != name:
        return "holds a character that cannot be seen"
    if name[0] in "/\\" or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "leads out of the folder"
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        return f"is longer than {_LONGEST_PART} bytes"
    return None


def require_inside(root: Path, path: Path, where: str) -> None:
    """Refuse a file that is a link to somewhere outside a folder.

    Raises:
        DataError: It is one.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(
            "is a link that leads out of the source and is not followed",
            where=where,
            hint="copy the file into the source",
        )
