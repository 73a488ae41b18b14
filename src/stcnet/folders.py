"""A folder of results that appears whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from stcnet.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@contextmanager
def new_folder(
    path: Path, results: Collection[str], *, overwrite: bool = False, option: str = "--out"
) -> Iterator[Path]:
    """Make a folder beside ``path`` to write results into, and move it there at the end.

    After an exception nothing is left, missing parents that were made for it included. A folder
    that is replaced stays until the new one is complete.

    Args:
        path: Where the results shall be.
        results: Names of what such a folder may hold; one that holds more is never replaced. Empty
            where the caller replaces no folder at all.
        overwrite: Replace a folder of earlier results.
        option: What the folder was named with, for messages.

    Yields:
        The folder to write into.

    Raises:
        OutputError: There is something at ``path`` and ``overwrite`` is not set, or it is not a
            folder of results, or the working folder lies in it; or the folder cannot be made or
            moved.
    """
    with _reported(path, option):
        place = path.resolve()
        occupied, others = place.exists(), _others(place, results)
    if occupied:
        _refuse_around_us(path, place, option)
        _require_replaceable(path, others, overwrite, option, replaceable=bool(results))
    made = _make_parents(path, place.parent, option)
    partial = _beside(place, "partial")
    try:
        with _reported(path, option):
            partial.mkdir()
        yield partial
        with _reported(path, option):
            _move(partial, place)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        _remove_empty(made)
        raise


def _others(place: Path, results: Collection[str]) -> list[str]:
    """What a folder holds besides results, in order."""
    entries = place.iterdir() if place.is_dir() else ()
    return sorted(entry.name for entry in entries if entry.name not in results)


def _refuse_around_us(path: Path, place: Path, option: str) -> None:
    """Refuse a folder that this process stands in: moved away, it would leave the user nowhere."""
    with suppress(OSError):  # the working folder may be gone
        if Path.cwd().is_relative_to(place):
            raise OutputError(
                "the working folder cannot be replaced",
                where=path,
                hint=f"name a new folder with {option}",
            )


def _require_replaceable(
    path: Path, others: list[str], overwrite: bool, option: str, *, replaceable: bool
) -> None:
    another = f"name another folder with {option}"
    if not path.is_dir():
        raise OutputError("there is a file of that name", where=path, hint=another)
    if not overwrite:
        hint = f"name another with {option}"
        raise OutputError(
            "the output folder exists already",
            where=path,
            hint=f"{hint}, or replace it with --overwrite" if replaceable else hint,
        )
    if others:
        raise OutputError(
            "the folder holds more than earlier results and is not replaced",
            where=path,
            got=others[0],
            hint=another,
        )


def _make_parents(path: Path, parent: Path, option: str) -> list[Path]:
    """Make ``parent`` and what it lies in; returns what was missing, innermost first."""
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        with _reported(path, option):
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
def _reported(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            "the output folder cannot be written",
            where=path,
            got=error.strerror or error,
            hint=f"name a place that you may write to with {option}",
        ) from error
