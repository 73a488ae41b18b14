"""From the clips of a collection to what the network of a recipe looks at."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import Collection, LabelledClip, OnBad
from stcnet.datasets.optical_flow import flow_clips
from stcnet.errors import DataError, StcnetError
from stcnet.training.recipes.recipe import Recipe


def decode(
    collection: Collection,
    clips: Sequence[LabelledClip],
    size: int,
    on_bad: OnBad | None = None,
) -> ClipSet:
    """Decode clips in RGB.

    Args:
        collection: Where they come from.
        clips: With a label.
        size: Side of the frames in pixels.
        on_bad: Called for each file that cannot be used, whose clips are then left out; None:
            refuse them, once all have been looked at.

    Raises:
        DataError: No clip is left; or files cannot be used and ``on_bad`` is None: their number
            and the first of them.
    """
    bad: list[StcnetError] = []
    try:
        decoded = collection.load(clips, size, on_bad=on_bad or bad.append)
    except DataError:
        if bad:
            raise _unusable(bad, collection) from None
        raise
    if bad:
        raise _unusable(bad, collection)
    return decoded


def _unusable(bad: Sequence[StcnetError], collection: Collection) -> DataError:
    return DataError(
        f"{len(bad)} of the videos cannot be used",
        where=collection.title,
        got=f"{bad[0]}" if len(bad) == 1 else f"{bad[0]}, the first",
        hint="mend them, or leave their clips out with --skip-bad",
    )


def as_seen(recipe: Recipe, clips: ClipSet) -> ClipSet:
    """RGB clips as the recipe's network looks at them: as they are, or their optical flow."""
    if recipe.network.outline().channels == clips.frames.shape[2]:
        return clips
    return flow_clips(clips, workers=os.cpu_count() or 1)
