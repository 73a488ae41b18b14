"""A shard: the frames of some clips in one file, behind an index of their lengths.

Layout, all numbers little-endian: 8 bytes ``STCFRAME``; two uint32, the number of clips N and of
frames a clip L; N x L uint32, the bytes of each frame; the frames, clip by clip.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stcnet.datasets.store.records import AGAIN, SHARD_FOLDER, ShardRecord, StoredClip
from stcnet.errors import DataError
from stcnet.files import write_whole
from stcnet.types import Picture

SHARD_SUFFIX = ".frames"
_MAGIC = b"STCFRAME"
_HEAD = len(_MAGIC) + 2 * 4
HINT = "run stcnet data store again: it makes what is missing or changed"


def write_shard(folder: Path, clips: Sequence[StoredClip], frames: Sequence[bytes]) -> ShardRecord:
    """Write the frames of some clips, whole or not at all.

    Args:
        folder: Of the store.
        clips: What they are; at least one.
        frames: Each compressed on its own; as many of each clip, clip by clip.

    Returns:
        The record of the file. Its name is made of its hash, so that a shard never changes.

    Raises:
        OutputError: It cannot be written.
    """
    head = _MAGIC + np.array([len(clips), len(frames) // len(clips)], "<u4").tobytes()
    lengths = np.array([len(frame) for frame in frames], "<u4").tobytes()
    content = b"".join([head, lengths, *frames])
    sha256 = hashlib.sha256(content).hexdigest()
    file = f"{sha256[:16]}{SHARD_SUFFIX}"
    path = folder / SHARD_FOLDER / file
    write_whole(path, content, what="the frames", hint=AGAIN, make_folder=True)
    return ShardRecord(file=file, bytes=len(content), sha256=sha256, clips=tuple(clips))


class Shard:
    """A shard mapped into memory.

    Args:
        folder: Of the store.
        record: Of the shard.
        length: Frames of each clip.

    Raises:
        DataError: The file is missing, has another length, or its index does not fit.
    """

    def __init__(self, folder: Path, record: ShardRecord, length: int) -> None:
        self.path = folder / SHARD_FOLDER / record.file
        self._bytes = _mapped(self.path, record)
        count = len(record.clips) * length
        self._edges = self._read_index(count)

    def _read_index(self, count: int) -> NDArray[np.int64]:
        start = _HEAD + 4 * count
        lengths = self._bytes[_HEAD:start]
        if bytes(self._bytes[: len(_MAGIC)]) != _MAGIC or len(lengths) != 4 * count:
            raise DataError("the file is no shard of this store", where=self.path, hint=HINT)
        edges = np.cumsum([start, *np.frombuffer(lengths, "<u4").astype(np.int64)])
        if edges[-1] != len(self._bytes):
            raise DataError("the index of the shard is damaged", where=self.path, hint=HINT)
        return np.asarray(edges, dtype=np.int64)

    def frame(self, position: int) -> Picture:
        """The compressed frame at ``position``, clip by clip: uint8, shape (bytes,); a view."""
        return self._bytes[self._edges[position] : self._edges[position + 1]]


def _mapped(path: Path, record: ShardRecord) -> Picture:
    """The bytes of a file as an array that the system reads when they are looked at."""
    try:
        found = path.stat().st_size
        if found == record.bytes:
            return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except OSError as error:
        raise DataError(
            "a shard of the store cannot be read",
            where=path,
            got=os.strerror(error.errno) if error.errno else error,
            hint="run stcnet data store again: it makes what is missing",
        ) from None
    raise DataError(
        "a shard of the store has another length",
        where=path,
        got=f"{found} bytes",
        allowed=record.bytes,
        hint=HINT,
    )
