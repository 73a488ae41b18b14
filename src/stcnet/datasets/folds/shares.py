"""Shares of a training set, the smaller inside the larger: what a learning curve is drawn on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.folds.fold import Fold

Group = list[LabelledClip]
"""Clips that carry one piece of evidence: near-duplicates, or a clip alone."""


def share_of_fold(fold: Fold, share: float, *, seed: int) -> Fold:
    """A fold that trains on a share of its training clips and tests on all of its test clips.

    Args:
        fold: The whole fold.
        share: Above 0, at most 1, see :func:`share_of_clips`.
        seed: Of the draw.
    """
    return replace(fold, train=tuple(share_of_clips(fold.train, share, seed=seed)))


def share_of_clips(clips: Sequence[LabelledClip], share: float, *, seed: int) -> list[LabelledClip]:
    """A share of some clips that looks like all of them.

    Near-duplicates stay together, and each camera view gives of its clips with smoke and of those
    without about the same share (systematic sampling within strata: Cochran, Sampling Techniques,
    1977, chapter 8). The share of one seed lies within every larger share of that seed.

    Args:
        clips: With a label.
        share: Above 0, at most 1: of the number of clips, rounded up to whole groups.
        seed: Of the draw.

    Returns:
        At least one clip, in the order of ``clips``.

    Raises:
        ValueError: The share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"there is no share {share} of clips; allowed: above 0, at most 1")
    chosen: set[str] = set()
    for group in _in_order(clips, np.random.default_rng(seed)):
        if len(chosen) >= share * len(clips):
            break
        chosen |= {clip.id for clip in group}
    return [clip for clip in clips if clip.id in chosen]


def _in_order(clips: Sequence[LabelledClip], rng: np.random.Generator) -> list[Group]:
    """All groups so that any first part of them is spread evenly over the strata."""
    placed: list[tuple[float, Group]] = []
    for groups in _strata(clips):
        shuffled = [groups[place] for place in rng.permutation(len(groups))]
        first = rng.random()
        placed += [((n + first) / len(shuffled), group) for n, group in enumerate(shuffled)]
    return [group for _, group in sorted(placed, key=lambda each: each[0])]


def _strata(clips: Sequence[LabelledClip]) -> list[list[Group]]:
    """The groups by the plant, view and label of their first clip."""
    groups: dict[Hashable, Group] = defaultdict(list)
    for clip in clips:
        groups[clip.id if clip.group is None else (clip.group,)].append(clip)
    strata: dict[Hashable, list[Group]] = defaultdict(list)
    for group in groups.values():
        strata[group[0].plant, group[0].view, group[0].label].append(group)
    return list(strata.values())
