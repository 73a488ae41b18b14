"""RISE's metadata: one typed record a clip, and the reader of the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.rise.labels import Judgement, Label, LabelState, judge
from stcnet.errors import DataError
from stcnet.video import RiseName

METADATA_FILE = "metadata.json"
VIDEO_FOLDER = "videos"
RISE_ZONE = ZoneInfo("America/New_York")
"""Time zone of RISE's plants; the days in file names are days of it."""
_LATEST_EPOCH = 4_102_444_800


class RiseRecord(BaseModel):
    """One clip of the metadata; keys that are not listed here are passed over.

    Attributes:
        camera_id, view_id: Facility and view.
        id: Unique number.
        label_state: Verdict of the citizens.
        label_state_admin: Verdict of the researchers.
        start_time: Capture time of the first frame, Unix seconds.
        url_root, url_part: Where the video was published; the split files have neither.
        file_name: Name of the video without its suffix; see :class:`stcnet.video.RiseName`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    camera_id: int = Field(ge=0)
    view_id: int = Field(ge=0)
    id: int = Field(ge=0)
    label_state: LabelState
    label_state_admin: LabelState
    start_time: int = Field(ge=0, lt=_LATEST_EPOCH)
    url_root: str | None = None
    url_part: str | None = None
    file_name: str

    @model_validator(mode="after")
    def _check_name(self) -> RiseRecord:
        name = RiseName.parse(self.file_name)
        if name is None:
            raise ValueError(
                "file_name is not of the form camera-view-YYYY-MM-DD-left-top-right-bottom"
                "-height-width-startframe-startepoch-endepoch"
            )
        if name.duration_s <= 0 or name.right <= name.left or name.bottom <= name.top:
            raise ValueError("file_name holds a clip without length or a crop without area")
        told = {"camera_id": name.camera, "view_id": name.view, "start_time": name.start_epoch}
        for key, value in told.items():
            if getattr(self, key) != value:
                raise ValueError(f"{key} {getattr(self, key)} is not the file name's {value}")
        return self

    @cached_property
    def name(self) -> RiseName:
        """The parts of the file name."""
        name = RiseName.parse(self.file_name)
        assert name is not None
        return name

    @cached_property
    def judgement(self) -> Judgement | None:
        """Label and weight, None where the votes decide nothing."""
        return judge(self.label_state, self.label_state_admin)

    @property
    def view(self) -> str:
        """Camera and view, such as ``0-7``."""
        return f"{self.camera_id}-{self.view_id}"

    @property
    def plant(self) -> str:
        """The facility: ``clairton``, or ``plant-1`` and so on, whose names were not published."""
        return "clairton" if self.camera_id == 0 else f"plant-{self.camera_id}"

    @property
    def local_start(self) -> datetime:
        """Capture time of the first frame in the plants' time zone."""
        return datetime.fromtimestamp(self.start_time, RISE_ZONE)


class SplitRecord(RiseRecord):
    """A clip of a published split file, which states the label and the weight as well.

    Attributes:
        label: 1 smoke, 0 none.
        weight: How sure the label is, 0..1.
    """

    label: Label
    weight: float

    @model_validator(mode="after")
    def _check_judgement(self) -> SplitRecord:
        stated = Judgement(self.label, self.weight)
        if stated != self.judgement:
            raise ValueError(
                f"label {self.label} and weight {self.weight:g} do not follow from its states, "
                f"which give {self.judgement}"
            )
        return self


def video_path(folder: Path, record: RiseRecord) -> Path:
    """Where the video of a clip lies in a RISE folder: ``videos/<file_name>.mp4``.

    A file name has the form of :class:`stcnet.video.RiseName`, so it leads nowhere else.
    """
    return folder / VIDEO_FOLDER / f"{record.file_name}.mp4"


def decided(records: Iterable[RiseRecord]) -> list[RiseRecord]:
    """The records whose votes give a label, in their order."""
    return [record for record in records if record.judgement is not None]


def judgement_of(record: RiseRecord) -> Judgement:
    """Label and weight of a record.

    Raises:
        DataError: Its votes decide nothing.
    """
    if record.judgement is None:
        raise DataError(
            "the clip has no label, its votes decide nothing",
            where=f"record of id {record.id}",
            got=f"label_state {record.label_state}, label_state_admin {record.label_state_admin}",
            hint="leave undecided clips out, as stcnet.datasets.rise.decided does",
        )
    return record.judgement


def read_records(path: Path, *, on_bad: OnBad = refuse) -> list[RiseRecord]:
    """The records of one metadata or split file.

    Args:
        path: JSON, a list of records.
        on_bad: Called for each record that is wrong, which is then left out; by default it ends
            the reading.

    Raises:
        DataError: The file is missing or holds no list; or from ``on_bad``, for a record: a field
            is missing, wrong or at odds with the file name, label and weight do not follow from
            the states, or an id or a file name occurs twice. The line names record and field.
    """
    records: list[RiseRecord] = []
    seen: dict[object, int] = {}
    for position, item in enumerate(_read_list(path)):
        try:
            record = _parse(item, f"{path}, record {position}")
            _require_new(record, position, seen, path)
        except DataError as error:
            on_bad(error)
        else:
            records.append(record)
    return records


def _read_list(path: Path) -> Sequence[object]:
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            "the records cannot be read",
            where=path,
            got=error.strerror,
            hint=f"name a folder that holds {METADATA_FILE} as RISE publishes it",
        ) from None
    except ValueError as error:
        raise DataError("the records are not JSON", where=path, got=error) from None
    if not isinstance(items, list) or not items:
        raise DataError("the file is no list with a record", where=path, got=type(items).__name__)
    return cast("Sequence[object]", items)


def _parse(item: object, where: str) -> RiseRecord:
    if not isinstance(item, Mapping):
        raise DataError("the record is no object", where=where, got=repr(item)[:60])
    where += f" (id {item['id']})" if "id" in item else ""
    kind = SplitRecord if "label" in item else RiseRecord
    try:
        return kind.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    raise DataError(
        f"{field} is wrong: {message}" if field else message,
        where=where,
        got=None if first["type"] == "missing" or not field else repr(first["input"])[:60],
    )


def _require_new(record: RiseRecord, position: int, seen: dict[object, int], path: Path) -> None:
    for key in ("id", "file_name"):
        value = getattr(record, key)
        if (key, value) in seen:
            raise DataError(
                f"{key} occurs twice",
                where=f"{path}, record {position}",
                got=f"{value}, also of record {seen[key, value]}",
            )
        seen[key, value] = position
