"""Scores on revised labels, to be read beside those on the published ones, never instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stcnet.datasets import Cell
from stcnet.datasets.revisions.reading import Change, Revisions, change_among, require_fit
from stcnet.errors import DataError
from stcnet.evaluation.breakdown import PartScores, score_whole
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import GroupScores, judge_protocol
from stcnet.evaluation.relabelling import clip_name, relabelled
from stcnet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True)
class RevisedScores:
    """What becomes of scores where labels are revised.

    Attributes:
        change: Which labels are changed among the judged clips.
        elsewhere: Number of revisions of clips that were not judged.
        scores: All metrics on the revised labels, row by row those of the published ones.
    """

    change: Change
    elsewhere: int
    scores: Sequence[PartScores] | Sequence[GroupScores]

    def __str__(self) -> str:
        others = f"; {self.elsewhere} revisions are of other clips" if self.elsewhere else ""
        return f"{self.change}{others}"


def revise_protocol(
    predictions: Sequence[Prediction], cells: Sequence[Cell], revisions: Revisions
) -> RevisedScores:
    """Judge predictions on the shared cells by revised labels.

    Args:
        predictions: Of models on clips they were not trained on.
        cells: All records of the data.
        revisions: Each must be of one of ``cells``.

    Raises:
        DataError: A revision does not fit the cells, see
            :func:`stcnet.datasets.revisions.reading.require_fit`; or as for
            :func:`stcnet.evaluation.protocol.judge_protocol`.
    """
    require_fit(revisions, {cell.id: cell.label for cell in cells})
    ids = dict.fromkeys(prediction.id for prediction in predictions)
    scores = judge_protocol(predictions, cells, labels=revisions.labels)
    return scores_beside(revisions, list(ids), scores)


def revise_samples(samples: Mapping[str, Sample], revisions: Revisions) -> RevisedScores:
    """Judge files of predictions in which the labels stand by revised ones.

    Clips that are in none of the files cannot be told from misspelt ones: they are counted.

    Args:
        samples: By the name of the file.
        revisions: By the file name of the clip, without ``.mp4``.

    Raises:
        DataError: An old label is not that of the file, or no revision is of a clip of the files.
    """
    labels = revisions.labels
    known = {
        clip_name(name, labels): label
        for sample in samples.values()
        for name, label in zip(sample.names, sample.judged.labels.tolist(), strict=True)
    }
    own = {place: entry for place, entry in revisions.entries.items() if entry.id in known}
    if not own:
        raise DataError(
            "no revision is of a clip of the predictions",
            where=revisions.path,
            got=next(iter(revisions.entries.values())).id,
            hint="predictions name their clips in the column file_name",
        )
    require_fit(replace(revisions, entries=own), known)
    scores = [score_whole(name, relabelled(sample, labels)) for name, sample in samples.items()]
    return scores_beside(revisions, list(known), scores)


def scores_beside(
    revisions: Revisions, ids: Sequence[str], scores: Sequence[PartScores] | Sequence[GroupScores]
) -> RevisedScores:
    """Scores on revised labels, with what was changed among the judged clips.

    Args:
        revisions: What was applied.
        ids: The judged clips, each once.
        scores: On their revised labels.
    """
    change = change_among(revisions, ids)
    return RevisedScores(change, len(revisions) - change.revised, scores)
