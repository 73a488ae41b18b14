"""A RISE folder as a collection of labelled clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.rise.clips import clip_of
from stcnet.datasets.rise.folder import load_rise
from stcnet.datasets.rise.records import RiseRecord, video_path
from stcnet.datasets.rise.splits import read_rise
from stcnet.datasets.videos.sizes import sides_of


@dataclass(frozen=True)
class RiseCollection:
    """RISE, or a folder in its layout.

    Attributes:
        folder: Holds the folder ``videos``.
        records: Of all clips, undecided ones too.
    """

    folder: Path
    records: tuple[RiseRecord, ...]

    @classmethod
    def open(cls, folder: Path) -> RiseCollection:
        """Read the records; see :func:`stcnet.datasets.rise.read_rise`.

        Raises:
            DataError: They are missing, or one is wrong.
        """
        return cls(folder, tuple(read_rise(folder)))

    @property
    def title(self) -> str:
        """What it is."""
        return "RISE"

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """One for each record, in their order."""
        return tuple(clip_of(record) for record in self.records)

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides in pixels at which clips were recorded, of the videos that can be opened."""
        return sides_of(video_path(self.folder, self._by_id[clip.id]) for clip in clips)

    @cached_property
    def _by_id(self) -> dict[str, RiseRecord]:
        return {record.file_name: record for record in self.records}

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode the videos of ``clips``; see :func:`stcnet.datasets.rise.folder.load_rise`.

        Raises:
            DataError: A clip has no label, or no video is left; or from ``on_bad``: a video is
                missing, not square, or too short.
            SourceError: From ``on_bad``: a video cannot be decoded.
        """
        records = [self._by_id[clip.id] for clip in clips]
        return load_rise(self.folder, records, size, on_bad=on_bad)
