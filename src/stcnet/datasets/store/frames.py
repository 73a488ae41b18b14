"""Frames of a store on their way into memory: decoded when they are asked for, by many threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import IndexArray
from stcnet.datasets.store.codecs import decode
from stcnet.datasets.store.shards import HINT, Shard
from stcnet.errors import DataError
from stcnet.preprocess import resize
from stcnet.types import Picture

Place = tuple[Shard, int]
"""A shard, and the position of a clip in it."""
DECODERS = os.cpu_count() or 1


class StoredFrames:
    """The frames of some clips of a store. Decoding leaves Python free, so threads share it.

    Args:
        places: Where each clip is.
        length: Frames of each clip.
        stored_size: Side of the stored frames in pixels.
        size: Side to which they are scaled, as :func:`stcnet.preprocess.resize` does.
        threads: That decode a batch together.
        pool: Where they come from; None: of its own.
    """

    def __init__(
        self,
        places: Sequence[Place],
        length: int,
        stored_size: int,
        size: int,
        threads: int = DECODERS,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self.places, self.length = tuple(places), length
        self.stored_size, self.size, self.threads = stored_size, size, threads
        self._pool = pool or ThreadPoolExecutor(threads, thread_name_prefix="decode")

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Of all frames, (N, L, 3, S, S)."""
        return len(self.places), self.length, 3, self.size, self.size

    def select(self, positions: Sequence[int]) -> StoredFrames:
        """Those of the clips at ``positions``, in that order."""
        chosen = [self.places[position] for position in positions]
        sizes = self.length, self.stored_size, self.size
        return StoredFrames(chosen, *sizes, self.threads, self._pool)

    def fill(self, rows: IndexArray, out: Tensor) -> None:
        """Decode frames.

        Args:
            rows: Numbers of the frames, counted clip by clip, shape (R,).
            out: Gets them: uint8, shape (R, 3, S, S), contiguous, on the CPU.

        Raises:
            DataError: A frame is damaged; the message names the file.
        """
        pictures = out.numpy()
        edges = np.linspace(0, len(rows), min(self.threads, len(rows)) + 1).astype(int)
        parts = [slice(start, stop) for start, stop in pairwise(edges)]
        tasks = [partial(self._fill_part, rows[part], pictures[part]) for part in parts]
        for future in [self._pool.submit(task) for task in tasks]:
            future.result()

    def read(self, rows: IndexArray) -> Tensor:
        """As :meth:`fill`, into new memory: uint8, shape (R, 3, S, S)."""
        out = torch.empty((len(rows), *self.shape[2:]), dtype=torch.uint8)
        self.fill(rows, out)
        return out

    def _fill_part(self, rows: IndexArray, pictures: Picture) -> None:
        for row, planes in zip(rows.tolist(), pictures, strict=True):
            clip, frame = divmod(row, self.length)
            self._fill_one(clip, frame, planes)

    def _fill_one(self, clip: int, frame: int, planes: Picture) -> None:
        """Decode one frame into planes of shape (3, S, S), red first."""
        shard, position = self.places[clip]
        try:
            picture = decode(shard.frame(position * self.length + frame), self.stored_size)
        except DataError as error:
            raise DataError(
                f"frame {frame} of clip {position} of the shard is damaged: {error.what}",
                where=shard.path,
                hint=HINT,
            ) from None
        blue_first = resize(picture, self.size)
        cv2.split(blue_first, [planes[2], planes[1], planes[0]])
