"""A collection whose labels were revised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import Collection, LabelledClip, OnBad, refuse
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.revisions.reading import Change, Revisions, change_among, require_fit


@dataclass(frozen=True)
class RevisedCollection:
    """A collection with the labels that a file of revisions gives it.

    A revised label is sure (weight 1): somebody has looked at just this clip. All else, weights of
    the population included, stays as it was.

    Attributes:
        original: With the labels as they were published.
        revisions: What is changed; all of it fits.
    """

    original: Collection
    revisions: Revisions

    @classmethod
    def revise(cls, original: Collection, revisions: Revisions) -> RevisedCollection:
        """Apply revisions.

        Raises:
            DataError: One of them does not fit the collection, see
                :func:`stcnet.datasets.revisions.reading.require_fit`.
        """
        require_fit(revisions, {clip.id: clip.label for clip in original.clips})
        return cls(original, revisions)

    @property
    def change(self) -> Change:
        """How many labels are changed."""
        return change_among(self.revisions, [clip.id for clip in self.original.clips])

    @property
    def title(self) -> str:
        """What it is, and that its labels are revised."""
        return f"{self.original.title}, {self.change}"

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """All clips with their revised labels."""
        new = self.revisions.labels
        return tuple(
            replace(clip, label=new[clip.id], label_weight=1.0) if clip.id in new else clip
            for clip in self.original.clips
        )

    def relabel(self, fold: Fold) -> Fold:
        """A fold of the original with revised labels.

        Who is tested on what must not depend on revisions, or scores before and after them would
        be of other clips: so folds are made of the original.
        """
        revised = {clip.id: clip for clip in self.clips}
        return replace(
            fold,
            train=tuple(revised[clip.id] for clip in fold.train),
            test=tuple(revised[clip.id] for clip in fold.test),
            validation=tuple(revised[clip.id] for clip in fold.validation),
        )

    @cached_property
    def _originals(self) -> dict[str, LabelledClip]:
        return {clip.id: clip for clip in self.original.clips}

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode clips, with their revised labels.

        Raises:
            DataError, SourceError: As the original collection does.
        """
        originals = [self._originals[clip.id] for clip in clips]
        return revise_labels(self.original.load(originals, size, on_bad=on_bad), self.revisions)


def revise_labels(clips: ClipSet, revisions: Revisions) -> ClipSet:
    """The same clips with revised labels, which are sure."""
    new = revisions.labels
    labels, sure = clips.labels.clone(), clips.label_weights.copy()
    for position, clip in enumerate(clips.ids):
        if clip in new:
            labels[position], sure[position] = new[clip], 1.0
    return replace(clips, labels=labels, label_weights=sure)
