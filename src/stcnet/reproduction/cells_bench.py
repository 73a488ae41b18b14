"""The shared cells as a bench: a weighted sample of four of the six test sets of RISE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.datasets import SPLITS, Cell, Fold, leave_split_out
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.evaluation.metrics import FloatArray
from stcnet.reproduction.benches import BenchFacts
from stcnet.reproduction.judging import HeldOut
from stcnet.reproduction.rows import SPLITS as PUBLISHED_SPLITS
from stcnet.training.data import TrainingData, describe_clips

FACTS = BenchFacts(
    title="Shared cells of RISE",
    protocol=(
        "Leave one split out: judged on the cells of one test set of RISE, trained on the cells of"
        " the others, less near-duplicates. Each clip is weighted by the clips of the full test"
        " set that it stands for. Intervals: 95 % bootstrap within the strata of the sample,"
        " near-duplicates drawn together."
    ),
    departure="shared cells: trained on hundreds of clips, not thousands, and judged on a sample",
    attribution="RISE (Hsu et al., CC0) and IJmond (IJmond-video-dataset-2024-01-22, CC BY 4.0)",
)


class CellsBench:
    """The shared cells, split by the test set they come from.

    Args:
        folder: With ``cells.json`` and the mosaics.

    Raises:
        DataError: The records are missing or wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._data = CellCollection.open(folder)

    @property
    def facts(self) -> BenchFacts:
        """What it is."""
        return FACTS

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it holds."""
        present = {cell.split for cell in self._data.cells}
        return tuple(split for split in SPLITS if split in present)

    @property
    def absent(self) -> Mapping[str, str]:
        """The splits it does not hold."""
        held = self.splits
        return {split: "not in the data" for split in PUBLISHED_SPLITS if split not in held}

    def divide(self, split: str) -> CellsDivision:
        """Train on the cells of the other splits, judge on this one's."""
        return CellsDivision(split, leave_split_out(self._data.cells, split), self._data)

    def published_logits(self, split: str) -> FloatArray:
        """What RGB-I3D-TC said, which the records hold."""
        judged = self.divide(split).judged
        return np.array([cell.baseline_prediction - 0.5 for cell in judged])


@dataclass(frozen=True, slots=True)
class CellsDivision:
    """One split of the shared cells.

    Attributes:
        split: ``S0`` and the like.
        fold: Free of leaks.
        data: Where its clips come from.
    """

    split: str
    fold: Fold
    data: CellCollection

    @property
    def judged(self) -> list[Cell]:
        """The clips to judge: those of IJmond are in no test set of RISE."""
        tested = {clip.id for clip in self.fold.test if clip.plant != "ijmond"}
        return [cell for cell in self.data.cells if cell.id in tested]

    @property
    def training(self) -> TrainingData:
        """What is trained on."""
        return describe_clips(self.data, self.fold.train)

    @property
    def held_out(self) -> HeldOut:
        """What is judged on: strata are the cells of RGB-TC's confusion matrix at each site."""
        cells = self.judged
        return HeldOut(
            tuple(cell.id for cell in cells),
            np.array([cell.label for cell in cells], dtype=np.int64),
            np.array([cell.population_weight for cell in cells]),
            tuple(f"{c.split}/{c.label}/{c.baseline_prediction}/{c.site}" for c in cells),
            tuple(str(cell.duplicate_group) for cell in cells),
            drawn_by="near-duplicates",
        )

    def training_clips(self, size: int) -> ClipSet:
        """The training clips at ``size`` x ``size`` pixels."""
        return self.data.load(self.fold.train, size)

    def held_out_clips(self, size: int) -> ClipSet:
        """The clips of :attr:`held_out` at ``size`` x ``size`` pixels."""
        return self.data.load([cell.clip for cell in self.judged], size)
