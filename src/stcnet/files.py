"""Files that appear whole or not at all, whenever the process or the machine dies."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from stcnet.errors import OutputError


def write_whole(
    path: Path, content: bytes | memoryview, *, what: str, hint: str, make_folder: bool = False
) -> None:
    """Write a file beside ``path``, see it on the disk, and move it into place.

    Whoever opens ``path`` finds the old content or the new, never a part. What a killed process
    leaves beside it, ``.NAME.partial``, is overwritten by the next attempt.

    Args:
        path: The file; one that exists is replaced.
        content: All of it.
        what: Subject of the error message, such as ``the predictions``.
        hint: What to do after an error.
        make_folder: Make the folder of ``path`` where it is missing; else that is an error.

    Raises:
        OutputError: It cannot be written; what was at ``path`` before stays.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(partial, content)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):  # below a regular file there is nothing to remove
            partial.unlink(missing_ok=True)
        raise OutputError(
            f"{what} cannot be written", where=path, got=error.strerror or error, hint=hint
        ) from None
    _settle_folder(path.parent)


def require_replaceable(path: Path, head: bytes, *, what: str, option: str = "--out") -> None:
    """Refuse to write a result over a file that is none, such as labels that somebody gave.

    Args:
        path: The place of the result; nothing may be there.
        head: How every such result begins.
        what: A result, such as ``table of merged labels``.
        option: What the file was named with, for the message.

    Raises:
        OutputError: There is a file that begins otherwise.
    """
    try:
        with path.open("rb") as file:
            there = file.read(len(head))
    except OSError:
        return  # nothing is there, or the writing itself tells what is wrong
    if there != head:
        hint = f"name another file with {option}"
        raise OutputError(f"there is a file that is no {what}", where=path, hint=hint)


def _write_through(path: Path, content: bytes | memoryview) -> None:
    """Write and wait for the disk: a rename may overtake content that is only in the cache."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle_folder(folder: Path) -> None:
    """Wait until the disk knows the new name; some file systems cannot say."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
