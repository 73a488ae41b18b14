"""A store as a collection of labelled clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.store.divisions import folds_again
from stcnet.datasets.store.records import ShardRecord, StoreRecord, read_store
from stcnet.datasets.store.shards import Shard
from stcnet.errors import ConfigError, DataError

if TYPE_CHECKING:
    from stcnet.datasets.store.clips import StoredClips
    from stcnet.datasets.store.frames import Place


@dataclass(frozen=True)
class Store:
    """A store that is complete.

    Attributes:
        folder: Of the store.
        record: What it holds.
    """

    folder: Path
    record: StoreRecord
    _open: dict[str, Shard] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Read the record; no frame is looked at.

        Raises:
            DataError: It is missing or wrong.
        """
        return cls(folder, read_store(folder))

    @property
    def title(self) -> str:
        """Of the collection that the store was made of."""
        return self.record.title

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """All clips; each has a label."""
        return tuple(clip.labelled() for clip in self.record.clips)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names of the protocols that only the stored collection had."""
        return tuple(self.record.protocols)

    def folds(self, protocol: str) -> list[Fold]:
        """The folds of one of :attr:`protocols`.

        Raises:
            DataError: No clip is left to train or to test on.
        """
        return folds_again(self.clips, self.record.protocols[protocol])

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """The side at which the clips were recorded, as far as it is known."""
        return {self.record.size} if self.record.native else set()

    def load(
        self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse
    ) -> StoredClips:
        """The clips, to be decoded when they are drawn.

        Args:
            clips: Clips of this store.
            size: Side in pixels to which each frame is scaled.
            on_bad: Called for each shard that is missing or has another length, whose clips are
                then left out; by default it ends the reading.

        Raises:
            ConfigError: The store holds clips of another size that must not be scaled again.
            DataError: No clip is left; or from ``on_bad``.
        """
        import torch

        from stcnet.datasets.store.clips import StoredClips, outline
        from stcnet.datasets.store.frames import StoredFrames

        self._require_size(size)
        places = self._places(clips, on_bad)
        good = [clip for clip in clips if clip.id in places]
        if not good:
            raise DataError("no clip is left", where=self.folder)
        record = self.record
        source = StoredFrames([places[clip.id] for clip in good], record.frames, record.size, size)
        return StoredClips(
            outline(source),
            torch.tensor([clip.label for clip in good], dtype=torch.int64),
            np.array([clip.weight for clip in good]),
            tuple(clip.id for clip in good),
            np.array([clip.label_weight for clip in good]),
            tuple(clip.view for clip in good),
            source=source,
        )

    def _require_size(self, size: int) -> None:
        if size != self.record.size and not self.record.native:
            raise ConfigError(
                "the frames of the store were scaled once and are not scaled again",
                where=self.folder,
                got=f"{size} px asked for",
                allowed=self.record.size,
                hint="make a store with --size native, or of this size",
            )

    def _places(self, clips: Sequence[LabelledClip], on_bad: OnBad) -> dict[str, Place]:
        """Where each clip is; only shards that hold one of them are opened."""
        wanted = {clip.id for clip in clips}
        places: dict[str, Place] = {}
        for shard in self.record.shards:
            if wanted.isdisjoint(clip.id for clip in shard.clips):
                continue
            try:
                mapped = self._mapped(shard)
            except DataError as error:
                on_bad(error)
                continue
            places |= {clip.id: (mapped, number) for number, clip in enumerate(shard.clips)}
        return places

    def _mapped(self, shard: ShardRecord) -> Shard:
        """A shard; each is opened once, as an open file is held for it."""
        if shard.file not in self._open:
            self._open[shard.file] = Shard(self.folder, shard, self.record.frames)
        return self._open[shard.file]
