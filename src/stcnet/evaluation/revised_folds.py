"""Held-out predictions on any collection, judged by revised labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stcnet.datasets import Collection
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.revisions.reading import Revisions, require_fit
from stcnet.evaluation.held_out import assess_samples, samples_of
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.relabelling import relabelled
from stcnet.evaluation.revisions import RevisedScores, revise_protocol, scores_beside
from stcnet.evaluation.samples import Sample


def revise_held_out(
    predictions: Sequence[Prediction],
    collection: Collection,
    revisions: Revisions,
    *,
    partial_folds: bool = False,
) -> RevisedScores:
    """Judge held-out predictions by revised labels, as ``held_out.assess`` does by published ones.

    Args:
        predictions: Of models on clips they were not trained on.
        collection: Holds those clips, with their published labels.
        revisions: Each must be of a clip of the collection.
        partial_folds: Whether clips of a fold may be missing; never of the shared cells.

    Raises:
        DataError: A revision does not fit the collection, or predictions do not fit the clips or
            the folds.
    """
    if isinstance(collection, CellCollection):
        return revise_protocol(predictions, collection.cells, revisions)
    samples = samples_of(predictions, collection, partial_folds=partial_folds)
    return revise_folds(samples, collection, revisions)


def revise_folds(
    samples: Mapping[str, Sample], collection: Collection, revisions: Revisions
) -> RevisedScores:
    """Judge the samples of folds by revised labels, and where there are several their mean.

    Args:
        samples: By fold.
        collection: Holds their clips, with their published labels.
        revisions: Each must be of a clip of the collection.

    Raises:
        DataError: A revision does not fit the collection.
    """
    require_fit(revisions, {clip.id: clip.label for clip in collection.clips})
    ids = dict.fromkeys(name for sample in samples.values() for name in sample.names)
    changed = {name: relabelled(sample, revisions.labels) for name, sample in samples.items()}
    return scores_beside(revisions, list(ids), assess_samples(changed).scores)
