"""What a source offers for a data set before anything is decoded: files and words about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from stcnet.datasets.disk.names import flaw_of_name
from stcnet.datasets.own.names import CutName, Offset, shown
from stcnet.datasets.own.records import UNKNOWN
from stcnet.datasets.own.times import EARLIEST, LATEST
from stcnet.datasets.rise.labels import Label
from stcnet.errors import ConfigError
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
