"""A RISE folder as a bench: the published splits of its clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from stcnet.datasets import Fold, LabelledClip
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.folds.divisions import day_of
from stcnet.datasets.rise import SPLITS, decided, published_fold, read_rise, video_path
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.errors import DataError
from stcnet.reproduction.benches import BenchFacts
from stcnet.reproduction.judging import HeldOut
from stcnet.training.data import TrainingData
from stcnet.wording import counted

CLIPS, SMOKE = 12_567, 5_090
"""Labelled clips of RISE, and how many of them show smoke (Hsu et al. 2021)."""

PROTOCOL = (
    "The published splits: trained on the training part, judged on the test part. The validation"
    " part is left alone: epochs and threshold are fixed beforehand. Intervals: 95 % bootstrap over"
    " the days of each view, whose clips are drawn together."
)


class RiseBench:
    """A folder with RISE's metadata and videos.

    Labelled clips whose video is missing are left out, and said to be.

    Args:
        folder: See :func:`stcnet.datasets.rise.read_rise`.

    Raises:
        DataError: The records are missing or wrong.
    """

    def __init__(self, folder: Path) -> None:
        records = decided(read_rise(folder))
        there = tuple(r for r in records if video_path(folder, r).is_file())
        self._data = RiseCollection(folder, there)
        self._missing = len(records) - len(there)

    @cached_property
    def facts(self) -> BenchFacts:
        """What it is; anything but all clips of RISE departs from the published protocol."""
        clips, smoke = len(self._data.clips), _smoke(self._data.clips)
        if (clips, smoke) == (CLIPS, SMOKE):
            return BenchFacts("RISE", PROTOCOL, None, "RISE (Hsu et al., CC0)")
        counts = f"{counted(clips, 'clip')}, {smoke} with smoke"
        departure = f"not RISE as published: {counts}, instead of {CLIPS} and {SMOKE}"
        if self._missing:
            departure += f"; labelled clips without a video: {self._missing}"
        title = f"Clips in the layout of RISE ({counts})"
        return BenchFacts(title, PROTOCOL, departure, "as stated by whoever made the folder")

    @cached_property
    def _folds(self) -> dict[str, Fold | DataError]:
        return {split: self._fold(split) for split in SPLITS}

    def _fold(self, split: str) -> Fold | DataError:
        try:
            return published_fold(self._data.clips, split)
        except DataError as error:
            return error

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits of which there are clips to train and to judge on, and that do not leak."""
        return tuple(split for split, fold in self._folds.items() if isinstance(fold, Fold))

    @property
    def absent(self) -> Mapping[str, str]:
        """The other splits, each with what is wrong with it."""
        return {
            split: str(error).removeprefix(f"{split}: ")
            for split, error in self._folds.items()
            if isinstance(error, DataError)
        }

    def divide(self, split: str) -> RiseDivision:
        """A published split.

        Raises:
            DataError: It leaks, or a side of it is empty.
        """
        fold = self._folds[split]
        if isinstance(fold, DataError):
            raise fold
        return RiseDivision(split, fold, self._data)

    def published_logits(self, split: str) -> None:
        """RISE came without the predictions of its authors."""
        return


@dataclass(frozen=True, slots=True)
class RiseDivision:
    """A published split.

    Attributes:
        split: ``S0`` and the like.
        fold: Free of leaks.
        data: Where its clips come from.
    """

    split: str
    fold: Fold
    data: RiseCollection

    @property
    def training(self) -> TrainingData:
        """What is trained on."""
        clips = self.fold.train
        description = (
            f"{len(clips)} clips ({_smoke(clips)} smoke) of the training part of split"
            f" {self.split} of RISE"
        )
        return TrainingData(description=description, clips=tuple(sorted(clip.id for clip in clips)))

    @property
    def held_out(self) -> HeldOut:
        """The test part; clips of one view and day hang together."""
        clips = self.fold.test
        return HeldOut(
            tuple(clip.id for clip in clips),
            np.array([clip.label for clip in clips], dtype=np.int64),
            np.ones(len(clips)),
            ("test",) * len(clips),
            tuple(f"{clip.view} {day_of(clip)}" for clip in clips),
            drawn_by="view and day",
        )

    def training_clips(self, size: int) -> ClipSet:
        """The training part at ``size`` x ``size`` pixels."""
        return self.data.load(self.fold.train, size)

    def held_out_clips(self, size: int) -> ClipSet:
        """The test part at ``size`` x ``size`` pixels."""
        return self.data.load(self.fold.test, size)


def _smoke(clips: Iterable[LabelledClip]) -> int:
    return sum(clip.label == 1 for clip in clips)
