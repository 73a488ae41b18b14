"""Files that are copied or linked whole or not at all, and what is left of those that were not."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from stcnet.datasets.disk.hashes import sha256_of
from stcnet.errors import DataError, OutputError

_CHUNK = 1 << 20
_PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial")


def remove_partials(folder: Path) -> None:
    """Remove what killed processes left of files in a folder that this one alone writes into."""
    for path in folder.iterdir():
        if _PARTIAL.fullmatch(path.name) and path.is_file():
            with suppress(OSError):
                path.unlink()


def copy_video(source: Path, place: Path, digest: str, *, link: bool) -> None:
    """Copy or hard-link a file to its place; a sound one that is there already stays.

    Args:
        source: The file.
        place: Where it shall be.
        digest: Its SHA-256 when it was looked at.
        link: Hard-link it.

    Raises:
        DataError: It changed since it was looked at.
        OutputError: It cannot be written or linked; nothing is left of it.
    """
    partial = place.with_name(f".{place.name}.{uuid4().hex[:8]}.partial")
    try:
        if place.is_file() and sha256_of(place) == digest:
            return
        if link:
            os.link(source.resolve(), partial)
        copied = sha256_of(partial) if link else _copy(source, partial)
        if copied != digest:
            raise DataError("the video changed while it was imported", where=source)
        partial.replace(place)
    except OSError as error:
        raise OutputError(
            "the video cannot be hard-linked" if link else "the video cannot be copied",
            where=place,
            got=error.strerror or error,
            hint="leave out --link" if link else "free disk space, or name another folder",
        ) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _copy(source: Path, place: Path) -> str:
    """Copy a file, wait for the disk, and give the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, place.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()
