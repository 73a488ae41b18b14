"""From records to the videos that are wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

from stcnet.datasets.collection import OnBad
from stcnet.datasets.download.addresses import rise_address, safe_address
from stcnet.datasets.download.causes import FetchError
from stcnet.datasets.download.report import Missing
from stcnet.datasets.download.request import DatasetName, Request
from stcnet.datasets.ijmond import IjmondRecord, parse_ijmond, video_url
from stcnet.datasets.records.files import RecordFile, read_record_file
from stcnet.datasets.records.metadata import IJMOND, RISE, Form, recognise
from stcnet.datasets.rise import VIEWS, RiseRecord, RiseSplit, decided, part_of
from stcnet.datasets.rise.records import METADATA_FILE, VIDEO_FOLDER, parse_rise
from stcnet.datasets.rise.splits import read_rise
from stcnet.errors import ConfigError, DataError, StcnetError
from stcnet.files import write_whole

_FORMS: dict[DatasetName, Form] = {"rise": RISE, "ijmond": IJMOND}


@dataclass(frozen=True, slots=True)
class WantedVideo:
    """A video that shall be in the folder.

    Attributes:
        name: File name without its suffix.
        address: Where it is published; None where that is not known or refused.
        no_address: Why not.
    """

    name: str
    address: str | None
    no_address: FetchError | None = None

    def place(self, folder: Path) -> Path:
        """Where it shall be: ``videos/<name>.mp4``, as the readers of the folder expect it."""
        return folder / VIDEO_FOLDER / f"{self.name}.mp4"


@dataclass(slots=True)
class Wanted:
    """What a request comes to.

    Attributes:
        videos: In the order of the records.
        bad: Records that are wrong, and so not among the videos.
    """

    videos: list[WantedVideo] = field(default_factory=list)
    bad: list[Missing] = field(default_factory=list)


def wanted_videos(folder: Path, request: Request, metadata: Path | None = None) -> Wanted:
    """The videos that a request wants.

    Args:
        folder: Holds the records: ``metadata.json``, or RISE's split files.
        request: What is wanted.
        metadata: File of records, in the place of those in the folder.

    Raises:
        DataError: There are no records, or they are of another data set.
        ConfigError: No clip is of the split and part.
    """
    wanted = Wanted()

    def on_bad(error: StcnetError) -> None:
        # What stands in a record may be no text at all, such as half of a surrogate pair.
        detail = str(error).encode(errors="backslashreplace").decode()
        wanted.bad.append(Missing("", "wrong record", detail))

    videos = _videos(folder, metadata, request, on_bad)
    if not videos and not wanted.bad:
        raise ConfigError("no clip is of this split and part", where="--split", got=request.split)
    wanted.videos = _drawn(videos, request.limit)
    return wanted


def adopt_metadata(folder: Path, metadata: Path) -> None:
    """Put a file of records into a folder as its ``metadata.json``.

    Raises:
        DataError: The folder holds other ones.
        OutputError: It cannot be written.
    """
    place = folder / METADATA_FILE
    content = metadata.read_bytes()
    if not place.is_file():
        write_whole(place, content, what="the records", hint="free disk space")
    elif place.read_bytes() != content:
        raise DataError(
            "the folder holds other records than --metadata",
            where=place,
            hint="name another folder with --out, or leave --metadata away",
        )


def _videos(
    folder: Path, metadata: Path | None, request: Request, on_bad: OnBad
) -> list[WantedVideo]:
    path = metadata or folder / METADATA_FILE
    if request.dataset == "ijmond":
        clips = parse_ijmond(_records(path, request), on_bad=on_bad)
        return [_video(clip.file_name, partial(_ijmond_address, clip)) for clip in clips]
    told = metadata is not None or path.is_file()
    records = parse_rise(_records(path, request), on_bad=on_bad) if told else read_rise(folder)
    size = cast("int", request.size)  # the request has one where the data set is RISE
    return [
        _video(record.file_name, partial(rise_address, record.url_root, record.url_part, size))
        for record in _of_split(records, request)
    ]


def _video(name: str, address: Callable[[], str]) -> WantedVideo:
    try:
        return WantedVideo(name, address())
    except FetchError as error:
        return WantedVideo(name, None, error)


def _ijmond_address(record: IjmondRecord) -> str:
    address = video_url(record)
    if address is None or record.url_root is None:
        raise FetchError("no address", "the record has no url_root")
    return safe_address(address, record.url_root)


def _records(path: Path, request: Request) -> RecordFile:
    file = read_record_file(path)
    form = recognise(file)
    wanted = _FORMS[request.dataset]
    if form is not wanted:
        raise DataError(
            "the records are of another data set",
            where=path,
            got=form.name,
            allowed=wanted.name,
            hint="name the records of the data set with --metadata, in a folder of its own",
        )
    return file


def _of_split(records: Iterable[RiseRecord], request: Request) -> list[RiseRecord]:
    if request.split is None:
        return list(records)
    split = cast("RiseSplit", request.split)  # the request allows no other
    known = [record for record in decided(records) if record.view in VIEWS]
    return [record for record in known if request.part in (None, part_of(record, split))]


def _drawn(videos: Sequence[WantedVideo], limit: int | None) -> list[WantedVideo]:
    """As many as are allowed, those whose names come first when hashed, in their order."""
    if limit is None:
        return list(videos)
    by_hash = sorted(videos, key=lambda video: hashlib.sha256(video.name.encode()).digest())
    drawn = {video.name for video in by_hash[:limit]}
    return [video for video in videos if video.name in drawn]
