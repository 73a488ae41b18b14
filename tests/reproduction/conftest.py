"""A bench without videos and a runner without networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from stcnet.datasets.clips import ClipSet
from stcnet.evaluation.metrics import FloatArray
from stcnet.reproduction.benches import BenchFacts, Division
from stcnet.reproduction.judging import HeldOut
from stcnet.reproduction.plans import Plan
from stcnet.training.checkpoint import WEIGHTS_FILE
from stcnet.training.data import TrainingData

FACTS = BenchFacts("made up", "two splits of 40 clips each", None, "nobody")


@dataclass(frozen=True)
class FakeDivision:
    split: str
    clips: int = 40

    @property
    def training(self) -> TrainingData:
        return TrainingData(description="made up", clips=(f"train-{self.split}",))

    @property
    def held_out(self) -> HeldOut:
        labels = np.arange(self.clips) % 2
        names = tuple(f"{self.split}-{number}" for number in range(self.clips))
        days = tuple(str(number // 4) for number in range(self.clips))
        return HeldOut(names, labels, np.ones(self.clips), ("",) * self.clips, days, "day")

    def training_clips(self, size: int) -> ClipSet:
        pytest.fail("the fake runner trains on nothing, so nothing is decoded")

    def held_out_clips(self, size: int) -> ClipSet:
        pytest.fail("the fake runner trains on nothing, so nothing is decoded")


@dataclass
class FakeBench:
    facts: BenchFacts = FACTS
    splits: tuple[str, ...] = ("S0", "S1")
    clips: int = 40

    @property
    def absent(self) -> Mapping[str, str]:
        return dict.fromkeys(("S2", "S3", "S4", "S5"), "not made up")

    def divide(self, split: str) -> FakeDivision:
        return FakeDivision(split, self.clips)

    def published_logits(self, split: str) -> FloatArray | None:
        return None


@dataclass
class FakeRunner:
    """Right about three clips of four; keeps what it was asked; fails where it is told to."""

    calls: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    failures: dict[str, BaseException] = field(default_factory=dict)

    def __call__(self, plan: Plan, division: Division, folder: Path) -> FloatArray:
        name = f"{plan.row.name} {division.split}"
        self.calls.append(name)
        self.plans.append(plan)
        if name in self.failures:
            raise self.failures[name]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WEIGHTS_FILE).write_bytes(name.encode())
        held_out = division.held_out
        logits = np.where(held_out.labels == 1, 1.0, -1.0) + np.arange(len(held_out)) / 1000
        logits[::4] *= -1
        return logits


@pytest.fixture
def bench() -> FakeBench:
    return FakeBench()


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()
