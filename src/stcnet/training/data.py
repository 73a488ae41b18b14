"""What a run was trained on, kept beside its weights and carried into the model package."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from stcnet.datasets import Collection, LabelledClip
from stcnet.datasets.cell_collection import CellCollection
from stcnet.datasets.clips import ClipSet


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

    def require_told(self, clips: Sequence[str]) -> None:
        """Let nothing be trained on that this record does not tell: it is what leaks are found by.

        Args:
            clips: Ids of the clips that are trained on, in any order.

        Raises:
            ValueError: They are not those of the record.
        """
        if sorted(clips) != sorted(self.clips):
            strange = sorted({*clips} ^ {*self.clips})
            raise ValueError(f"the record does not tell what is trained on: {strange[:3]}")


def describe_clips(collection: Collection, clips: Sequence[LabelledClip]) -> TrainingData:
    """The record of a training set of clips of a collection."""
    plants = Counter(clip.plant for clip in clips)
    smoke = sum(clip.label == 1 for clip in clips)
    parts = ", ".join(f"{count} {plant}" for plant, count in sorted(plants.items()))
    form, origin = _FORMS.get(type(collection), ("clips", f"of {collection.title}"))
    return TrainingData(
        description=f"{len(clips)} {form} ({smoke} smoke; {parts}) {origin}",
        clips=tuple(sorted(clip.id for clip in clips)),
    )


def described_as(
    collection: Collection, clips: Sequence[LabelledClip], decoded: ClipSet
) -> TrainingData:
    """The record of those of the clips that could be decoded."""
    ids = set(decoded.ids)
    return describe_clips(collection, [clip for clip in clips if clip.id in ids])


_FORMS: Mapping[type, tuple[str, str]] = {
    CellCollection: (
        "clips of 36 frames, 180x180 px, one frame every 5 s",
        "from the sample pages of the published RGB-TC evaluation: RISE (CC0) and IJmond"
        " (IJmond-video-dataset-2024-01-22, CC BY 4.0)",
    )
}
"""What is said of clips of a kind besides their numbers: form and origin."""
