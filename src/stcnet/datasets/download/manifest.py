"""``manifest.jsonl``: what was fetched, from where, and its SHA-256; survives any death.

Lines of JSON that are only ever added. A line is on the disk before its video gets its name, and
what a killed process leaves of one is the end of the file without a line break, which the next one
cuts off. A database would do as well, but this can be read, compared and kept with any tool.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stcnet.errors import DataError, OutputError

MANIFEST_FILE = "manifest.jsonl"
VideoName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$")]
"""Name of a video without its suffix: nothing that leads to another folder or is hidden."""


class Entry(BaseModel):
    """A video that was fetched and found good.

    Attributes:
        file_name: Its name without the suffix.
        sha256: Of the whole file, hexadecimal.
        bytes: Length of the file.
        frames: Frames that decode.
        size: Their side in pixels.
        source: Address, archive and member, or that it was found in the folder.
        fetched_at: When it was found good, UTC.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_name: VideoName
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: int = Field(gt=0)
    frames: int = Field(gt=0)
    size: int = Field(gt=0)
    source: str
    fetched_at: AwareDatetime


def read_manifest(folder: Path) -> dict[str, Entry]:
    """The latest entry of each video by its file name; empty where nothing was fetched yet.

    Raises:
        DataError: The file cannot be read, or a line of it is no entry.
    """
    path = folder / MANIFEST_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DataError("the manifest cannot be read", where=path, got=error.strerror) from None
    return {entry.file_name: entry for entry in _entries(path, content)}


def _entries(path: Path, content: bytes) -> Iterator[Entry]:
    *lines, _torn = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield Entry.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(
                f"the line is no entry: {' '.join(map(str, (*first['loc'], first['msg'])))}",
                where=f"{path}, line {number}",
                hint="remove the line and download again; what it told of is checked anew",
            ) from None


class Manifest:
    """The manifest of a folder, open for adding; any thread may add. One process at a time.

    Args:
        folder: Holds the manifest, or will.

    Raises:
        DataError: A line of it is no entry.
        OutputError: It cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MANIFEST_FILE
        self._lock = threading.Lock()
        self._entries = read_manifest(folder)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            self._end = _cut_torn_line(self._file)
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The latest entry of each video by its file name."""
        return self._entries

    def add(self, entry: Entry) -> None:
        """Add an entry and see it on the disk.

        Raises:
            OutputError: It cannot be written; the manifest stays as it was.
        """
        line = entry.model_dump_json().encode() + b"\n"
        with self._lock:
            try:
                _write_all(self._file, line)
                os.fsync(self._file)
            except OSError as error:
                os.ftruncate(self._file, self._end)
                raise self._unwritable(error) from None
            self._end += len(line)
            self._entries[entry.file_name] = entry

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            "the manifest cannot be written",
            where=self._path,
            got=error.strerror,
            hint="free disk space or mend its rights, then run the same command again",
        )


def _cut_torn_line(file: int) -> int:
    """Remove what follows the last line break; gives the length that stays."""
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        end = reader.read().rfind(b"\n") + 1
    os.ftruncate(file, end)
    return end


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
