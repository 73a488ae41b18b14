"""A RISE folder as a bench: the published splits of its clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.rise import (
    SPLITS,
    RiseFold,
    RiseRecord,
    decided,
    judgement_of,
    published_fold,
    read_rise,
    video_path,
)
from stcnet.datasets.rise.folder import load_rise
from stcnet.errors import DataError
from stcnet.reproduction.benches import BenchFacts
from stcnet.reproduction.judging import HeldOut
from stcnet.training.data import TrainingData

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
        self._folder = folder
        labelled = decided(read_rise(folder))
        self._records = [r for r in labelled if video_path(folder, r).is_file()]
        self._missing = len(labelled) - len(self._records)

    @cached_property
    def facts(self) -> BenchFacts:
        """What it is; anything but all clips of RISE departs from the published protocol."""
        clips, smoke = len(self._records), _smoke(self._records)
        if (clips, smoke) == (CLIPS, SMOKE):
            return BenchFacts("RISE", PROTOCOL, None, "RISE (Hsu et al., CC0)")
        counts = f"{clips} clips, {smoke} with smoke"
        departure = f"not RISE as published: {counts}, instead of {CLIPS} and {SMOKE}"
        if self._missing:
            departure += f"; {self._missing} labelled clips have no video"
        title = f"Clips in the layout of RISE ({counts})"
        return BenchFacts(title, PROTOCOL, departure, "as stated by whoever made the folder")

    @cached_property
    def _folds(self) -> dict[str, RiseFold | DataError]:
        return {split: self._fold(split) for split in SPLITS}

    def _fold(self, split: str) -> RiseFold | DataError:
        try:
            return published_fold(self._records, split)
        except DataError as error:
            return error

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits of which there are clips to train and to judge on, and that do not leak."""
        return tuple(split for split, fold in self._folds.items() if isinstance(fold, RiseFold))

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
        return RiseDivision(split, fold, self._folder)

    def published_logits(self, split: str) -> None:
        """RISE came without the predictions of its authors."""
        return


@dataclass(frozen=True, slots=True)
class RiseDivision:
    """A published split.

    Attributes:
        split: ``S0`` and the like.
        fold: Free of leaks.
        folder: Of the videos.
    """

    split: str
    fold: RiseFold
    folder: Path

    @property
    def training(self) -> TrainingData:
        """What is trained on."""
        records = self.fold.train
        description = (
            f"{len(records)} clips ({_smoke(records)} smoke) of the training part of split"
            f" {self.split} of RISE"
        )
        return TrainingData(
            description=description, clips=tuple(sorted(record.file_name for record in records))
        )

    @property
    def held_out(self) -> HeldOut:
        """The test part; clips of one view and day hang together."""
        records = self.fold.test
        return HeldOut(
            tuple(record.file_name for record in records),
            np.array([judgement_of(record).label for record in records], dtype=np.int64),
            np.ones(len(records)),
            ("test",) * len(records),
            tuple(f"{record.view} {record.name.day}" for record in records),
            drawn_by="view and day",
        )

    def training_clips(self, size: int) -> ClipSet:
        """The training part at ``size`` x ``size`` pixels."""
        return load_rise(self.folder, self.fold.train, size)

    def held_out_clips(self, size: int) -> ClipSet:
        """The test part at ``size`` x ``size`` pixels."""
        return load_rise(self.folder, self.fold.test, size)


def _smoke(records: Iterable[RiseRecord]) -> int:
    return sum(judgement_of(record).label for record in records)
