"""RISE's published splits as folds of labelled clips, whatever they were read from."""

from __future__ import annotations

from collections.abc import Sequence

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.folds import Fold
from stcnet.datasets.rise.splits import PARTS, SPLITS, VIEWS, RiseSplit, published_part
from stcnet.video import RiseName


def published_splits(clips: Sequence[LabelledClip]) -> tuple[RiseSplit, ...]:
    """The published splits, where all clips are of RISE's views and have its names."""
    if all(clip.view in VIEWS and RiseName.parse(clip.id) for clip in clips):
        return SPLITS
    return ()


def published_folds(clips: Sequence[LabelledClip], split: str) -> list[Fold]:
    """One of the six published splits, made anew.

    Args:
        clips: With a label; of RISE, see :func:`published_splits`.
        split: ``S0`` and so on.

    Returns:
        One fold.

    Raises:
        DataError: No clip is left to train or test on, or the parts leak.
    """
    known: RiseSplit = SPLITS[SPLITS.index(split)]
    parts: dict[str, list[LabelledClip]] = {part: [] for part in PARTS}
    for clip in clips:
        name = RiseName.parse(clip.id)
        assert name is not None
        parts[published_part(clip.view, name.day, known)].append(clip)
    train, validation, test = (tuple(parts[part]) for part in PARTS)
    return [Fold(split, train, test, validation)]
