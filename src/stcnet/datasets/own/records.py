"""``clips.json``: the typed, versioned records of an own data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)

from stcnet.datasets.disk.names import flaw_of_name
from stcnet.datasets.own.times import checked_moment
from stcnet.errors import DataError, ZoneError
from stcnet.files import write_whole
from stcnet.preprocess import centred_square
from stcnet.types import PixelBox, Zone

CLIPS_FILE = "clips.json"
VIDEO_FOLDER = "videos"
LONGEST_GROUP = 400
UNKNOWN = "unknown"
"""View and plant of a clip of which nobody said them."""


def checked_place(name: str) -> str:
    """A name of a view, a plant or a zone, which must serve as a file name as well.

    Raises:
        ValueError: It cannot.
    """
    flaw = flaw_of_name(name)
    if flaw is not None:
        raise ValueError(flaw)
    return name


def _checked_zone(text: str) -> str:
    try:
        zone = Zone.parse(text)
    except ZoneError as error:
        raise ValueError(error.what) from None
    checked_place(zone.name)
    return text


Place = Annotated[str, AfterValidator(checked_place)]
Utc = Annotated[AwareDatetime, AfterValidator(checked_moment)]
ZoneText = Annotated[str, AfterValidator(_checked_zone)]
Seconds = Annotated[float, Field(gt=0, lt=1e9, allow_inf_nan=False)]


class OwnClip(BaseModel):
    """One labelled clip: a video, or a zone of one.

    Attributes:
        id: Unique name.
        file: Name of its video in the folder ``videos``.
        sha256: Of the video, 64 hexadecimal digits.
        label: 1 smoke, 0 none, None undecided.
        label_weight: How sure the label is, 0..1.
        view: Camera view.
        plant: What the camera looks at.
        start: Capture time of the first frame, UTC; None where it is not known.
        span_s: World seconds from its first frame to its last.
        interval_s: World seconds between the frames of a time-lapse; None where the video plays
            as fast as the world went.
        zone: The part of the picture that counts, as ``detect --zone`` takes it; None for the
            centred square.
        frames: Frames at the model's cadence; more than 36 are cut, fewer repeat.
        width, height: Of the whole picture, in pixels.
        group: Clips of one group are near-duplicates, such as cuts of one video of unknown start;
            None where none is known.
        source: What it was imported from.
        judges: Who labelled it, as far as it is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=400)
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    label: Literal[0, 1] | None
    label_weight: float = Field(ge=0, le=1, allow_inf_nan=False)
    view: Place
    plant: Place
    start: Utc | None = None
    span_s: Seconds
    interval_s: Seconds | None = None
    zone: ZoneText | None = None
    frames: int = Field(ge=1)
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    group: str | None = Field(default=None, min_length=1, max_length=LONGEST_GROUP)
    source: str
    judges: tuple[str, ...] = ()

    @property
    def area(self) -> Zone | None:
        """The zone; None for the centred square."""
        return Zone.parse(self.zone) if self.zone else None

    @property
    def box(self) -> PixelBox:
        """The zone, or the centred square, in pixels.

        Raises:
            ZoneError: The zone does not lie in the picture.
        """
        if self.area is None:
            return centred_square(self.width, self.height)
        return self.area.to_pixels(self.width, self.height)

    @property
    def end(self) -> datetime | None:
        """Capture time of the last frame, UTC; None where it is not known."""
        return self.start + timedelta(seconds=self.span_s) if self.start else None

    @property
    def key(self) -> tuple[str, str | None]:
        """What makes it the same clip as another: the video's content, and the zone's name."""
        area = self.area
        return self.sha256, area.name if area else None


class _Document(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["stcnet-clips"] = "stcnet-clips"
    version: Literal[1] = 1
    clips: tuple[OwnClip, ...]


def read_clips_file(folder: Path) -> list[OwnClip]:
    """The records of an own data set.

    Raises:
        DataError: ``clips.json`` is missing, of another version, or a record is wrong; the line
            names record and field.
    """
    path = folder / CLIPS_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            "the records cannot be read",
            where=path,
            got=error.strerror,
            hint="make a data set of your clips with stcnet data import",
        ) from None
    try:
        clips = _Document.model_validate_json(content).clips
    except ValidationError as error:
        raise _mistake(error, path) from None
    _require_unique(clips, path)
    return list(clips)


def _mistake(error: ValidationError, path: Path) -> DataError:
    """The line for the first mistake of a file."""
    first = error.errors(include_url=False)[0]
    match first["loc"]:
        case ("clips", int(number), *keys):
            where, field = f"{path}, record {number}", ".".join(map(str, keys))
        case keys:
            where, field = str(path), ".".join(map(str, keys))
    message = first["msg"].removeprefix("Value error, ")
    got = None if first["type"] == "missing" else repr(first["input"])[:60]
    return DataError(f"{field or 'the file'} is wrong: {message}", where=where, got=got)


def _require_unique(clips: Sequence[OwnClip], path: Path) -> None:
    names: set[str] = set()
    keys: set[tuple[str, str | None]] = set()
    for number, clip in enumerate(clips):
        if clip.id in names or clip.key in keys:
            where = f"{path}, record {number}"
            raise DataError("the clip occurs twice", where=where, got=clip.id)
        names.add(clip.id)
        keys.add(clip.key)


def write_clips_file(folder: Path, clips: Iterable[OwnClip]) -> None:
    """Write ``clips.json``, whole or not at all.

    Raises:
        OutputError: It cannot be written; what was there stays.
    """
    document = _Document(clips=tuple(clips)).model_dump(mode="json")
    write_whole(
        folder / CLIPS_FILE,
        json.dumps(document, indent=1).encode(),
        what="the records",
        hint="give a folder that you may write to and that has room",
    )
