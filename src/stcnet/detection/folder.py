"""A folder of results that appears whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from stcnet.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULT_FILES = ("scores.csv", "events.json", "events.csv", "report.html", "overlay.mp4")
"""What a folder of results may hold; one that holds anything else is never replaced."""


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Make a folder beside ``path`` to write results into, and move it there at the end.

    After an exception nothing is left, missing parents that were made for it included. A folder
    that is replaced stays until the new one is complete.

    Args:
        path: Where the results shall be.
        overwrite: Replace a folder of earlier results.

    Yields:
        The folder to write into.

    Raises:
        OutputError: There is something at ``path`` and ``overwrite`` is not set, or it is not a
            folder of results; or the folder cannot be made or moved.
    """
    place = path.resolve()
    _require_free(path, place, overwrite)
    made = _make_parents(path, place.parent)
    partial = _beside(place, "partial")
    try:
        with _reported(path):
            partial.mkdir()
        yield partial
        with _reported(path):
            _move(partial, place)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        _remove_empty(made)
        raise


def _require_free(path: Path, place: Path, overwrite: bool) -> None:
    with _reported(path):
        if not place.exists():
            return
        others = sorted(
            entry.name for entry in (place.iterdir() if place.is_dir() else ())
            if entry.name not in RESULT_FILES
        )  # fmt: skip
    if not place.is_dir():
        raise OutputError(
            "there is a file of that name", where=path, hint="name another folder with --out"
        )
    if not overwrite:
        raise OutputError(
            "the output folder exists already",
            where=path,
            hint="name another with --out, or replace it with --overwrite",
        )
    if others:
        raise OutputError(
            "the folder holds more than earlier results and is not replaced",
            where=path,
            got=others[0],
            hint="name another folder with --out",
        )


def _make_parents(path: Path, parent: Path) -> list[Path]:
    """Make ``parent`` and what it lies in; returns what was missing, innermost first."""
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        with _reported(path):
            parent.mkdir(parents=True, exist_ok=True)
    except OutputError:
        _remove_empty(missing)
        raise
    return missing


def _move(partial: Path, place: Path) -> None:
    if not place.exists():
        partial.rename(place)
        return
    earlier = _beside(place, "replaced")
    place.rename(earlier)
    try:
        partial.rename(place)
    except OSError:
        earlier.rename(place)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _beside(place: Path, kind: str) -> Path:
    return place.with_name(f".{place.name}.{uuid4().hex[:8]}.{kind}")


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            "the output folder cannot be written",
            where=path,
            got=error.strerror or error,
            hint="name a place that you may write to with --out",
        ) from error
