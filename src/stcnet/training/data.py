"""What a run was trained on, kept beside its weights and carried into the model package."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict

from stcnet.datasets import Cell


class TrainingData(BaseModel):
    """The clips behind a set of weights.

    Attributes:
        description: In words.
        clips: Their ids, sorted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    clips: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hash of the ids, one a line; 64 hexadecimal digits."""
        return hashlib.sha256("\n".join(self.clips).encode()).hexdigest()

    def require_told(self, clips: Collection[str]) -> None:
        """Let nothing be trained on that this record does not tell: it is what leaks are found by.

        Args:
            clips: Ids of the clips that are trained on, in any order.

        Raises:
            ValueError: They are not those of the record.
        """
        if sorted(clips) != sorted(self.clips):
            strange = sorted({*clips} ^ {*self.clips})
            raise ValueError(f"the record does not tell what is trained on: {strange[:3]}")


def describe_cells(cells: Sequence[Cell]) -> TrainingData:
    """The record of a training set of shared cells."""
    sites = Counter(cell.site for cell in cells)
    smoke = sum(cell.label for cell in cells)
    parts = ", ".join(f"{count} {site}" for site, count in sorted(sites.items()))
    description = (
        f"{len(cells)} clips of 36 frames, 180x180 px, one frame every 5 s ({smoke} smoke; {parts})"
        " from the sample pages of the published RGB-TC evaluation: RISE (CC0) and IJmond"
        " (IJmond-video-dataset-2024-01-22, CC BY 4.0)"
    )
    return TrainingData(description=description, clips=tuple(sorted(cell.id for cell in cells)))
