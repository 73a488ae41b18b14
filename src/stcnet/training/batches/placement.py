"""Where the clips lie while a run draws its batches from them."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast, get_args

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.datasets.store.clips import StoredClips
from stcnet.errors import TrainingError
from stcnet.training.devices import require_known

ClipsOn = Literal["auto", "device", "host", "store"]
ROOM_FOR_CLIPS = 0.5
"""Share of free memory, of a GPU or of the host, that clips may take; the rest of a run needs the
other half."""
MEMORY_FILE = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")


def place_clips(clips: ClipSet, device: torch.device, where: ClipsOn = "auto") -> ClipSet:
    """Put clips where the batches of a device are drawn from.

    Args:
        clips: In the memory of the host, or of a store.
        device: That trains. For the CPU, clips in memory stay where they are.
        where: ``device``: all on the device; ``host``: in the memory of the host, and each batch is
            copied when it is drawn; ``store``: each batch is decoded when it is drawn; ``auto``: on
            the device if they take at most half of its free memory, else on the host, but for
            clips of a store only if they take at most half of its free memory, else in the store.

    Raises:
        TrainingError: They do not fit on the device, or come from no store.
        DataError: A frame of the store is damaged.
    """
    if isinstance(clips, StoredClips):
        return _place_stored(clips, device, where)
    if where == "store":
        raise TrainingError(
            "the clips do not come from a store",
            where="--clips-on",
            got=where,
            hint="make one with stcnet data store and name it with --data",
        )
    if device.type != "cuda":
        return clips.to(device)
    wanted, free = clips.frames.nbytes, torch.cuda.mem_get_info(device)[0]
    if where == "host" or (where == "auto" and wanted > ROOM_FOR_CLIPS * free):
        return stream_clips(clips, device)
    _require_room(wanted, free)
    return clips.to(device)


def _place_stored(clips: StoredClips, device: torch.device, where: ClipsOn) -> ClipSet:
    """Decode clips of a store into the nearest memory that has room, or leave them there."""
    wanted = clips.frames.nbytes
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0
    if device.type == "cuda" and where == "device":
        _require_room(wanted, free)
    if where == "device" or (where == "auto" and wanted <= ROOM_FOR_CLIPS * free):
        return clips.to(device)
    share = ROOM_FOR_CLIPS / _processes()
    if where == "host" or (where == "auto" and wanted <= share * free_memory()):
        return place_clips(clips.in_memory(), device, "host")
    return _streamed(clips, FrameFeed(clips.source, device), device)


def _processes() -> int:
    """How many processes decode the clips, each for itself; all of them on one machine at worst."""
    distributed = torch.distributed
    known = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if known else 1


def _require_room(wanted: int, free: int) -> None:
    if wanted > free:
        raise TrainingError(
            "the clips do not fit on the GPU",
            where="--clips-on",
            got=f"{wanted / 1e9:.1f} GB of clips, {free / 1e9:.1f} GB free",
            hint="use --clips-on auto",
        )


def free_memory() -> float:
    """Bytes of the host's memory that this process may still take, as Linux tells.

    In a container its limit counts, less what it holds already, files that are cached included.
    Elsewhere the room is not known, and taken for endless.
    """
    known = [math.inf]
    with suppress(OSError, ValueError, KeyError):
        fields = dict(line.split(":") for line in MEMORY_FILE.read_text().splitlines())
        known.append(int(fields["MemAvailable"].removesuffix("kB")) * 1024)
    with suppress(OSError, ValueError):  # the limit may be the word max
        limit, held = ((CONTAINER / f"memory.{name}").read_text() for name in ("max", "current"))
        known.append(int(limit) - int(held))
    return min(known)


def parse_clips_on(name: str) -> ClipsOn:
    """The placement of that name.

    Raises:
        ConfigError: There is none.
    """
    require_known("place for clips", name, get_args(ClipsOn), "--clips-on")
    return cast("ClipsOn", name)


def stream_clips(clips: ClipSet, device: torch.device) -> StreamedClips:
    """The same clips, left in the memory of the host, with batches that come on ``device``."""
    return _streamed(clips, FrameFeed(FramesInMemory(clips.frames), device), device)


def _streamed(clips: ClipSet, feed: FrameFeed, device: torch.device) -> StreamedClips:
    return StreamedClips(
        clips.frames,
        clips.labels.to(device),
        clips.weights,
        clips.ids,
        clips.label_weights,
        clips.views,
        feed=feed,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StreamedClips(ClipSet):
    """Clips too many for a device: frames lie on the host or in a store, labels on the device.

    Attributes:
        feed: Brings the frames of a batch to the device.
    """

    feed: FrameFeed

    def gather(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """As :meth:`ClipSet.gather`, on the device."""
        return self.feed.take(clips, frames)


class FrameSource(Protocol):
    """Frames somewhere on the host."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all frames, (N, L, C, S, S)."""

    def fill(self, rows: IndexArray, out: Tensor) -> None:
        """Put frames, counted clip by clip, shape (R,), into uint8 memory of (R, C, S, S)."""


class FramesInMemory:
    """Decoded frames.

    Args:
        frames: Shape (N, L, C, S, S).
    """

    def __init__(self, frames: Tensor) -> None:
        self._rows = frames.flatten(0, 1)
        self.shape: tuple[int, ...] = tuple(frames.shape)

    def fill(self, rows: IndexArray, out: Tensor) -> None:
        """See :class:`FrameSource`."""
        torch.index_select(self._rows, 0, torch.from_numpy(rows), out=out)


class FrameFeed:
    """Brings frames to a device, one batch ahead where it is told which comes next.

    Rows are collected in page-locked memory, from where a GPU copies by itself while it computes.

    Args:
        source: On the host.
        device: Where they are wanted.
    """

    def __init__(self, source: FrameSource, device: torch.device) -> None:
        self._source = source
        self._device = device
        self._stream = _new_stream(device) if device.type == "cuda" else None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="frame-feed")
        self._next: tuple[IndexArray, Future[Tensor]] | None = None

    def expect(self, clips: IndexArray, frames: IndexArray) -> None:
        """Begin to copy what the next :meth:`take` will ask for."""
        wanted = self._flat(clips, frames)
        self._next = wanted, self._worker.submit(self._copy, wanted)

    def take(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """Frames ``frames`` (shape (B, K)) of clips ``clips`` (shape (B,)).

        Returns:
            Shape (B, K, C, S, S), on the device; already under way if it was expected.
        """
        wanted = self._flat(clips, frames)
        expected, self._next = self._next, None
        if expected is not None and np.array_equal(expected[0], wanted):
            rows = expected[1].result()
        else:
            rows = self._copy(wanted)
        if self._stream is not None:
            current = torch.cuda.current_stream(self._device)
            current.wait_stream(self._stream)
            rows.record_stream(current)
        return rows.reshape(*frames.shape, *rows.shape[1:])

    def _flat(self, clips: IndexArray, frames: IndexArray) -> IndexArray:
        return (clips[:, np.newaxis] * self._source.shape[1] + frames).ravel()

    def _copy(self, wanted: IndexArray) -> Tensor:
        """Collect rows and send them off; the copy may still be under way on the stream."""
        shape = (len(wanted), *self._source.shape[2:])
        pinned = self._stream is not None
        with self._on_stream():  # around all of it: a new thread would begin on the first GPU
            staging = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
            self._source.fill(wanted, staging)
            return staging.to(self._device, non_blocking=True)

    def _on_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


def _new_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
