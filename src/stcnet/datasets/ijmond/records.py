"""IJmond's metadata: RISE's votes on clips of other cameras, named in another way.

Source: IJmond-video-dataset-2024-01-22 (MultiX-Amsterdam, ijmond-camera-monitor; CC BY 4.0). Its
clips were cropped from panoramas that stand on YouTube, and are named after those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
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
from stcnet.datasets.rise.labels import Judgement, LabelState, judge
from stcnet.datasets.rise.records import LATEST_EPOCH

IJMOND_ZONE = ZoneInfo("Europe/Amsterdam")
"""Time zone of the cameras."""
CAMERAS = ("hoogovens", "kooksfabriek_1", "kooksfabriek_2")
"""Names of the cameras by ``camera_id``, as they stand in the addresses of the videos."""
PLANT = "ijmond"
_FORM = re.compile(r"(?P<video>[A-Za-z0-9_-]{11})-(?P<view>0|[1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class IjmondName:
    """The parts of an IJmond file name, without its suffix.

    Attributes:
        video: Identifier of the panorama's video, 11 letters, digits, ``-`` or ``_``.
        view: Number of the view that was cropped from it, 0..99.
    """

    video: str
    view: int

    @classmethod
    def parse(cls, stem: str) -> IjmondName | None:
        """Read a file name without its suffix; None where it is of another form.

        >>> IjmondName.parse("-GUVYRX0xVs-2")
        IjmondName(video='-GUVYRX0xVs', view=2)
        """
        match = _FORM.fullmatch(stem)
        return None if match is None else cls(match["video"], int(match["view"]))

    def __str__(self) -> str:
        return f"{self.video}-{self.view}"


def _known_form(name: str) -> str:
    if IjmondName.parse(checked_name(name)) is None:
        raise PydanticCustomError("form", "the name is not of the form video-view")
    return name


class IjmondRecord(BaseModel):
    """One clip of the metadata; keys that are not listed here are passed over.

    Attributes:
        camera_id: Index of :data:`CAMERAS`.
        view_id: View of the camera.
        id: Unique number.
        label_state, label_state_admin: Verdicts of citizens and researchers, in RISE's codes.
        start_time: Capture time of the first frame, Unix seconds.
        url_root, url_part: Where the video was published, see :func:`video_url`.
        file_name: Name of the video without its suffix, see :class:`IjmondName`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    camera_id: int = Field(ge=0, lt=len(CAMERAS))
    view_id: int = Field(ge=0)
    id: int = Field(ge=0)
    label_state: LabelState
    label_state_admin: LabelState
    start_time: int = Field(ge=0, lt=LATEST_EPOCH)
    url_root: str | None = None
    url_part: str | None = None
    file_name: Annotated[str, AfterValidator(_known_form)]

    @model_validator(mode="after")
    def _check_name(self) -> IjmondRecord:
        if self.view_id != self.name.view:
            raise contradiction("view_id", self.view_id, self.name.view, "the file name")
        if self.url_part is not None and self.url_part != self.name.video:
            raise contradiction("url_part", self.url_part, self.name.video, "the file name")
        return self

    @cached_property
    def name(self) -> IjmondName:
        """The parts of the file name."""
        name = IjmondName.parse(self.file_name)
        assert name is not None
        return name

    @cached_property
    def judgement(self) -> Judgement | None:
        """Label and weight as RISE's rules give them, None where the votes decide nothing."""
        return judge(self.label_state, self.label_state_admin)

    @property
    def view(self) -> str:
        """Camera and view, such as ``ijmond-1-3``, so that none is taken for one of RISE's."""
        return f"{PLANT}-{self.camera_id}-{self.view_id}"

    @property
    def local_start(self) -> datetime:
        """Capture time of the first frame in the cameras' time zone."""
        return datetime.fromtimestamp(self.start_time, IJMOND_ZONE)


def video_url(record: IjmondRecord) -> str | None:
    """Where a video was published, None where the metadata does not say.

    >>> values = {"camera_id": 1, "view_id": 3, "id": 75, "label_state": 23, "start_time": 9,
    ...           "label_state_admin": 23, "file_name": "A9W8G55JucU-3", "url_root": "https://x/"}
    >>> video_url(IjmondRecord.model_validate(values))
    'https://x/kooksfabriek_1/A9W8G55JucU/A9W8G55JucU-3.mp4'
    """
    if record.url_root is None:
        return None
    parts = (CAMERAS[record.camera_id], record.name.video, f"{record.file_name}.mp4")
    return record.url_root.rstrip("/") + "/" + "/".join(map(quote, parts))


def read_ijmond(path: Path, *, on_bad: OnBad = refuse) -> list[IjmondRecord]:
    """The records of IJmond's metadata, or of an answer of its labelling tool.

    Args:
        path: JSON, a list of records, or the object that the labelling tool wraps one in.
        on_bad: Called for each record that is wrong, which is then left out; by default it ends
            the reading.

    Raises:
        DataError: The file is missing or holds no list; or from ``on_bad``, for a record: a field
            is missing, wrong or at odds with the file name, or an id or a file name occurs twice.
    """
    return parse_ijmond(read_record_file(path), on_bad=on_bad)


def parse_ijmond(file: RecordFile, *, on_bad: OnBad = refuse) -> list[IjmondRecord]:
    """The records of a file that has been read; see :func:`read_ijmond`."""
    return parse_records(file, _parse, unique=("id", "file_name"), on_bad=on_bad)


def _parse(item: Item) -> IjmondRecord:
    return IjmondRecord.model_validate(item)
