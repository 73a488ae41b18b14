"""Folds as files: the record of who is tested on what, which also serves as a protocol."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stcnet.datasets.collection import Collection, LabelledClip
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.folds.protocols import folds_named, folds_of
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.records import RiseRecord
from stcnet.datasets.rise.splits import SPLITS, split_file
from stcnet.errors import DataError
from stcnet.files import write_whole

FOLDS_FILE, TABLE_FILE = "folds.json", "folds.csv"
COLUMNS = (
    "fold", "part", "id", "label", "label_weight", "weight", "plant", "view", "start",
)  # fmt: skip
"""Of the table: a line for each clip of each part of each fold."""
_HINT = "choose a folder that you may write to and that has room"


class FoldRecord(BaseModel):
    """One fold by the ids of its clips.

    Attributes:
        name: Of the fold.
        train, validation, test: Ids of the clips of each part.
        left_out: Number of labelled clips in no part, see :class:`stcnet.datasets.Fold`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")
    train: tuple[str, ...]
    validation: tuple[str, ...] = ()
    test: tuple[str, ...]
    left_out: int = Field(default=0, ge=0)


class FoldsRecord(BaseModel):
    """All folds of a protocol.

    Attributes:
        data: What they divide, in words.
        protocol: Its name.
        folds: In their order; at least one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    protocol: str
    folds: tuple[FoldRecord, ...] = Field(min_length=1)

    @field_validator("folds")
    @classmethod
    def _check_names(cls, folds: tuple[FoldRecord, ...]) -> tuple[FoldRecord, ...]:
        names = [fold.name.lower() for fold in folds]
        if len(set(names)) < len(names):
            raise ValueError("two folds have the same name")
        return folds


def folds_as_files(collection: Collection, protocol: str, folds: Sequence[Fold]) -> dict[str, str]:
    """The folds of a protocol as the content of files, by their names.

    ``folds.json`` names the clips of each part, ``folds.csv`` says the same in lines with what is
    known of each clip. Of RISE, each part is also a file in the layout of the published splits.

    Args:
        collection: What is divided.
        protocol: Its name.
        folds: Of the protocol.
    """
    files = {
        FOLDS_FILE: _as_json(collection, protocol, folds),
        TABLE_FILE: _as_table(folds),
    }
    if isinstance(collection, RiseCollection):
        files |= _split_files(collection, folds)
    return files


def write_folds(folder: Path, files: Mapping[str, str]) -> None:
    """Write what :func:`folds_as_files` gives into an existing folder.

    Raises:
        OutputError: A file cannot be written.
    """
    for name, text in files.items():
        write_whole(folder / name, text.encode(), what="the folds", hint=_HINT)


def _as_json(collection: Collection, protocol: str, folds: Sequence[Fold]) -> str:
    records = tuple(
        FoldRecord(
            name=fold.name,
            left_out=fold.left_out,
            **{part: tuple(clip.id for clip in clips) for part, clips in fold.parts.items()},
        )
        for fold in folds
    )
    record = FoldsRecord(data=collection.title, protocol=protocol, folds=records)
    return record.model_dump_json(indent=1) + "\n"


def _as_table(folds: Iterable[Fold]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for fold in folds:
        for part, clips in fold.parts.items():
            writer.writerows((fold.name, part, *_told(clip)) for clip in clips)
    return text.getvalue()


def _told(clip: LabelledClip) -> tuple[object, ...]:
    weights = f"{clip.label_weight:g}", f"{clip.weight:g}"
    start = clip.start.isoformat() if clip.start is not None else ""
    return clip.id, clip.label, *weights, clip.plant, clip.view, start


def _split_files(collection: RiseCollection, folds: Iterable[Fold]) -> dict[str, str]:
    """A file for each part of each fold that has clips, as RISE publishes its splits."""
    records = {record.file_name: record for record in collection.records}
    return {
        _split_name(fold.name, part): json.dumps(
            [_split_record(records[clip.id]) for clip in clips], indent=1
        )
        for fold in folds
        for part, clips in fold.parts.items()
        if clips
    }


def _split_name(fold: str, part: str) -> str:
    if fold in SPLITS:
        return split_file(fold, part)  # type: ignore[arg-type]  # parts of folds are its parts
    return f"metadata_{part}_split_{fold}.json"


def _split_record(record: RiseRecord) -> dict[str, object]:
    judgement = record.judgement
    assert judgement is not None
    kept = record.model_dump(mode="json", exclude={"url_root", "url_part"})
    return kept | {"label": judgement.label, "weight": judgement.weight}


def chosen_folds(collection: Collection, protocol: str) -> list[Fold]:
    """The folds of a protocol by its name, or those of a file ``folds.json``.

    Args:
        collection: The data.
        protocol: See :func:`~stcnet.datasets.folds.protocols.folds_of`; or a path, ending in .json.

    Raises:
        ConfigError: There is no such protocol for these clips.
        DataError: No clip is left to train or to test on, the clips leak, or the file is wrong.
    """
    if protocol.endswith(".json"):
        return read_folds(Path(protocol), collection)
    return folds_of(collection, protocol)


def read_folds(path: Path, collection: Collection) -> list[Fold]:
    """The folds that ``folds.json`` names, of a collection that holds their clips.

    It may be another one than they were made of, such as a store of it.

    Args:
        path: The file.
        collection: Clips that it does not name stand in no part.

    Raises:
        DataError: The file cannot be read, names a clip that the collection does not hold, or a
            fold leaks, or is not what its name says of this collection.
    """
    known = {clip.id: clip for clip in collection.clips}
    record = _read(path)

    def clips(ids: Sequence[str]) -> tuple[LabelledClip, ...]:
        if strange := [name for name in ids if name not in known]:
            raise DataError(
                "the data do not hold a clip of the folds",
                where=path,
                got=strange[0],
                hint=f"name the data that they divide: {record.data}",
            )
        return tuple(known[name] for name in ids)

    folds = [
        Fold(fold.name, clips(fold.train), clips(fold.test), clips(fold.validation), fold.left_out)
        for fold in record.folds
    ]
    _require_named(path, folds, collection)
    return folds


def _require_named(path: Path, folds: Sequence[Fold], collection: Collection) -> None:
    """Refuse a fold that bears the name of another: its scores would be taken for that one's.

    Its training may hold less, such as what a table of near-duplicates forbids.
    """
    known = folds_named(collection, [fold.name for fold in folds])
    for fold in folds:
        if fold.name not in known:
            continue
        ours, named = (
            {part: set(clips) for part, clips in each.parts.items()}
            for each in (fold, known[fold.name])
        )
        strange = ours["test"] ^ named["test"] or (
            (ours["train"] - named["train"]) | (ours["validation"] - named["validation"])
        )
        if strange:
            raise DataError(
                "the fold is not the one of this name",
                where=f"{path}, {fold.name}",
                got=f"another place for {min(clip.id for clip in strange)}",
                hint="give it a name of its own, or divide these data with stcnet data split",
            )


def _read(path: Path) -> FoldsRecord:
    try:
        return FoldsRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError("the folds cannot be read", where=path, got=error.strerror) from None
    except ValidationError as error:
        first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    raise DataError(
        f"{place} is wrong: {first['msg']}" if place else first["msg"],
        where=path,
        hint="make the file with stcnet data split",
    )
