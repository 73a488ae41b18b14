"""Clips in folders ``smoke`` and ``no-smoke``; folders inside them are views."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.candidates import (
    VIDEO_SUFFIXES,
    Candidate,
    Defaults,
    Said,
    completed,
)
from stcnet.datasets.own.inside import require_inside
from stcnet.datasets.own.names import STATE_FILE, shown
from stcnet.datasets.own.values import place_name
from stcnet.datasets.rise.labels import Label
from stcnet.errors import DataError

FOLDERS: dict[str, Label] = {"smoke": 1, "no-smoke": 0}


def folder_candidates(source: Path, defaults: Defaults, on_bad: OnBad) -> list[Candidate]:
    """The videos in a folder's ``smoke`` and ``no-smoke``, in the order of their names.

    ``No smoke`` and ``no_smoke`` are the same; any other folder beside them is told of.

    ``smoke/gate/north/a.mp4`` is of the view ``gate-north``. Hidden files are passed over; links
    that lead out of the source, and links to folders, are not followed.

    Args:
        source: Holds the two folders, or one of them.
        defaults: What holds for clips that do not say otherwise.
        on_bad: Told of each file that cannot be taken.

    Raises:
        DataError: There is neither folder.
    """
    there = _labelled(source, on_bad)
    if not there:
        raise DataError(
            "the folder holds neither smoke nor no-smoke",
            where=source,
            hint="sort the clips into folders of these names, or give a table of labels",
        )
    found = []
    for folder, label in there:
        for path in _videos(source, folder, on_bad):
            try:
                found.append(_candidate(source, path, label, defaults))
            except DataError as error:
                on_bad(error)
    return found


def _labelled(source: Path, on_bad: OnBad) -> list[tuple[Path, Label]]:
    """The folders whose name is a label, smoke first."""
    found, others = [], []
    for entry in sorted(source.iterdir()):
        label = FOLDERS.get("-".join(shown(entry.name).lower().replace("_", " ").split()))
        if label is not None and entry.is_dir():
            found.append((entry, label))
        elif os.path.isdir(entry) and not entry.name.startswith("."):  # noqa: PTH112  as below
            others.append(shown(entry.name))
    if found:
        for name in others:
            on_bad(
                DataError(
                    "the folder is not looked into",
                    where=name,
                    allowed=", ".join(FOLDERS),
                    hint="rename it, or move it elsewhere",
                )
            )
    return sorted(found, key=lambda pair: -pair[1])


def _candidate(source: Path, path: Path, label: Label, defaults: Defaults) -> Candidate:
    name = path.relative_to(source).as_posix()
    composed = unicodedata.normalize("NFC", name)
    if shown(composed) != composed:
        raise DataError(
            "the file name holds a character that cannot be seen",
            where=shown(name),
            hint="rename it",
        )
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise DataError("is no video by its suffix", where=name, got=path.suffix or "none")
    require_inside(source, path, name)
    if not path.is_file():
        raise DataError("is no regular file", where=name)
    folders = path.relative_to(source).parts[1:-1]
    try:
        view = place_name("-".join(folders))
    except ValueError as error:
        raise DataError(f"the view {error}", where=name, hint="rename its folder") from None
    return completed(path, name, label, Said(view=view), defaults)


def _videos(source: Path, folder: Path, on_bad: OnBad) -> Iterator[Path]:
    """All files below a folder that are not hidden, in the order of their names; no cut.json."""
    if _leads_elsewhere(source, folder, on_bad):
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        name = shown(str(folder))
        on_bad(DataError("the folder cannot be read", where=name, got=error.strerror))
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == STATE_FILE:
            continue
        if os.path.isdir(entry):  # noqa: PTH112  a name of any bytes
            yield from _videos(source, entry, on_bad)
        else:
            yield entry


def _leads_elsewhere(source: Path, folder: Path, on_bad: OnBad) -> bool:
    """Whether a folder is a link; it might lead outside, or round and round."""
    if folder.is_symlink():
        name = shown(folder.relative_to(source).as_posix())
        on_bad(DataError("is a link to a folder and is not followed", where=name))
    return folder.is_symlink()
