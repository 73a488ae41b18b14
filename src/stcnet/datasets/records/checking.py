"""What is wrong with the records of a data set, by cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stcnet.datasets.opening import open_collection
from stcnet.datasets.records.files import RecordError
from stcnet.datasets.records.metadata import read_metadata
from stcnet.datasets.rise.splits import PARTS, SPLITS, read_split_files, split_file
from stcnet.errors import DataError, StcnetError

RECORD_FILES = ("metadata.json", "cells.json", "clips.json")
"""Names under which data sets keep their records, besides RISE's split files."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What was found in one file.

    Attributes:
        path: The file.
        form: What records they are; None where they are not understood.
        records: Number of records in it, wrong ones too.
        faults: All that is wrong, in the order of the records.
    """

    path: Path
    form: str | None
    records: int
    faults: tuple[StcnetError, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Mistakes of one kind.

    Attributes:
        text: What they have in common.
        count: How many there are.
        examples: The lines of the first few.
    """

    text: str
    count: int
    examples: tuple[str, ...]


def check_records(path: Path) -> list[FileCheck]:
    """Read every record of a file, or of all files of records in a folder.

    In a folder, the parts of each published split of RISE are also held against each other. Where
    it holds no file of records, but a store, its own records are read.

    Raises:
        DataError: There is no such file, or the folder holds no data that is understood.
    """
    if not path.is_dir():
        return [_check_file(path)]
    files = [path / name for name in RECORD_FILES if (path / name).is_file()]
    files += sorted(path.glob("metadata_*_split_*.json"))
    if not files:
        found = open_collection(path)
        return [FileCheck(path, found.title, len(found.clips), ())]
    checks = [_check_file(file) for file in files]
    return checks if any(check.faults for check in checks) else [*checks, *_check_splits(path)]


def _check_file(path: Path) -> FileCheck:
    faults: list[StcnetError] = []
    try:
        found = read_metadata(path, on_bad=faults.append)
    except DataError as error:
        if not path.is_file():
            raise
        return FileCheck(path, None, 0, (error,))
    return FileCheck(path, found.form.name, found.count, tuple(faults))


def _check_splits(folder: Path) -> list[FileCheck]:
    """The splits whose parts leak into each other, where all three are there."""
    checks = []
    for split in SPLITS:
        files = [folder / split_file(split, part) for part in PARTS]
        if not all(file.is_file() for file in files):
            continue
        try:
            read_split_files(folder, split)
        except DataError as error:
            checks.append(FileCheck(folder, f"RISE, {split}", 0, (error,)))
    return checks


def by_cause(faults: Iterable[StcnetError], *, examples: int = EXAMPLES) -> list[Cause]:
    """The mistakes by what they have in common, the most frequent first."""
    found: dict[str, list[StcnetError]] = {}
    for fault in faults:
        text = fault.cause if isinstance(fault, RecordError) else fault.what
        found.setdefault(text, []).append(fault)
    causes = [_cause(text, members, examples) for text, members in found.items()]
    return sorted(causes, key=lambda cause: -cause.count)


def _cause(text: str, faults: Sequence[StcnetError], examples: int) -> Cause:
    return Cause(text, len(faults), tuple(str(fault) for fault in faults[:examples]))
