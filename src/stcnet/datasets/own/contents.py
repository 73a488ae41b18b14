"""Files by their content: hashed, and copied or linked whole or not at all."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from stcnet.errors import DataError, OutputError

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    if place.is_file() and sha256_of(place) == digest:
        return
    partial = place.with_name(f".{place.name}.{uuid4().hex[:8]}.partial")
    try:
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
