"""Making a store: every clip is decoded once, many at a time, and a killed builder goes on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.collection import Collection, LabelledClip, labelled
from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.disk.locks import is_free
from stcnet.datasets.store.codecs import Codec, encode
from stcnet.datasets.store.divisions import held_out_by
from stcnet.datasets.store.native import native_size
from stcnet.datasets.store.records import (
    SHARD_FOLDER,
    STORE_FILE,
    LeftOut,
    ShardRecord,
    StoredClip,
    StoreRecord,
    read_record,
    write_record,
)
from stcnet.datasets.store.shards import write_shard
from stcnet.errors import DataError, OutputError, SourceError, StcnetError, ZoneError

if TYPE_CHECKING:
    from stcnet.datasets.clips import ClipSet

SHARD_CLIPS = 64
"""Clips of a shard, at most: as many as a mosaic of the shared cells holds, so that each is decoded
once."""
SHARD_PIXELS = SHARD_CLIPS * CLIP_FRAMES * 224**2
"""Of a shard, at most, in all frames: a worker holds them decoded, 0.35 GB."""
PARTS_FOLDER = "building"
"""Records of the shards that are done, while a store is made."""
LOCK_FILE = ".lock"
OWN_NAMES = {STORE_FILE, f".{STORE_FILE}.partial", SHARD_FOLDER, PARTS_FOLDER, LOCK_FILE}
_OWN_FILE = re.compile(r"[0-9a-f]{16}\.(frames|json)|\.[0-9a-f]{16}\.(frames|json)\.partial")
UNUSABLE = (DataError, SourceError, ZoneError)
"""What is wrong with clips, rather than with the command."""


class BuildListener:
    """Told of what a builder does; this one keeps it to itself."""

    def on_clips(self, done: int, total: int) -> None:
        """After each shard: clips done and clips of the whole store."""

    def on_left_out(self, clip: LeftOut) -> None:
        """A clip cannot be decoded; the rest goes on."""


SILENT = BuildListener()


def build_store(
    collection: Collection,
    folder: Path,
    *,
    size: int | None = None,
    codec: Codec = "webp",
    workers: int | None = None,
    listener: BuildListener = SILENT,
) -> StoreRecord:
    """Make a store of the labelled clips of a collection, or go on with one.

    What earlier runs have done is kept, whenever they ended. Clips that they left out are tried
    again, clips that are new are added, labels and weights are those of the collection now.
    Nothing looks whether a video that is in the store has changed since.

    Args:
        collection: What from.
        folder: Where the store goes.
        size: Side in pixels of the stored frames; None: as they were recorded.
        codec: How they are compressed.
        workers: Threads; None: as many as there are processors.
        listener: Told of shards that are done and of clips that cannot be used.

    Returns:
        The record of the store, with what was left out and why.

    Raises:
        ConfigError: No size is given, and the videos are of several.
        DataError: No clip has a label, or none can be decoded.
        OutputError: The folder cannot be written, is in use by another builder, or holds a store
            of another size or codec.
    """
    clips = labelled(collection.clips)
    if not clips:
        raise DataError("no clip has a label", where=collection.title)
    with _locked(folder):
        side = native_size(collection, clips) if size is None else size
        builder = _Builder(collection, folder, side, size is None, codec)
        done = builder.usable(_earlier(folder), {clip.id for clip in clips})
        made = builder.run(clips, done, workers or os.cpu_count() or 1, listener)
        return builder.finish(made, clips)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other builders out of ``folder``; the lock of a process that is killed is gone."""
    with _reported(folder, "made"):
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_others(folder)
        handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _refuse_others(folder: Path) -> None:
    """Refuse a folder that is used for something else, such as the data themselves."""
    others = sorted({path.name for path in folder.iterdir()} - OWN_NAMES)
    if others:
        raise OutputError(
            "the folder holds more than a store",
            where=folder,
            got=others[0],
            hint="name another folder with --out",
        )


def _lock(handle: int, folder: Path) -> None:
    if not is_free(handle):
        raise OutputError("another process is making this store", where=folder)


def _earlier(folder: Path) -> list[StoreRecord]:
    """What earlier runs recorded: parts of a store that goes on, and one that they finished."""
    parts = sorted((folder / PARTS_FOLDER).glob("*.json"))
    paths = [*(path for path in parts if _OWN_FILE.fullmatch(path.name)), folder / STORE_FILE]
    return [read_record(path) for path in paths if path.is_file()]


@dataclass(frozen=True, slots=True)
class _Builder:
    """What the shards of one store have in common."""

    collection: Collection
    folder: Path
    size: int
    native: bool
    codec: Codec

    def usable(self, earlier: Sequence[StoreRecord], wanted: set[str]) -> list[StoreRecord]:
        """The shards that are there, whole, and of wanted clips only; none holds a clip twice.

        Raises:
            OutputError: They are of another size or codec.
        """
        found: list[StoreRecord] = []
        for record in earlier:
            self._require_like(record)
            for shard in record.shards:
                ids = {clip.id for clip in shard.clips}
                if ids <= wanted and _is_whole(self.folder, shard):
                    found.append(self._record([shard], record.frames))
                    wanted = wanted - ids
        return found

    def _require_like(self, earlier: StoreRecord) -> None:
        ours = (self.size, self.native, self.codec)
        theirs = (earlier.size, earlier.native, earlier.codec)
        if ours != theirs:
            raise OutputError(
                "the folder holds another store",
                where=self.folder,
                got=_words(*theirs),
                allowed=_words(*ours),
                hint="name another folder with --out, or remove it",
            )

    def run(
        self,
        clips: Sequence[LabelledClip],
        done: Sequence[StoreRecord],
        workers: int,
        listener: BuildListener,
    ) -> _Made:
        """Make the shards of all clips that are not in one yet."""
        there = {clip.id for record in done for clip in record.clips}
        missing = [clip for clip in clips if clip.id not in there]
        made = _Made([*done], [])
        ready = len(there)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="store")
        try:
            begun = {pool.submit(self._make, part): len(part) for part in self._parts(missing)}
            for future in as_completed(begun):
                made.add(future.result(), listener)
                ready += begun[future]
                listener.on_clips(ready, len(clips))
        finally:
            pool.shutdown(cancel_futures=True)
        return made

    def _parts(self, clips: Sequence[LabelledClip]) -> list[Sequence[LabelledClip]]:
        """Clips of a shard each; of large frames a shard holds fewer."""
        most = max(1, min(SHARD_CLIPS, SHARD_PIXELS // (CLIP_FRAMES * self.size**2)))
        return [clips[start : start + most] for start in range(0, len(clips), most)]

    def _make(self, clips: Sequence[LabelledClip]) -> tuple[StoreRecord | None, list[LeftOut]]:
        """Decode and write one shard, and note that it is done; gives also what is not in it."""
        loaded = self._load(clips)
        good = set(loaded.ids) if loaded is not None else set()
        left_out = [self._reason(clip) for clip in clips if clip.id not in good]
        if loaded is None:
            return None, left_out
        stored = [StoredClip.of(clip) for clip in clips if clip.id in good]
        shard = write_shard(self.folder, stored, list(_encoded(loaded, self.codec)))
        record = self._record([shard], loaded.frames.shape[1])
        part = self.folder / PARTS_FOLDER / shard.file
        write_record(part.with_suffix(".json"), record)
        return record, left_out

    def _load(self, clips: Sequence[LabelledClip]) -> ClipSet | None:
        """Decode what can be decoded of some clips, None where nothing can."""
        try:
            return self.collection.load(clips, self.size, on_bad=_pass_over)
        except UNUSABLE:
            return None

    def _reason(self, clip: LabelledClip) -> LeftOut:
        """Ask for a clip alone, to hear what is wrong with it and not with its neighbours."""
        try:
            self.collection.load([clip], self.size)
        except UNUSABLE as error:
            return LeftOut(id=clip.id, why=str(error))
        return LeftOut(id=clip.id, why="decodes alone, but not beside others; make the store again")

    def _record(self, shards: Sequence[ShardRecord], frames: int) -> StoreRecord:
        return StoreRecord(
            title=self.collection.title,
            size=self.size,
            native=self.native,
            codec=self.codec,
            frames=frames,
            shards=tuple(shards),
        )

    def finish(self, made: _Made, clips: Sequence[LabelledClip]) -> StoreRecord:
        """Write ``store.json`` with the labels of now, then remove what it does not name."""
        if not made.records:
            raise DataError(
                "no clip can be decoded", where=self.collection.title, got=made.left_out[0].why
            )
        lengths = {record.frames for record in made.records}
        if len(lengths) > 1:
            raise DataError("the clips are of several lengths", got=sorted(lengths))
        places = {clip.id: place for place, clip in enumerate(clips)}
        shards = [_relabelled(s, clips, places) for record in made.records for s in record.shards]
        shards.sort(key=lambda shard: places[shard.clips[0].id])
        left_out = sorted(made.left_out, key=lambda clip: places[clip.id])
        whole = self._record(shards, lengths.pop())
        protocols = held_out_by(self.collection)
        record = whole.model_copy(update={"left_out": tuple(left_out), "protocols": protocols})
        write_record(self.folder / STORE_FILE, record)
        _remove_others(self.folder, {shard.file for shard in shards})
        return record


@dataclass(frozen=True, slots=True)
class _Made:
    """What is done: a record for each shard, and the clips that are in none."""

    records: list[StoreRecord]
    left_out: list[LeftOut]

    def add(self, part: tuple[StoreRecord | None, list[LeftOut]], listener: BuildListener) -> None:
        """Take up what came of one part."""
        record, left_out = part
        self.records.extend([record] if record is not None else [])
        self.left_out.extend(left_out)
        for clip in left_out:
            listener.on_left_out(clip)


def _encoded(clips: ClipSet, codec: Codec) -> Iterator[bytes]:
    """Every frame, compressed; one clip at a time is laid out anew."""
    frames = np.arange(clips.frames.shape[1])[np.newaxis]
    for position in range(len(clips)):
        pixels = clips.gather(np.array([position]), frames)[0]
        for picture in np.ascontiguousarray(np.moveaxis(pixels.numpy(), 1, -1)):
            yield encode(picture, codec)


def _pass_over(error: StcnetError) -> None:
    """The reason is heard when the clip is asked for alone."""


def _is_whole(folder: Path, shard: ShardRecord) -> bool:
    with suppress(OSError):
        return sha256_of(folder / SHARD_FOLDER / shard.file) == shard.sha256
    return False


def _relabelled(
    shard: ShardRecord, clips: Sequence[LabelledClip], places: dict[str, int]
) -> ShardRecord:
    now = tuple(StoredClip.of(clips[places[clip.id]]) for clip in shard.clips)
    return shard.model_copy(update={"clips": now})


def _remove_others(folder: Path, named: set[str]) -> None:
    """Remove shards of earlier stores, halves that a killed run left, and the notes of this one."""
    with _reported(folder, "tidied"):
        parts = folder / PARTS_FOLDER
        for path in (*(folder / SHARD_FOLDER).iterdir(), *parts.glob("*")):
            if _OWN_FILE.fullmatch(path.name) and path.name not in named:
                path.unlink()
    with suppress(OSError):  # it was never made, or holds what is not of a store
        parts.rmdir()


@contextmanager
def _reported(folder: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"the folder of the store cannot be {done}", where=folder, got=error.strerror
        ) from None


def _words(size: int, native: bool, codec: Codec) -> str:
    return f"{size} px{' (native)' if native else ''}, {codec}"
