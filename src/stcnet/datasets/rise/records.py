"""RISE's metadata: one typed record a clip, and the reader of the files that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.records.files import (
    Item,
    RecordFile,
    checked_name,
    contradiction,
    parse_records,
    read_record_file,
)
from stcnet.datasets.rise.labels import Judgement, Label, LabelState, judge
from stcnet.errors import DataError
from stcnet.video import RiseName

METADATA_FILE = "metadata.json"
VIDEO_FOLDER = "videos"
RISE_ZONE = ZoneInfo("America/New_York")
"""Time zone of RISE's plants; the days in file names are days of it."""
LATEST_EPOCH = 4_102_444_800
"""The year 2100: a later capture time is no Unix seconds."""


def _known_form(name: str) -> str:
    if RiseName.parse(checked_name(name)) is None:
        raise PydanticCustomError(
            "form",
            "the name is not of the form camera-view-YYYY-MM-DD-left-top-right-bottom"
            "-height-width-startframe-startepoch-endepoch",
        )
    return name


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
    start_time: int = Field(ge=0, lt=LATEST_EPOCH)
    url_root: str | None = None
    url_part: str | None = None
    file_name: Annotated[str, AfterValidator(_known_form)]

    @model_validator(mode="after")
    def _check_name(self) -> RiseRecord:
        name = self.name
        if name.duration_s <= 0 or name.right <= name.left or name.bottom <= name.top:
            raise ValueError("file_name holds a clip without length or a crop without area")
        told = {"camera_id": name.camera, "view_id": name.view, "start_time": name.start_epoch}
        for key, value in told.items():
            if getattr(self, key) != value:
                raise contradiction(key, getattr(self, key), value, "the file name")
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
            raise PydanticCustomError(
                "judgement",
                "label {label} and weight {weight} do not follow from its states, "
                "which give {judgement}",
                {
                    "label": self.label,
                    "weight": f"{self.weight:g}",
                    "judgement": str(self.judgement),
                    "cause": "label and weight do not follow from the states",
                },
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
    """The records of one metadata or split file, or of an answer of the labelling tool.

    Args:
        path: JSON, a list of records, or the object that the labelling tool wraps one in.
        on_bad: Called for each record that is wrong, which is then left out; by default it ends
            the reading.

    Raises:
        DataError: The file is missing or holds no list; or from ``on_bad``, for a record: a field
            is missing, wrong or at odds with the file name, label and weight do not follow from
            the states, or an id or a file name occurs twice. The line names record and field.
    """
    return parse_rise(read_record_file(path), on_bad=on_bad)


def parse_rise(file: RecordFile, *, on_bad: OnBad = refuse) -> list[RiseRecord]:
    """The records of a file that has been read; see :func:`read_records`."""
    parse = _parse_served if file.served else _parse
    return parse_records(file, parse, unique=("id", "file_name"), on_bad=on_bad)


def _parse(item: Item) -> RiseRecord:
    return (SplitRecord if "label" in item else RiseRecord).model_validate(item)


def _parse_served(item: Item) -> RiseRecord:
    """The labelling tool leaves out camera and view, which the file name holds."""
    name = RiseName.parse(str(item.get("file_name")))
    known = {"camera_id": name.camera, "view_id": name.view} if name is not None else {}
    return RiseRecord.model_validate({**known, **item})
