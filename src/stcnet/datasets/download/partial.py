"""A video on its way: the bytes so far, and the version on the server that they belong to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stcnet.files import write_whole

SUFFIX = ".partial"
NOTE_SUFFIX = ".partial.json"


class Version(BaseModel):
    """One version of a file on a server.

    Attributes:
        url: Its address, without credentials.
        validator: Strong ETag or date of change: equal ones mean equal bytes.
        length: Bytes of the whole file; None where the server did not say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    validator: str
    length: int | None = Field(ge=0)


class PartialFile:
    """The file beside a video's place that becomes the video once it is whole and checked.

    Two hidden files: the bytes, and a note of the version that they are of. The note is on the
    disk before the first of its bytes and is gone before bytes of another version come, so bytes
    of two versions are never joined, whenever the process dies.

    Args:
        place: Where the video shall be.
    """

    def __init__(self, place: Path) -> None:
        self.path = place.with_name(f".{place.name}{SUFFIX}")
        self._place = place
        self._note = place.with_name(f".{place.name}{NOTE_SUFFIX}")

    @property
    def length(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def version(self) -> Version | None:
        """What the bytes are of; None where nobody knows."""
        try:
            return Version.model_validate_json(self._note.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def begin(self, version: Version | None) -> None:
        """Throw away what is there and start anew; without a version nothing can go on later.

        Raises:
            OutputError, OSError: The disk does not take it.
        """
        self._note.unlink(missing_ok=True)
        self.path.write_bytes(b"")
        if version is not None:
            note = version.model_dump_json().encode()
            write_whole(self._note, note, what="the note of a download", hint="free disk space")

    def open(self) -> BinaryIO:
        """Open for adding bytes at the end."""
        return self.path.open("ab")

    def discard(self) -> None:
        """Remove both files."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Wait until the disk has all bytes."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def become(self) -> None:
        """Give the bytes the name of the video, in the place of what has it now."""
        self._note.unlink(missing_ok=True)
        self.path.replace(self._place)
