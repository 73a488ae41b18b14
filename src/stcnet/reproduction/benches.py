"""The data at hand as splits to train and judge on, whatever its layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from stcnet.datasets.clips import ClipSet
from stcnet.evaluation.metrics import FloatArray
from stcnet.reproduction.judging import HeldOut
from stcnet.training.data import TrainingData


class Division(Protocol):
    """One split: clips to train on, clips to judge on, free of leaks."""

    @property
    def split(self) -> str:
        """``S0`` and the like."""

    @property
    def training(self) -> TrainingData:
        """What is trained on."""

    @property
    def held_out(self) -> HeldOut:
        """What is judged on."""

    def training_clips(self, size: int) -> ClipSet:
        """The training clips, decoded at ``size`` x ``size`` pixels."""

    def held_out_clips(self, size: int) -> ClipSet:
        """The clips of :attr:`held_out` in their order, decoded at ``size`` x ``size`` pixels."""


@dataclass(frozen=True, slots=True)
class BenchFacts:
    """What a reader of the table has to know of the data.

    Attributes:
        title: In a few words.
        protocol: Who is trained and judged on what, and how the intervals are drawn.
        departure: Why scores on it are not those of the published protocol; None where they are.
        attribution: Where the clips come from and under which licence.
    """

    title: str
    protocol: str
    departure: str | None
    attribution: str


class Bench(Protocol):
    """A data set with the splits of RISE, or some of them."""

    @property
    def facts(self) -> BenchFacts:
        """What it is."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it holds, in order."""

    @property
    def absent(self) -> Mapping[str, str]:
        """The splits it does not hold, each with the reason."""

    def divide(self, split: str) -> Division:
        """One of :attr:`splits`.

        Raises:
            DataError: The split leaks, or a side of it is empty.
        """

    def published_logits(self, split: str) -> FloatArray | None:
        """What the published RGB-I3D-TC said of the held-out clips of a split, smoke above 0.

        Judged like ours it must give its published score: a check of the protocol. None where the
        data does not tell.
        """
