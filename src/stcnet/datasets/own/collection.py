"""An own data set as a collection of labelled clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.own.footage import read_clip
from stcnet.datasets.own.records import VIDEO_FOLDER, OwnClip, read_clips_file
from stcnet.errors import DataError, SourceError, StcnetError, ZoneError
from stcnet.preprocess import channels_first

_DECODERS = 4


@dataclass(frozen=True)
class OwnCollection:
    """Clips that were imported with ``stcnet data import``.

    Attributes:
        folder: Holds ``clips.json`` and the folder ``videos``.
        records: Of all clips, undecided ones too.
    """

    folder: Path
    records: tuple[OwnClip, ...]

    @classmethod
    def open(cls, folder: Path) -> OwnCollection:
        """Read the records.

        Raises:
            DataError: They are missing, one is wrong, or there is none.
        """
        records = read_clips_file(folder)
        if not records:
            raise DataError("the data set holds no clip", where=folder, hint="import some")
        return cls(folder, tuple(records))

    @property
    def title(self) -> str:
        """What it is."""
        return f"Own clips of {self.folder.resolve().name}"

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """One for each record, in their order; zones of one video are one group at least."""
        uses = Counter(record.sha256 for record in self.records)
        return tuple(_clip_of(record, shared=uses[record.sha256] > 1) for record in self.records)

    @cached_property
    def _by_id(self) -> dict[str, OwnClip]:
        return {record.id: record for record in self.records}

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode the videos of ``clips``, several at a time.

        Raises:
            DataError: A clip has no label, or no video is left; or from ``on_bad``: a video is
                missing, too short or too long, or its zone does not lie in the picture.
            SourceError: From ``on_bad``: a video cannot be decoded.
        """
        labels = torch.tensor([_label_of(clip) for clip in clips], dtype=torch.int64)
        pixels = torch.empty((len(clips), CLIP_FRAMES, 3, size, size), dtype=torch.uint8)
        good = self._fill([self._by_id[clip.id] for clip in clips], pixels, on_bad)
        if not good:
            raise DataError("no video is left", where=self.folder / VIDEO_FOLDER)
        loaded = ClipSet(
            pixels,
            labels,
            np.array([clip.weight for clip in clips]),
            tuple(clip.id for clip in clips),
            np.array([clip.label_weight for clip in clips]),
            tuple(clip.view for clip in clips),
        )
        return loaded if len(good) == len(clips) else loaded.select(good)

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides in pixels at which clips were recorded; of a zone that is no square, the longer."""
        found = set()
        for clip in clips:
            with suppress(ZoneError):  # such a clip cannot be read
                box = self._by_id[clip.id].box
                found.add(max(box.width, box.height))
        return found

    def _fill(self, records: Sequence[OwnClip], pixels: Tensor, on_bad: OnBad) -> list[int]:
        """Decode each record into its entry; gives the positions of those that were good."""
        good = []
        pool = ThreadPoolExecutor(_DECODERS)
        try:
            for position, error in enumerate(pool.map(self._decode, records, pixels)):
                if error is None:
                    good.append(position)
                else:
                    on_bad(error)
        finally:
            pool.shutdown(cancel_futures=True)
        return good

    def _decode(self, record: OwnClip, clip: Tensor) -> StcnetError | None:
        """Decode a clip into a tensor of shape (36, 3, S, S); gives back what is wrong with it."""
        path = self.folder / VIDEO_FOLDER / record.file
        try:
            footage = read_clip(path, record.interval_s, record.area, clip.shape[-1])
        except (DataError, SourceError) as error:
            return error
        clip.copy_(torch.from_numpy(channels_first(footage.frames)))
        return None


def _clip_of(record: OwnClip, *, shared: bool) -> LabelledClip:
    return LabelledClip(
        id=record.id,
        label=record.label,
        view=record.view,
        plant=record.plant,
        start=record.start,
        end=record.end,
        label_weight=record.label_weight,
        group=record.group or (record.sha256 if shared else None),
    )


def _label_of(clip: LabelledClip) -> int:
    if clip.label is None:
        raise DataError(
            "the clip has no label", where=clip.id, hint="leave undecided clips out of training"
        )
    return clip.label
