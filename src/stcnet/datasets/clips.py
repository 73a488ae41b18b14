"""Decoded clips in memory, and deterministic batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stcnet.datasets.cells.records import CLIP_FRAMES, Cell, read_clips
from stcnet.datasets.collection import OnBad, refuse
from stcnet.errors import DataError, SourceError
from stcnet.preprocess import channels_first, phase_indices, random_segment_indices

IndexArray = NDArray[np.int64]
WeightVector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClipSet:
    """Clips of equal length and size with their labels.

    Attributes:
        frames: uint8, shape (N, L, C, S, S): C = 3 for RGB; 2 for optical flow, where 0..255
            stands for -20..20 pixels.
        labels: 1 smoke, 0 none; int64, shape (N,).
        weights: How many clips of the population each stands for; float64, shape (N,).
        ids: Name of each clip.
        label_weights: How sure each label is, 0..1 (``weight`` in the split files of RISE);
            float64, shape (N,). Left out, every label is sure.
        views: Camera view of each clip, as far as it is known; empty where none is.

    Raises:
        ValueError: There are not as many label weights or views as clips.
    """

    frames: Tensor
    labels: Tensor
    weights: WeightVector
    ids: tuple[str, ...]
    label_weights: WeightVector = field(default_factory=lambda: np.ones(1))
    views: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        whole = np.broadcast_to(self.label_weights, (len(self.ids),)).astype(np.float64)
        object.__setattr__(self, "label_weights", whole)
        if len(self.views) not in {0, len(self.ids)}:
            raise ValueError(f"{len(self.views)} views of {len(self.ids)} clips")

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device) -> ClipSet:
        """The same clips with frames and labels on another device."""
        return replace(self, frames=self.frames.to(device), labels=self.labels.to(device))

    def in_memory(self) -> ClipSet:
        """The same clips with their pixels at hand, as these are; clips of a store are decoded."""
        return self

    def select(self, positions: Sequence[int]) -> ClipSet:
        """The clips at ``positions``, in that order."""
        index = torch.as_tensor(list(positions), dtype=torch.int64)
        return ClipSet(
            self.frames[index.to(self.frames.device)],
            self.labels[index.to(self.labels.device)],
            self.weights[index.numpy()],
            tuple(self.ids[position] for position in positions),
            self.label_weights[index.numpy()],
            tuple(self.views[position] for position in positions) if self.views else (),
        )

    def gather(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """Frames ``frames`` (shape (B, K)) of clips ``clips`` (shape (B,)).

        Returns:
            uint8, shape (B, K, C, S, S), on the device of :attr:`frames`.
        """
        device = self.frames.device
        rows = torch.as_tensor(clips, device=device)[:, None]
        return self.frames[rows, torch.as_tensor(frames, device=device)]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinedClips(ClipSet):
    """Two sets of clips as one; the frames of each stay where they lie.

    :attr:`frames` are those of the first set; pixels of both come from :meth:`gather`, on the
    device of its labels: its frames may be streamed from the host.

    Attributes:
        first: Leads; all its positions stay.
        second: Follows.
    """

    first: ClipSet
    second: ClipSet

    def gather(self, clips: IndexArray, frames: IndexArray) -> Tensor:
        """As :meth:`ClipSet.gather`."""
        late = clips >= len(self.first)
        if not late.any():
            return self.first.gather(clips, frames)
        order = np.argsort(np.concatenate([np.flatnonzero(~late), np.flatnonzero(late)]))
        parts = [
            part.gather(clips[rows] - offset, frames[rows]).to(self.labels.device)
            for part, rows, offset in (
                (self.first, ~late, 0),
                (self.second, late, len(self.first)),
            )
            if rows.any()
        ]
        both = torch.cat(parts)
        return both[torch.from_numpy(order).to(both.device)]


def join_clips(first: ClipSet, second: ClipSet) -> JoinedClips:
    """Two sets of clips as one.

    Args:
        first: Leads.
        second: Follows; of the same length and size, on any device.

    Raises:
        ValueError: Their frames differ in number or size.
    """
    if first.frames.shape[1:] != second.frames.shape[1:]:
        raise ValueError(f"{first.frames.shape[1:]} and {second.frames.shape[1:]} cannot be joined")
    views = first.views + second.views if first.views and second.views else ()
    return JoinedClips(
        first.frames,
        torch.cat([first.labels, second.labels.to(first.labels.device)]),
        np.concatenate([first.weights, second.weights]),
        first.ids + second.ids,
        np.concatenate([first.label_weights, second.label_weights]),
        views,
        first=first,
        second=second,
    )


def load_clips(
    folder: Path, cells: Sequence[Cell], size: int, *, on_bad: OnBad = refuse
) -> ClipSet:
    """Decode ``cells`` into memory (about 5.4 MB a clip at 224 pixels).

    Args:
        folder: Where the mosaics lie.
        cells: The clips wanted, in any order.
        size: Side in pixels to which each frame is scaled.
        on_bad: Called for each mosaic that cannot be used, whose clips are then left out; by
            default it ends the reading.

    Raises:
        DataError: No clip is left; or from ``on_bad``: a mosaic is missing, of another size, or
            too short.
        SourceError: From ``on_bad``: a mosaic cannot be decoded.
    """
    frames = torch.empty((len(cells), CLIP_FRAMES, 3, size, size), dtype=torch.uint8)
    good: list[int] = []
    for file in sorted({cell.file for cell in cells}):
        positions = [position for position, cell in enumerate(cells) if cell.file == file]
        try:
            for turn, clip in read_clips(folder, [cells[p] for p in positions], size):
                frames[positions[turn]] = torch.from_numpy(channels_first(clip))
        except (DataError, SourceError) as error:
            on_bad(error)
        else:
            good += positions
    if not good:
        raise DataError("no clip is left", where=folder)
    clips = ClipSet(
        frames,
        torch.tensor([cell.label for cell in cells], dtype=torch.int64),
        np.array([cell.population_weight for cell in cells]),
        tuple(cell.id for cell in cells),
        views=tuple(cell.view for cell in cells),
    )
    return clips if len(good) == len(cells) else clips.select(sorted(good))


def draw_order(weights: WeightVector, exponent: float, rng: np.random.Generator) -> IndexArray:
    """The order of one epoch.

    Args:
        weights: Population weights of the clips, shape (N,).
        exponent: 0: every clip once, shuffled. Above 0: N draws with replacement, each clip with
            probability proportional to ``weight ** exponent``; at 1 the training set looks like
            the population that the clips were sampled from.
        rng: Source of randomness.

    Returns:
        Positions of clips, shape (N,).
    """
    count = len(weights)
    if exponent == 0:
        return rng.permutation(count)
    chances = weights**exponent
    return rng.choice(count, size=count, p=chances / chances.sum())


def draw_frames(clips: int, length: int, segments: int, rng: np.random.Generator) -> IndexArray:
    """Random frames of each segment for a batch of clips, shape (clips, segments)."""
    return np.stack([random_segment_indices(length, segments, rng) for _ in range(clips)])


def fixed_frames(clips: int, length: int, segments: int, phases: int, phase: int) -> IndexArray:
    """The test sampling of one phase for a batch of clips, shape (clips, segments)."""
    return np.tile(phase_indices(length, segments, phases)[phase], (clips, 1))
