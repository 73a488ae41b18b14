"""An IJmond folder as a collection of labelled clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.ijmond.records import PLANT, IjmondRecord, read_ijmond
from stcnet.datasets.rise.records import METADATA_FILE, VIDEO_FOLDER
from stcnet.datasets.videos.decoding import decode_videos
from stcnet.datasets.videos.sizes import sides_of
from stcnet.errors import DataError

ATTRIBUTION = "IJmond-video-dataset-2024-01-22 by MultiX-Amsterdam, CC BY 4.0"
"""To be shown wherever its pictures are."""
SPAN = timedelta(seconds=175)
"""From first frame to last, as in RISE: the metadata tells the start alone."""


def clip_of(record: IjmondRecord) -> LabelledClip:
    """What a record says of its clip; the id is the file name."""
    judgement = record.judgement
    start = datetime.fromtimestamp(record.start_time, UTC)
    return LabelledClip(
        id=record.file_name,
        label=judgement.label if judgement else None,
        view=record.view,
        plant=PLANT,
        start=start,
        end=start + SPAN,
        label_weight=judgement.weight if judgement else 1.0,
    )


def video_path(folder: Path, record: IjmondRecord) -> Path:
    """Where the video of a clip lies: ``videos/<file_name>.mp4``.

    A file name has the form of :class:`stcnet.datasets.ijmond.IjmondName`, so it leads nowhere
    else.
    """
    return folder / VIDEO_FOLDER / f"{record.file_name}.mp4"


@dataclass(frozen=True)
class IjmondCollection:
    """IJmond in a folder with ``metadata.json`` and the folder ``videos``.

    Attributes:
        folder: Holds the folder ``videos``.
        records: Of all clips, undecided ones too.
    """

    folder: Path
    records: tuple[IjmondRecord, ...]

    @classmethod
    def open(cls, folder: Path) -> IjmondCollection:
        """Read the records of ``metadata.json``.

        Raises:
            DataError: They are missing, or one is wrong.
        """
        return cls(folder, tuple(read_ijmond(folder / METADATA_FILE)))

    @property
    def title(self) -> str:
        """What it is, and whose."""
        return f"IJmond ({ATTRIBUTION})"

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """One for each record, in their order."""
        return tuple(map(clip_of, self.records))

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides in pixels at which clips were recorded, of the videos that can be opened."""
        return sides_of(video_path(self.folder, self._by_id[clip.id]) for clip in clips)

    @cached_property
    def _by_id(self) -> dict[str, IjmondRecord]:
        return {record.file_name: record for record in self.records}

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode the videos of ``clips``, see :mod:`stcnet.datasets.videos.decoding`.

        Raises:
            DataError: A clip has no label, or no video is left; or from ``on_bad``: a video is
                missing, not square, or too short.
            SourceError: From ``on_bad``: a video cannot be decoded.
        """
        labels = [_label_of(clip) for clip in clips]
        paths = [video_path(self.folder, self._by_id[clip.id]) for clip in clips]
        pixels, good = decode_videos(paths, size, on_bad=on_bad)
        decoded = ClipSet(
            pixels,
            torch.tensor(labels, dtype=torch.int64),
            np.array([clip.weight for clip in clips]),
            tuple(clip.id for clip in clips),
            np.array([clip.label_weight for clip in clips]),
            tuple(clip.view for clip in clips),
        )
        return decoded if len(good) == len(clips) else decoded.select(good)


def _label_of(clip: LabelledClip) -> int:
    if clip.label is None:
        raise DataError(
            "the clip has no label, its votes decide nothing",
            where=clip.id,
            hint="leave undecided clips out, as stcnet.datasets.collection.labelled does",
        )
    return clip.label
