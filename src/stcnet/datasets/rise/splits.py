"""Who is tested on what in RISE: the six published splits, and stricter ones.

S0, S1, S2, S4 and S5 divide the views of one plant; each tests on all views of the other plants as
well. S3 divides the days. In the names of the published files S3 is ``split_by_date``, and S4 and
S5 are ``split_3_by_camera`` and ``split_4_by_camera``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from stcnet.datasets.rise.leaks import refuse_leaks
from stcnet.datasets.rise.records import METADATA_FILE, RiseRecord, decided, read_records
from stcnet.errors import ConfigError, DataError

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


@dataclass(frozen=True, slots=True)
class RiseFold:
    """One division of the clips; proven free of leaks.

    Attributes:
        name: ``S0`` and so on, or ``leave-out-0-7`` and the like.
        train, validation, test: The clips of each part, in the order of the records. The
            validation part is empty where a protocol has none.

    Raises:
        DataError: A part is empty, a clip stands in two parts, or two parts hold clips of one
            view at nearly the same time; see :func:`refuse_leaks`.
    """

    name: str
    train: tuple[RiseRecord, ...]
    validation: tuple[RiseRecord, ...]
    test: tuple[RiseRecord, ...]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            if not getattr(self, part):
                raise DataError(f"no clip is left to {part} on", where=self.name)
        refuse_leaks(self.parts)

    @property
    def parts(self) -> dict[str, tuple[RiseRecord, ...]]:
        """The clips by the name of their part."""
        return {part: getattr(self, part) for part in PARTS}


def published_fold(records: Iterable[RiseRecord], split: str) -> RiseFold:
    """One of the six published splits, made anew from the records.

    Undecided clips are left out. From all records of RISE come the clips of the published files.

    Raises:
        ConfigError: There is no such split.
        DataError: A view is none of RISE's, or no clip is left to train or test on.
    """
    if split not in SPLITS:
        raise ConfigError(
            "there is no such split", where="split", got=split, allowed=", ".join(SPLITS)
        )
    kept = decided(records)
    _require_known_views(kept)
    return RiseFold(split, **divide(kept, partial(part_of, split=split)))


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


def _require_known_views(records: Iterable[RiseRecord]) -> None:
    for record in records:
        if record.view not in VIEWS:
            raise DataError(
                "the published splits do not say where this view belongs",
                where=f"record of id {record.id}",
                got=f"view {record.view}",
                allowed=f"{VIEWS[0]}..{VIEWS[14]}, {', '.join(OTHER_PLANTS)}",
                hint="leave one view or one plant out instead",
            )


def split_file(split: RiseSplit, part: Part) -> str:
    """Name of a published split file.

    >>> split_file("S4", "validation")
    'metadata_validation_split_3_by_camera.json'
    """
    return f"metadata_{part}_{_SPLIT_FILES[split]}.json"


def read_split_files(folder: Path, split: RiseSplit) -> RiseFold:
    """A published split as its three files say, in their order.

    Raises:
        DataError: A file is missing, a record is wrong, or the parts leak.
    """
    parts = (tuple(read_records(folder / split_file(split, part))) for part in PARTS)
    return RiseFold(split, *parts)


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
                fold = read_split_files(folder, split)
                return [*fold.train, *fold.validation, *fold.test]
    return read_records(folder / METADATA_FILE)
