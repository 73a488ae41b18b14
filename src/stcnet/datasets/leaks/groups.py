"""Groups of near-duplicates from a table, given to the clips of a collection."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import Collection, LabelledClip, OnBad, refuse
from stcnet.errors import DataError

NEEDED: Final = ("group", "clip")
"""Columns that the table must have; others are passed over."""


@dataclass(frozen=True)
class GroupedCollection:
    """A collection with further groups of near-duplicates.

    Groups that were known stay; one that shares a clip with a new one becomes one with it.

    Attributes:
        original: The data.
        groups: Name of the further group of each clip that has one, by its id.
    """

    original: Collection
    groups: Mapping[str, str]

    @property
    def title(self) -> str:
        """What it is."""
        return self.original.title

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """All clips with their groups."""
        names = [self._names(clip) for clip in self.original.clips]
        joined = _joined(names)
        return tuple(
            replace(clip, group=joined[own[0]]) if own else clip
            for clip, own in zip(self.original.clips, names, strict=True)
        )

    def _names(self, clip: LabelledClip) -> tuple[str, ...]:
        """The groups of a clip: the one it was known to be of, and the further one."""
        known = () if clip.group is None else (f"known {clip.group}",)
        further = (f"found {self.groups[clip.id]}",) if clip.id in self.groups else ()
        return known + further

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """As the original loads them.

        Raises:
            DataError: No clip is left; or from ``on_bad``: a file is missing or wrong.
            SourceError: From ``on_bad``: a file cannot be decoded.
        """
        return self.original.load(clips, size, on_bad=on_bad)


def _joined(names: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """One name for all groups that hang together, as some clip is of both."""
    together: dict[str, set[str]] = {}
    for own in names:
        union = set(own).union(*(together.get(name, set()) for name in own))
        together |= dict.fromkeys(union, union)
    return {name: min(union) for name, union in together.items()}


def read_groups(path: Path, collection: Collection) -> GroupedCollection:
    """Give a collection the groups of a table, as ``stcnet data duplicates`` writes it.

    Args:
        path: CSV with the columns ``group`` and ``clip``.
        collection: Whose clips it names.

    Raises:
        DataError: The table cannot be read, lacks a column, or names a clip twice, without a
            group, or that the collection does not have; the message names the line.
    """
    known = {clip.id for clip in collection.clips}
    groups: dict[str, str] = {}
    table = csv.DictReader(io.StringIO(_text_of(path), newline=""))
    lacking = [column for column in NEEDED if column not in (table.fieldnames or ())]
    if lacking:
        raise DataError(
            f"the table has no column {lacking[0]}", where=path, got=table.fieldnames,
            hint="write one with stcnet data duplicates DIR --out FILE",
        )  # fmt: skip
    for row in table:
        group, clip, where = row["group"], row["clip"], f"{path}, line {table.line_num}"
        if clip not in known:
            raise DataError("there is no such clip in the data", where=where, got=clip)
        if not group:
            raise DataError("the clip has no group", where=where, got=clip)
        if groups.setdefault(clip, group) != group:
            raise DataError("the clip has two groups", where=where, got=clip)
    return GroupedCollection(collection, groups)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        got = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise DataError("the groups cannot be read", where=path, got=got) from None
