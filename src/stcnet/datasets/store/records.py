"""``store.json``: what a store holds, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.store.codecs import Codec
from stcnet.errors import DataError
from stcnet.files import write_whole

STORE_FILE = "store.json"
SHARD_FOLDER = "shards"
SMALLEST_SIDE, LARGEST_SIDE = 8, 4096
"""Of a stored frame, in pixels."""
AGAIN = "free disk space, then run the command again: it goes on"

Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredClip(_Record):
    """A clip of a store; the fields are those of :class:`LabelledClip`, but it has a label."""

    id: str
    label: Literal[0, 1]
    view: str
    plant: str
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    label_weight: Share = 1.0
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    group: str | None = None

    @model_validator(mode="after")
    def _check_times(self) -> StoredClip:
        self.labelled()
        return self

    @classmethod
    def of(cls, clip: LabelledClip) -> StoredClip:
        """The record of a clip with a label."""
        return cls.model_validate(asdict(clip))

    def labelled(self) -> LabelledClip:
        """The clip as a collection gives it.

        Raises:
            ValueError: Its times are swapped, or one is missing.
        """
        times = {"start": _in_utc(self.start), "end": _in_utc(self.end)}
        return LabelledClip(**(self.model_dump() | times))


def _in_utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)


class LeftOut(_Record):
    """A clip that could not be decoded when the store was made.

    Attributes:
        id: Its name.
        why: In one line.
    """

    id: str
    why: str


class ShardRecord(_Record):
    """One file of frames.

    Attributes:
        file: Its name in the folder ``shards``.
        bytes: Its length.
        sha256: Its hash, 64 hexadecimal digits.
        clips: What lies in it, in that order.
    """

    file: str = Field(pattern=r"^[0-9a-f]{16}\.frames$")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    clips: Annotated[tuple[StoredClip, ...], Field(min_length=1)]


class HeldOut(_Record):
    """What one fold tests on.

    Attributes:
        fold: Its name.
        clips: Ids, of clips that are not in the store too.
    """

    fold: str
    clips: tuple[str, ...]


class StoreRecord(_Record):
    """What a store holds.

    Attributes:
        format: Of the files; 1.
        title: Of the collection that it was made of.
        size: Side of the stored frames in pixels.
        native: Whether that is the side at which they were recorded. Only then may they be scaled
            when they are read: scaling twice gives other pixels than scaling once.
        codec: How each frame is compressed.
        frames: Of each clip.
        shards: Where the clips are.
        left_out: Clips that are not in the store, and why.
        protocols: What the folds of protocols hold out that only the stored collection had.
    """

    format: Literal[1] = 1
    title: str
    size: int = Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE)
    native: bool
    codec: Codec
    frames: int = Field(ge=1)
    shards: Annotated[tuple[ShardRecord, ...], Field(min_length=1)]
    left_out: tuple[LeftOut, ...] = ()
    protocols: dict[str, tuple[HeldOut, ...]] = Field(default_factory=dict)

    @property
    def clips(self) -> Iterator[StoredClip]:
        """All of them, shard by shard."""
        for shard in self.shards:
            yield from shard.clips


def read_store(folder: Path) -> StoreRecord:
    """The record of a store.

    Raises:
        DataError: It is missing, wrong, or of another version.
    """
    return read_record(folder / STORE_FILE)


def read_record(path: Path) -> StoreRecord:
    """A file with the form of ``store.json``.

    Raises:
        DataError: It is missing or wrong; the line names the field.
    """
    try:
        record = StoreRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(
            "the record of the store cannot be read",
            where=path,
            got=error.strerror,
            hint="make one with stcnet data store",
        ) from None
    except ValidationError as error:
        raise _refusal(error, path) from None
    _require_unique(record, path)
    return record


def _refusal(error: ValidationError, path: Path) -> DataError:
    """What is wrong first; another format before what else it has changed."""
    faults = error.errors(include_url=False)
    first = next((fault for fault in faults if fault["loc"] == ("format",)), faults[0])
    if first["loc"] == ("format",):
        return DataError(
            "the store is of another format",
            where=path,
            got=first["input"],
            allowed=1,
            hint="read it with the version of stcnet that made it, or make it again elsewhere",
        )
    field = ".".join(map(str, first["loc"])) or "the file"
    hint = "remove the folder and make the store again, or name another folder"
    return DataError(f"{field} is wrong: {first['msg']}", where=path, hint=hint)


def _require_unique(record: StoreRecord, path: Path) -> None:
    seen: set[str] = set()
    for clip in record.clips:
        if clip.id in seen:
            raise DataError("two clips have the same id", where=path, got=clip.id)
        seen.add(clip.id)


def write_record(path: Path, record: StoreRecord) -> None:
    """Write a record, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    content = record.model_dump_json(indent=1).encode() + b"\n"
    write_whole(path, content, what="the record of the store", hint=AGAIN, make_folder=True)
