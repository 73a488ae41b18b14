"""Clips of a store as training draws its batches from them, decoded when they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.datasets.store.frames import StoredFrames

CLIPS_AT_A_TIME = 64
"""On their way to a device."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoredClips(ClipSet):
    """Clips whose frames stay in their store until they are asked for.

    :attr:`frames` has their shape and type and no pixels: it is a tensor on PyTorch's device
    ``meta``, which refuses to be read. Pixels come from :meth:`gather`, or all from :meth:`to`.

    Attributes:
        source: Decodes the frames.
    """

    source: StoredFrames

    def gather(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """As :meth:`ClipSet.gather`, on the CPU.

        Raises:
            DataError: A frame is damaged.
        """
        rows = clips[:, np.newaxis] * self.source.length + frames
        return self.source.read(rows.ravel()).reshape(*frames.shape, *self.source.shape[2:])

    def to(self, device: torch.device) -> ClipSet:
        """The same clips, decoded, in the memory of a device.

        Raises:
            DataError: A frame is damaged.
        """
        frames = torch.empty(self.source.shape, dtype=torch.uint8, device=device)
        for start in range(0, len(self), CLIPS_AT_A_TIME):
            part = frames[start : start + CLIPS_AT_A_TIME].flatten(0, 1)
            first = start * self.source.length
            part.copy_(self.source.read(np.arange(first, first + len(part))))
        return ClipSet(
            frames,
            self.labels.to(device),
            self.weights,
            self.ids,
            self.label_weights,
            self.views,
        )

    def in_memory(self) -> ClipSet:
        """The same clips, decoded, in the memory of the host.

        Raises:
            DataError: A frame is damaged.
        """
        return self.to(torch.device("cpu"))

    def select(self, positions: Sequence[int]) -> StoredClips:
        """The clips at ``positions``, in that order; still in their store."""
        index = np.array(positions, dtype=np.int64)
        source = self.source.select(positions)
        return StoredClips(
            outline(source),
            self.labels[torch.from_numpy(index).to(self.labels.device)],
            self.weights[index],
            tuple(self.ids[position] for position in positions),
            self.label_weights[index],
            tuple(self.views[position] for position in positions) if self.views else (),
            source=source,
        )


def outline(source: StoredFrames) -> Tensor:
    """Shape and type of all frames, without pixels."""
    return torch.empty(source.shape, dtype=torch.uint8, device="meta")
