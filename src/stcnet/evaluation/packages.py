"""Scores of a finished model package on clips that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from stcnet.datasets import Collection, LabelledClip
from stcnet.errors import DataError
from stcnet.evaluation.package_leaks import refuse_trained_on
from stcnet.evaluation.predictions import Prediction
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.types import Picture

PORTION = 64
"""Clips that are decoded at a time."""


def predict_package(
    package: ModelPackage,
    collection: Collection,
    chosen: Sequence[LabelledClip],
    *,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
    on_compared: Callable[[int, int], None] = lambda done, total: None,
) -> list[Prediction]:
    """Score clips with a model package, as an operator would.

    Args:
        package: Its manifest names the clips it was trained on.
        collection: The data.
        chosen: The clips of it to score.
        on_clip: Told of clips done and clips in all.
        on_compared: The same of the training clips with which they are compared first.

    Returns:
        A prediction for each of ``chosen``, in their order; the fold is the package's name.

    Raises:
        DataError: There is nothing to score, the package was trained on one of the clips or on
            one that shows the same, or a video cannot be used.
    """
    if not chosen:
        raise DataError("there is no clip to score", where=collection.title)
    refuse_trained_on(package, collection, chosen, listener=on_compared)
    scorer = ClipScorer(package)
    predictions: list[Prediction] = []
    for name, frames in decoded(collection, chosen, package.manifest.input.size):
        predictions.append(Prediction(name, package.name, scorer.score(frames).logit))
        on_clip(len(predictions), len(chosen))
    return predictions


def decoded(
    collection: Collection, chosen: Sequence[LabelledClip], size: int
) -> Iterator[tuple[str, Picture]]:
    """Id and frames of each clip, shape (L, size, size, 3), some clips at a time.

    Raises:
        DataError: A video is missing or wrong.
        SourceError: A video cannot be decoded.
    """
    for start in range(0, len(chosen), PORTION):
        clips = collection.load(chosen[start : start + PORTION], size).in_memory()
        for name, frames in zip(clips.ids, clips.frames, strict=True):
            yield name, np.ascontiguousarray(frames.permute(0, 2, 3, 1).numpy())
