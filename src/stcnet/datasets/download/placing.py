"""One video from whatever source has it to its place: whole, checked and in the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.download.addresses import name_of_size, without_credentials
from stcnet.datasets.download.archives import Archives
from stcnet.datasets.download.causes import FetchError, WrongContentError
from stcnet.datasets.download.checking import require_clip
from stcnet.datasets.download.fetching import Fetcher
from stcnet.datasets.download.manifest import Entry, Manifest
from stcnet.datasets.download.partial import PartialFile
from stcnet.datasets.download.politeness import Waiter
from stcnet.datasets.download.report import Missing
from stcnet.datasets.download.wanted import WantedVideo
from stcnet.errors import OutputError

FOUND = "found in the folder"
_TIMES_TO_BELIEVE = 2
"""Wrong content is fetched again once: a page of a gateway goes away, a wrong file does not."""


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    fill: Callable[[PartialFile], None]
    times: int = 1


def is_there(folder: Path, video: WantedVideo, entries: Mapping[str, Entry]) -> bool:
    """Whether a video was fetched and has the length that it had then."""
    entry = entries.get(video.name)
    try:
        return entry is not None and video.place(folder).stat().st_size == entry.bytes
    except OSError:
        return False


class Placer:
    """Brings videos to their places; any thread may ask it, each for another video.

    Args:
        folder: The data set's.
        size: Side of the videos in pixels; None where any square will do.
        archives: Asked first.
        fetcher: Asked for what no archive has.
        manifest: Takes an entry before its video gets its name.
        waiter: Says when to end.
    """

    def __init__(
        self,
        folder: Path,
        size: int | None,
        archives: Archives,
        fetcher: Fetcher,
        manifest: Manifest,
        waiter: Waiter,
    ) -> None:
        self._folder = folder
        self._size = size
        self._archives = archives
        self._fetcher = fetcher
        self._manifest = manifest
        self._waiter = waiter

    def bring(self, video: WantedVideo) -> Missing | None:
        """Bring a video to its place; gives why it cannot be had, None if it is there.

        Raises:
            StoppedError: The work is to end.
            OutputError: The disk does not take it.
        """
        try:
            return self._bring(video)
        except OSError as error:
            raise OutputError(
                "the video cannot be written",
                where=video.place(self._folder),
                got=error.strerror or error,
                hint="free disk space or mend its rights, then run the same command again",
            ) from None

    def _bring(self, video: WantedVideo) -> Missing | None:
        if self._adopt(video):
            return None
        failures = []
        for source in self._sources(video):
            try:
                self._take(video, source)
            except FetchError as error:
                failures.append(error)
            else:
                return None
        if not failures and self._archives:
            failures.append(FetchError("not in the archives", "no member has its name"))
        if video.no_address is not None:
            failures.append(video.no_address)
        told = "; ".join(error.detail for error in failures)
        return Missing(video.name, failures[0].cause, told)

    def _adopt(self, video: WantedVideo) -> bool:
        """Take what has the video's name already, if it is a good clip that nobody told of."""
        place = video.place(self._folder)
        if video.name in self._manifest.entries or not place.is_file():
            return False
        try:
            size = require_clip(place, self._size)
        except WrongContentError:
            return False
        self._manifest.add(_entry(video, place, FOUND, size))
        return True

    def _sources(self, video: WantedVideo) -> Iterator[_Source]:
        of_size = name_of_size(video.name, self._size) if self._size else video.name
        names = dict.fromkeys((video.name, of_size))
        for member in self._archives.named(*(f"{name}.mp4" for name in names)):
            yield _Source(member.path, partial(member.copy, waiter=self._waiter))
        if (address := video.address) is not None:
            fetch = partial(self._fetcher.fetch, address)
            yield _Source(without_credentials(address), fetch, _TIMES_TO_BELIEVE)

    def _take(self, video: WantedVideo, source: _Source) -> None:
        """Bring a video from one source.

        Raises:
            FetchError: The source does not give it.
        """
        coming = PartialFile(video.place(self._folder))
        size = self._filled(coming, source)
        coming.settle()
        self._waiter.check()
        self._manifest.add(_entry(video, coming.path, source.name, size))
        coming.become()

    def _filled(self, coming: PartialFile, source: _Source) -> int:
        """Fill a file with a good clip; gives its size in pixels."""
        for _ in range(source.times - 1):
            with suppress(WrongContentError):
                return self._filled_once(coming, source)
        return self._filled_once(coming, source)

    def _filled_once(self, coming: PartialFile, source: _Source) -> int:
        source.fill(coming)
        try:
            return require_clip(coming.path, self._size)
        except WrongContentError:
            coming.discard()
            raise


def _entry(video: WantedVideo, path: Path, source: str, size: int) -> Entry:
    return Entry(
        file_name=video.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        frames=CLIP_FRAMES,
        size=size,
        source=source,
        fetched_at=datetime.now(UTC).replace(microsecond=0),
    )
