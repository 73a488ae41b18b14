"""What a run was trained on, kept beside its weights and carried into the model package."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from stcnet.datasets import Collection, LabelledClip
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.revisions.collection import RevisedCollection
from stcnet.datasets.revisions.reading import change_among
from stcnet.inference import LabelRevisions
from stcnet.wording import counted


class StartingWeights(BaseModel):
    """The file of weights that a run started from.

    Attributes:
        file: Its name.
        sha256: Hash of its content, 64 hexadecimal digits.
        clips: Ids of the clips that are known to have gone into it, sorted.
        complete: Whether no others did; False for a file that no run of ours left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    sha256: str
    clips: tuple[str, ...] = ()
    complete: bool

    @property
    def in_words(self) -> str:
        """The file and what it has seen."""
        seen = counted(len(self.clips), "clip")
        if self.complete:
            return f"weights that had seen {seen}"
        beside = f" beside {seen}" if self.clips else ""
        return f"{self.file} (SHA-256 {self.sha256[:12]}), whose training data{beside} is unknown"


class TrainingData(BaseModel):
    """The clips behind a set of weights.

    Attributes:
        description: In words.
        clips: Their ids, sorted.
        revisions: Which of their labels were revised; None where all are as published.
        labels_sha256: Hash of their labels and weights; None in the first records.
        start: The file of weights that the run started from; None for packaged or random ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    clips: tuple[str, ...]
    revisions: LabelRevisions | None = None
    labels_sha256: str | None = None
    start: StartingWeights | None = None

    @property
    def sha256(self) -> str:
        """Hash of the ids, one a line; 64 hexadecimal digits."""
        return hash_ids(self.clips)

    @property
    def seen(self) -> tuple[str, ...]:
        """Ids of all clips behind the weights: these, and those behind the start; sorted."""
        earlier = self.start.clips if self.start is not None else ()
        return tuple(sorted({*self.clips, *earlier}))

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


def hash_ids(clips: Sequence[str]) -> str:
    """Hash of ids, one a line; 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(clips).encode()).hexdigest()


def describe_clips(collection: Collection, clips: Sequence[LabelledClip]) -> TrainingData:
    """The record of a training set of clips of a collection."""
    if isinstance(collection, RevisedCollection):
        return _revised(describe_clips(collection.original, clips), collection)
    plants = Counter(clip.plant for clip in clips)
    smoke = sum(clip.label == 1 for clip in clips)
    parts = ", ".join(f"{count} {plant}" for plant, count in sorted(plants.items()))
    form, origin = _FORMS.get(type(collection), ("clips", f"of {collection.title}"))
    return TrainingData(
        description=f"{len(clips)} {form} ({smoke} smoke; {parts}) {origin}",
        clips=tuple(sorted(clip.id for clip in clips)),
        labels_sha256=_hash_labels(clips),
    )


def _hash_labels(clips: Sequence[LabelledClip]) -> str:
    """Hash of what is learned of clips besides their pixels, whatever their order."""
    lines = sorted(
        f"{clip.id}\t{clip.label}\t{clip.label_weight:.9g}\t{clip.weight:.9g}" for clip in clips
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _revised(data: TrainingData, collection: RevisedCollection) -> TrainingData:
    """The same record with what the revisions changed among its clips."""
    change = change_among(collection.revisions, data.clips)
    return TrainingData(
        description=f"{data.description}, {change}",
        clips=data.clips,
        revisions=LabelRevisions(
            file=change.file,
            sha256=change.sha256,
            to_smoke=change.to_smoke,
            to_none=change.to_none,
        ),
        labels_sha256=data.labels_sha256,
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
