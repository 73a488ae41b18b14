"""Who is tested on what in RISE: the six published splits, and stricter ones.

S0, S1, S2, S4 and S5 divide the views of one plant; each tests on all views of the other plants as
well. S3 divides the days. In the names of the published files S3 is ``split_by_date``, and S4 and
S5 are ``split_3_by_camera`` and ``split_4_by_camera``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from stcnet.datasets.collection import LabelledClip, labelled
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.rise.clips import clip_of
from stcnet.datasets.rise.records import METADATA_FILE, RiseRecord, read_records
from stcnet.errors import ConfigError, DataError
from stcnet.video import RiseName

RiseSplit = Literal["S0", "S1", "S2", "S3", "S4", "S5"]
Part = Literal["train", "validation", "test"]
SPLITS: tuple[RiseSplit, ...] = get_args(RiseSplit)
PARTS: tuple[Part, ...] = get_args(Part)

_SPLIT_FILES: dict[RiseSplit, str] = {
    "S0": "split_0_by_camera",
    "S1": "split_1_by_camera",
    "S2": "split_2_by_camera",
    "S3": "split_by_date",
    "S4": "split_3_by_camera",
    "S5": "split_4_by_camera",
}
OTHER_PLANTS = ("1-0", "2-0", "2-1", "2-2")
VIEWS = (*(f"0-{view}" for view in range(15)), *OTHER_PLANTS)
"""All views of RISE."""
_TEST_VIEWS: dict[RiseSplit, tuple[str, ...]] = {
    "S0": ("0-1", "0-7", "0-13"),
    "S1": ("0-2", "0-9", "0-14"),
    "S2": ("0-0", "0-6", "0-12"),
    "S4": ("0-4", "0-8", "0-10"),
    "S5": ("0-3", "0-5", "0-11"),
}
_VALIDATION_VIEWS: dict[RiseSplit, tuple[str, ...]] = {
    "S0": ("0-4", "0-10"),
    "S1": ("0-5", "0-11"),
    "S2": ("0-3", "0-8"),
    "S4": ("0-7", "0-9"),
    "S5": ("0-4", "0-6"),
}
FIRST_VALIDATION_DAY = date(2019, 1, 22)
FIRST_TEST_DAY = date(2019, 2, 3)


def published_fold(clips: Iterable[LabelledClip], split: str) -> Fold:
    """One of the six published splits, made anew.

    Undecided clips are left out. From all clips of RISE come those of the published files.

    Args:
        clips: Of RISE; their ids are its file names.
        split: ``S0`` and so on.

    Raises:
        ConfigError: There is no such split.
        DataError: A view is none of RISE's, no clip is left to train or test on, or parts leak.
    """
    if split not in SPLITS:
        raise ConfigError(
            "there is no such split", where="split", got=split, allowed=", ".join(SPLITS)
        )
    parts: dict[Part, list[LabelledClip]] = {part: [] for part in PARTS}
    for clip in labelled(clips):
        name = RiseName.parse(clip.id)
        if name is None or clip.view not in VIEWS:
            raise _unknown_view(clip)
        parts[published_part(clip.view, name.day, split)].append(clip)
    return Fold(split, tuple(parts["train"]), tuple(parts["test"]), tuple(parts["validation"]))


def published_splits(clips: Sequence[LabelledClip]) -> tuple[RiseSplit, ...]:
    """The published splits, where all clips are of RISE's views and have its names."""
    known = all(clip.view in VIEWS and RiseName.parse(clip.id) for clip in clips)
    return SPLITS if known else ()


def _unknown_view(clip: LabelledClip) -> DataError:
    return DataError(
        "the published splits do not say where this view belongs",
        where=clip.id,
        got=f"view {clip.view}",
        allowed=f"{VIEWS[0]}..{VIEWS[14]}, {', '.join(OTHER_PLANTS)}",
        hint="leave one view or one plant out instead",
    )


def part_of(record: RiseRecord, split: RiseSplit) -> Part:
    """The part of a published split that a clip of one of :data:`VIEWS` belongs to."""
    return published_part(record.view, record.name.day, split)


def published_part(view: str, day: date, split: RiseSplit) -> Part:
    """The part of a published split that clips of a view and a local day belong to.

    Args:
        view: One of :data:`VIEWS`.
        day: Of the plants' time zone.
        split: Which.
    """
    if split == "S3":
        if day < FIRST_VALIDATION_DAY:
            return "train"
        return "validation" if day < FIRST_TEST_DAY else "test"
    if view in _TEST_VIEWS[split] or view in OTHER_PLANTS:
        return "test"
    return "validation" if view in _VALIDATION_VIEWS[split] else "train"


def divide(
    records: Iterable[RiseRecord], part: Callable[[RiseRecord], Part]
) -> dict[Part, tuple[RiseRecord, ...]]:
    """The records of each part, in their order; nothing is checked."""
    parts: dict[Part, list[RiseRecord]] = {name: [] for name in PARTS}
    for record in records:
        parts[part(record)].append(record)
    return {name: tuple(members) for name, members in parts.items()}


def split_file(split: RiseSplit, part: Part) -> str:
    """Name of a published split file.

    >>> split_file("S4", "validation")
    'metadata_validation_split_3_by_camera.json'
    """
    return f"metadata_{part}_{_SPLIT_FILES[split]}.json"


def read_split_files(folder: Path, split: RiseSplit) -> Fold:
    """A published split as its three files say, in their order.

    Raises:
        DataError: A file is missing, a record is wrong, or the parts share a clip or leak.
    """
    train, validation, test = (
        tuple(map(clip_of, records)) for records in _read_parts(folder, split)
    )
    return Fold(split, train, test, validation)


def _read_parts(folder: Path, split: RiseSplit) -> list[list[RiseRecord]]:
    parts: list[list[RiseRecord]] = []
    seen: dict[object, str] = {}
    for part in PARTS:
        path = folder / split_file(split, part)
        parts.append(read_records(path))
        for record in parts[-1]:
            for key in (record.id, record.file_name):
                if seen.setdefault(key, part) != part:
                    raise DataError(
                        "two parts share a clip",
                        where=path,
                        got=f"{record.file_name} (id {record.id}), also in {seen[key]}",
                        hint="give each clip to one part only",
                    )
    return parts


def read_rise(folder: Path) -> list[RiseRecord]:
    """All records of a RISE folder.

    They come from ``metadata.json`` where there is one; otherwise from the published files of one
    split, which together hold every clip with a label.

    Raises:
        DataError: There are neither, or a record is wrong.
    """
    if not (folder / METADATA_FILE).is_file():
        for split in SPLITS:
            if all((folder / split_file(split, part)).is_file() for part in PARTS):
                return list(chain(*_read_parts(folder, split)))
    return read_records(folder / METADATA_FILE)
