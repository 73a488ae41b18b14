"""Videos in zip archives that the user fetched, however they are nested in them."""

from __future__ import annotations

import logging
import lzma
import re
import stat
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Self

from stcnet.datasets.download.causes import FetchError
from stcnet.datasets.download.checking import LONGEST_BYTES
from stcnet.datasets.download.partial import PartialFile
from stcnet.datasets.download.politeness import Waiter
from stcnet.errors import DataError, OutputError

DEEPEST = 3
"""Archives in archives in archives are looked into, no deeper."""
_TOLD = 5
_CHUNK = 2**20
_MOST_SHRUNK = 20
_NO_ARCHIVE = (zipfile.BadZipFile, NotImplementedError, ValueError)
"""What a file makes ``zipfile`` raise that is no archive, or one of a kind it cannot read."""
_DRIVE = re.compile("[A-Za-z]:")
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(RuntimeError, OSError, ValueError),
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        path: Archive and member, such as ``videos.zip!/180/a.mp4``.
    """

    path: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def copy(self, partial: PartialFile, waiter: Waiter) -> None:
        """Fill ``partial`` with it; its checksum in the archive is checked.

        Raises:
            FetchError: It is damaged, or packed in a way that cannot be read.
            StoppedError: The work is to end.
            OutputError, OSError: The disk does not take it.
        """
        partial.begin(None)
        try:
            with partial.open() as file:
                for chunk in self.chunks():
                    file.write(chunk)
                    waiter.check()
        except FetchError:
            partial.discard()
            raise

    def chunks(self) -> Iterator[bytes]:
        """Its content, unpacked.

        Raises:
            FetchError: It is damaged, or packed in a way that cannot be read.
        """
        try:
            with self.archive.open(self.info) as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except _DAMAGE as error:
            raise FetchError("damaged archive", f"{self.path}: {error}") from None


class Archives:
    """The videos of some zip archives by their names.

    Members are only ever read, and what is read gets the name of the clip that it is: a member's
    own path leads nowhere. Members that lead up or out, links, encrypted and oversized ones are
    passed over with a warning.

    Args:
        paths: The archives.
        folder: Where an archive within an archive is unpacked to, without a name.

    Raises:
        DataError: An archive cannot be read.
        OutputError: An inner archive does not fit on the disk.
    """

    def __init__(self, paths: Sequence[Path], folder: Path) -> None:
        self._folder = folder
        self._members: dict[str, list[Member]] = defaultdict(list)
        self._refused = 0
        self._given = bool(paths)
        with ExitStack() as opened:
            for path in paths:
                self._add(opened.enter_context(_opened(path)), path.name, 1, opened)
            self._opened = opened.pop_all()
        if self._refused > _TOLD:
            logger.warning("%d members of the archives are passed over", self._refused)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __bool__(self) -> bool:
        """Whether there is any archive."""
        return self._given

    def named(self, *names: str) -> list[Member]:
        """The members that are called one of these names, with suffix, in any folder."""
        return [member for name in names for member in self._members.get(name, ())]

    def _add(self, archive: zipfile.ZipFile, path: str, depth: int, opened: ExitStack) -> None:
        for info in archive.infolist():
            kind = PurePosixPath(info.filename).suffix.lower()
            if info.is_dir() or kind not in {".mp4", ".zip"}:
                continue
            shown = f"{path}!/{info.filename}"
            reason = _reason_to_refuse(info, kind, depth)
            if reason is not None:
                self._refuse(shown, reason)
            elif kind == ".mp4":
                name = PurePosixPath(info.filename).name
                self._members[name].append(Member(shown, archive, info))
            else:
                self._add_inner(archive, info, shown, depth, opened)

    def _add_inner(
        self,
        archive: zipfile.ZipFile,
        info: zipfile.ZipInfo,
        shown: str,
        depth: int,
        opened: ExitStack,
    ) -> None:
        # Seeking in a compressed member would unpack it from its start each time.
        try:
            file = opened.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            _unpack(Member(shown, archive, info), file)
            inner = opened.enter_context(zipfile.ZipFile(file))
        except FetchError as error:
            self._refuse(shown, error.detail)
        except _NO_ARCHIVE as error:
            self._refuse(shown, f"is no zip archive that can be read: {error}")
        else:
            self._add(inner, shown, depth + 1, opened)

    def _refuse(self, shown: str, reason: str) -> None:
        self._refused += 1
        if self._refused <= _TOLD:
            logger.warning("%s is passed over: %s", ascii(shown[-120:]), reason)


def _unpack(member: Member, file: IO[bytes]) -> None:
    for chunk in member.chunks():
        try:
            file.write(chunk)
        except OSError as error:
            raise OutputError(
                "an archive within an archive cannot be unpacked",
                where=member.path,
                got=error.strerror,
                hint="free disk space, or unpack it by hand and name it with --archive",
            ) from None


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, *_NO_ARCHIVE) as error:
        got = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            "the archive cannot be read",
            where=path,
            got=got,
            hint="name zip archives as they were downloaded; download a cut one again",
        ) from None
    with archive:
        yield archive


def _reason_to_refuse(info: zipfile.ZipInfo, kind: str, depth: int) -> str | None:
    path = PurePosixPath(info.filename)
    odd = "\\" in info.filename or not info.filename.isprintable()
    if odd or path.is_absolute() or ".." in path.parts or _DRIVE.match(info.filename):
        return "its path leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    if info.flag_bits & 1:
        return "it is encrypted"
    if kind == ".mp4":
        return f"longer than {LONGEST_BYTES} bytes" if info.file_size > LONGEST_BYTES else None
    if depth == DEEPEST:
        return f"archives are nested deeper than {DEEPEST}"
    shrunk = info.file_size > _MOST_SHRUNK * info.compress_size
    return "no archive of videos shrinks that much" if shrunk else None
