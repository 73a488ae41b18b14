"""Where the decoded clips lie while a run draws its batches from them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.errors import TrainingError
from stcnet.training.devices import require_known

ClipsOn = Literal["auto", "device", "host"]
ROOM_FOR_CLIPS = 0.5
"""Share of a GPU's free memory that clips may take; the network needs the rest."""


def place_clips(clips: ClipSet, device: torch.device, where: ClipsOn = "auto") -> ClipSet:
    """Put clips where the batches of a device are drawn from.

    Args:
        clips: In the memory of the host.
        device: That trains. For the CPU the clips stay where they are.
        where: ``device``: all on the device; ``host``: they stay, and each batch is copied when it
            is drawn; ``auto``: on the device if they take at most half of its free memory.

    Raises:
        TrainingError: They do not fit on the device.
    """
    if device.type != "cuda":
        return clips.to(device)
    wanted, free = clips.frames.nbytes, torch.cuda.mem_get_info(device)[0]
    if where == "host" or (where == "auto" and wanted > ROOM_FOR_CLIPS * free):
        return stream_clips(clips, device)
    if wanted > free:
        raise TrainingError(
            "the clips do not fit on the GPU",
            where="--clips-on",
            got=f"{wanted / 1e9:.1f} GB of clips, {free / 1e9:.1f} GB free",
            hint="use --clips-on auto",
        )
    return clips.to(device)


def parse_clips_on(name: str) -> ClipsOn:
    """The placement of that name.

    Raises:
        ConfigError: There is none.
    """
    require_known("place for clips", name, get_args(ClipsOn), "--clips-on")
    return cast("ClipsOn", name)


def stream_clips(clips: ClipSet, device: torch.device) -> StreamedClips:
    """The same clips, left in the memory of the host, with batches that come on ``device``."""
    return StreamedClips(
        clips.frames,
        clips.labels.to(device),
        clips.weights,
        clips.ids,
        clips.label_weights,
        clips.views,
        feed=FrameFeed(clips.frames, device),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StreamedClips(ClipSet):
    """Clips too many for a GPU: frames lie in the memory of the host, labels on the device.

    Attributes:
        feed: Brings the frames of a batch to the device.
    """

    feed: FrameFeed

    def gather(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """As :meth:`ClipSet.gather`, on the device."""
        return self.feed.take(clips, frames)


class FrameFeed:
    """Copies frames to a device, one batch ahead where it is told which comes next.

    Rows are collected in page-locked memory, from where a GPU copies by itself while it computes.

    Args:
        frames: In the memory of the host, shape (N, L, C, S, S).
        device: Where they are wanted.
    """

    def __init__(self, frames: Tensor, device: torch.device) -> None:
        self._rows = frames.flatten(0, 1)
        self._length = frames.shape[1]
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
        return (clips[:, np.newaxis] * self._length + frames).ravel()

    def _copy(self, wanted: IndexArray) -> Tensor:
        """Collect rows and send them off; the copy may still be under way on the stream."""
        shape = (len(wanted), *self._rows.shape[1:])
        pinned = self._stream is not None
        with self._on_stream():  # around all of it: a new thread would begin on the first GPU
            staging = torch.empty(shape, dtype=self._rows.dtype, pin_memory=pinned)
            torch.index_select(self._rows, 0, torch.from_numpy(wanted), out=staging)
            return staging.to(self._device, non_blocking=True)

    def _on_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


def _new_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
