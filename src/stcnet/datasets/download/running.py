"""The whole download of a data set: one process a folder, many videos at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stcnet.datasets.disk.locks import is_free
from stcnet.datasets.download.archives import Archives
from stcnet.datasets.download.crew import Crew
from stcnet.datasets.download.fetching import Fetcher
from stcnet.datasets.download.manifest import Entry, Manifest, read_manifest
from stcnet.datasets.download.placing import Placer, is_there
from stcnet.datasets.download.politeness import Hosts, Pace, Waiter
from stcnet.datasets.download.report import REPORT_FILE, Missing, write_report
from stcnet.datasets.download.request import Request, read_request, write_request
from stcnet.datasets.download.wanted import (
    Wanted,
    WantedVideo,
    adopt_metadata,
    wanted_videos,
)
from stcnet.datasets.opening import refuse_other_kinds
from stcnet.datasets.rise.records import METADATA_FILE, VIDEO_FOLDER
from stcnet.errors import ConfigError, OutputError

LOCK_FILE = ".download.lock"
Listener = Callable[[int, int], None]
"""Told how many videos are done, and how many there are to do."""


def _unheard(done: int, total: int) -> None:
    """The listener of those who want to hear nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a download ended.

    Attributes:
        wanted: Number of videos and of wrong records.
        fetched: Videos that came now.
        missing: What is not there, and why.
        report: The table of it.
    """

    wanted: int
    fetched: int
    missing: tuple[Missing, ...]
    report: Path


@dataclass(frozen=True, slots=True)
class Manner:
    """How a folder is worked on.

    Attributes:
        pace: How hard to push.
        waiter: Tells the time and waits; its ``stop`` ends the work.
        listener: Told of each video that is done with.
    """

    pace: Pace = field(default_factory=Pace)
    waiter: Waiter = field(default_factory=Waiter)
    listener: Listener = _unheard


def download(
    folder: Path,
    request: Request,
    *,
    metadata: Path | None = None,
    manner: Manner | None = None,
) -> Outcome:
    """Bring the wanted videos into a folder; those that are there are not fetched again.

    The process may die at any moment: no video has its name before it is whole, decoded and in
    the manifest, and the next call goes on.

    Args:
        folder: Holds ``metadata.json``, or will; made where it is missing.
        request: What is wanted.
        metadata: File of records to put into the folder.
        manner: How to work.

    Raises:
        DataError: There are no records, or an archive or the manifest cannot be read.
        ConfigError: The folder holds videos of another size, or no clip is of the split.
        OutputError: The disk does not take it, another download is at work there, or the folder
            holds other data.
        StoppedError: The waiter was told to stop.
    """
    refuse_other_kinds(folder, {METADATA_FILE, "metadata_*_split_*.json"})
    wanted = wanted_videos(folder, request, metadata)
    _make(folder / VIDEO_FOLDER)
    with _only_one(folder):
        if metadata is not None:
            adopt_metadata(folder, metadata)
        entries = read_manifest(folder)
        _require_one_size(folder, entries, request.size)
        absent = [video for video in wanted.videos if not is_there(folder, video, entries)]
        with Archives(request.archives, folder) as archives:
            write_request(folder, request)  # not before the archives are found to be some
            return _brought(folder, request.size, wanted, absent, archives, manner or Manner())


def fetch_again(folder: Path, names: Collection[str], *, manner: Manner | None = None) -> Outcome:
    """Fetch some videos of a folder, though they are there, from where it was downloaded from.

    Archives that are gone are passed over. A video is replaced when the new one is checked.

    Args:
        folder: Into which was downloaded.
        names: File names without suffix.
        manner: How to work.

    Raises:
        As :func:`download`.
    """
    with _only_one(folder):
        request = read_request(folder)
        archives = tuple(path for path in request.archives if path.is_file())
        everything = Request(request.dataset, request.size, archives=archives)
        wanted = wanted_videos(folder, everything)
        wanted.videos = [video for video in wanted.videos if video.name in names]
        with Archives(archives, folder) as opened:
            return _brought(folder, request.size, wanted, wanted.videos, opened, manner or Manner())


def _brought(
    folder: Path,
    size: int | None,
    wanted: Wanted,
    to_do: list[WantedVideo],
    archives: Archives,
    manner: Manner,
) -> Outcome:
    """Bring videos to their places and write the report; an earlier one is true no longer."""
    _remove_report(folder)
    pace, waiter = manner.pace, manner.waiter
    with (
        Manifest(folder) as manifest,
        closing(Fetcher(pace, Hosts(pace.rate, waiter), waiter)) as fetcher,
    ):
        placer = Placer(folder, size, archives, fetcher, manifest, waiter)
        crew = Crew(placer.bring, pace.workers, waiter)
        results = _told(crew.run(to_do), len(to_do), manner.listener)
    return _outcome(folder, wanted, to_do, results)


def _told(
    results: Iterator[Missing | None], total: int, listener: Listener
) -> list[Missing | None]:
    done: list[Missing | None] = []
    listener(0, total)
    for result in results:
        done.append(result)
        listener(len(done), total)
    return done


def _outcome(
    folder: Path, wanted: Wanted, to_do: list[WantedVideo], results: list[Missing | None]
) -> Outcome:
    place = {video.name: position for position, video in enumerate(to_do)}
    failed = [result for result in results if result is not None]
    missing = (*wanted.bad, *sorted(failed, key=lambda video: place[video.file_name]))
    return Outcome(
        wanted=len(wanted.videos) + len(wanted.bad),
        fetched=len(results) - len(failed),
        missing=missing,
        report=write_report(folder, missing),
    )


def _remove_report(folder: Path) -> None:
    try:
        (folder / REPORT_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            "the report of an earlier run cannot be removed",
            where=folder / REPORT_FILE,
            got=error.strerror,
            hint="remove it by hand",
        ) from None


def _require_one_size(folder: Path, entries: Mapping[str, Entry], size: int | None) -> None:
    if size is None:
        return
    other = next((entry.size for entry in entries.values() if entry.size != size), None)
    if other is not None:
        raise ConfigError(
            "the folder holds videos of another size",
            where=folder,
            got=f"{size} pixels",
            allowed=f"{other}, as there",
            hint="name another folder with --out",
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the folder cannot be made",
            where=folder,
            got=error.strerror,
            hint="name a place that you may write to with --out",
        ) from None


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Keep other downloads out of a folder; the lock ends with the process, however it dies."""
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(
            "the folder cannot be written",
            where=folder,
            got=error.strerror,
            hint="name a place that you may write to with --out",
        ) from None
    try:
        if not is_free(handle):
            raise OutputError(
                "another download is at work in this folder",
                where=folder,
                hint="wait for its end, or name another folder with --out",
            )
        yield
    finally:
        os.close(handle)
