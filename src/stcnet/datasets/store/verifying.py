"""Whether a store still is what was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.store.codecs import decode
from stcnet.datasets.store.records import SHARD_FOLDER, ShardRecord, StoreRecord, read_store
from stcnet.datasets.store.shards import Shard
from stcnet.errors import DataError


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What came of looking at a store.

    Attributes:
        record: What it should hold.
        faults: What is wrong, one line a file; none where all is well.
        extra: Files among the shards that the store does not name.
    """

    record: StoreRecord
    faults: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all that it should hold is there; files beyond that do no harm."""
        return not self.faults


def verify(
    folder: Path,
    *,
    workers: int | None = None,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> StoreCheck:
    """Hash every shard and decode every frame.

    Args:
        folder: Of the store.
        workers: Threads; None: as many as there are processors.
        listener: Told how many shards are looked at, and of how many.

    Raises:
        DataError: ``store.json`` is missing or wrong.
    """
    record = read_store(folder)
    faults: list[str] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        looked_at = pool.map(partial(_fault_of, folder, record), record.shards)
        for done, fault in enumerate(looked_at, start=1):
            faults += [fault] if fault is not None else []
            listener(done, len(record.shards))
    return StoreCheck(record, tuple(faults), _extra(folder, record))


def _fault_of(folder: Path, record: StoreRecord, shard: ShardRecord) -> str | None:
    """What is wrong with a shard, None where nothing is."""
    try:
        mapped = Shard(folder, shard, record.frames)
        _require_hash(mapped.path, shard)
        for position in range(len(shard.clips) * record.frames):
            decode(mapped.frame(position), record.size)
    except DataError as error:
        return str(error)
    return None


def _require_hash(path: Path, shard: ShardRecord) -> None:
    found = sha256_of(path)
    if found != shard.sha256:
        raise DataError(
            "the content of the shard has changed",
            where=path,
            got=f"SHA-256 {found[:16]}...",
            allowed=f"{shard.sha256[:16]}...",
            hint="run stcnet data store again: it makes what is missing or changed",
        )


def _extra(folder: Path, record: StoreRecord) -> tuple[str, ...]:
    named = {shard.file for shard in record.shards}
    names = {path.name for path in (folder / SHARD_FOLDER).glob("*")}  # none where it is gone
    return tuple(sorted(names - named))
