"""Scores of a finished model package on clips that it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stcnet.datasets import Cell, read_clips
from stcnet.datasets.cells import CELL_SIDE
from stcnet.datasets.leaks.guard import refuse_leaks
from stcnet.errors import DataError
from stcnet.evaluation.predictions import Prediction
from stcnet.inference import ClipScorer, ModelPackage


def predict_package(
    package: ModelPackage,
    cells: Sequence[Cell],
    chosen: Sequence[Cell],
    data: Path,
    *,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
) -> list[Prediction]:
    """Score clips with a model package, as an operator would.

    Args:
        package: Its manifest names the clips it was trained on.
        cells: The records of all clips at hand.
        chosen: Those to score.
        data: The folder of the mosaics.
        on_clip: Told of clips done and clips in all.

    Returns:
        A prediction for each of ``chosen``, in their order; the fold is the package's name.

    Raises:
        DataError: There is nothing to score, or the package was trained on one of the clips or on
            a near-duplicate of one.
    """
    if not chosen:
        raise DataError("there is no clip to score", where=data)
    trained_on = set(package.manifest.provenance.clips)
    trained = [cell.clip for cell in cells if cell.id in trained_on]
    refuse_leaks({"train": trained, "test": [cell.clip for cell in chosen]})
    scorer = ClipScorer(package)
    logits: dict[int, float] = {}
    for position, clip in read_clips(data, chosen, CELL_SIDE):
        logits[position] = scorer.score(clip).logit
        on_clip(len(logits), len(chosen))
    return [Prediction(cell.id, package.name, logits[n]) for n, cell in enumerate(chosen)]
