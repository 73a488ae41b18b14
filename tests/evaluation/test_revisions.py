"""Scores on revised labels: beside the published ones, with the strata of the sampling."""

from pathlib import Path

import numpy as np
import pytest

from planted_collection import planted_collection
from small_cells import make_cells
from stcnet.datasets import Cell
from stcnet.datasets.revisions.reading import Revision, Revisions
from stcnet.errors import DataError
from stcnet.evaluation.held_out import assess
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import GroupScores, judge_protocol
from stcnet.evaluation.relabelling import relabelled
from stcnet.evaluation.revised_folds import revise_held_out
from stcnet.evaluation.revisions import revise_protocol, revise_samples
from stcnet.evaluation.samples import Sample, sample_cells


def revisions(*changes: tuple[str, int]) -> Revisions:
    """A file that says other labels than those that are given."""
    entries = {
        f"row {number}": Revision.model_validate(
            {"id": clip, "old": old, "new": 1 - old, "who": "Ada", "why": "seen"}
        )
        for number, (clip, old) in enumerate(changes, start=2)
    }
    return Revisions(Path("revisions.csv"), "0" * 64, entries)


def predictions(cells: list[Cell]) -> list[Prediction]:
    """A model that is right on every published label of the clips of S0."""
    return [
        Prediction(cell.id, "leave-out-S0", 2.0 * cell.label - 1)
        for cell in cells
        if cell.split == "S0"
    ]


def test_other_labels_leave_sampling_and_scores_as_they_were() -> None:
    cells = make_cells()
    chosen = [cell for cell in cells if cell.split == "S0"]
    sample = sample_cells(predictions(cells), chosen)
    first = chosen[0]
    changed = relabelled(sample, {first.id: 1 if first.label == 0 else 0})
    assert changed.judged.labels[0] == 1 - first.label
    assert changed.judged.labels[1:].tolist() == sample.judged.labels[1:].tolist()
    assert (changed.strata, changed.clusters) == (sample.strata, sample.clusters)
    assert changed.judged.scores is sample.judged.scores
    assert relabelled(sample, {}) is sample


def test_cells_are_judged_by_revised_labels() -> None:
    cells = make_cells()
    said = predictions(cells)
    smoke = next(cell for cell in cells if cell.split == "S0" and cell.label == 1)
    elsewhere = next(cell for cell in cells if cell.split == "S1")
    revised = revise_protocol(
        said, cells, revisions((smoke.id, 1), (elsewhere.id, elsewhere.label))
    )
    assert (revised.change.clips, revised.change.to_smoke, revised.change.to_none) == (
        len(said), 0, 1,
    )  # fmt: skip
    assert str(revised) == (
        f"labels revised by revisions.csv (1 of {len(said)}: 0 to smoke, 1 to none); "
        "1 revisions are of other clips"
    )
    published = judge_protocol(said, cells, count=10)
    places = [(row.fold, row.group, row.clips) for row in published]
    again = [row for row in revised.scores if isinstance(row, GroupScores)]
    assert [(row.fold, row.group, row.clips) for row in again] == places
    assert all(row.metrics["recall"].value == 1.0 for row in published)
    assert published[0].metrics["precision"].value == 1.0
    assert revised.scores[0].metrics["precision"].value < 1.0


def labelled(*names: str, labels: tuple[int, ...]) -> Sample:
    values = np.array(labels)
    judged = Judged(values, values, values.astype(float), np.ones(len(names)))
    return Sample(judged, names, (0,) * len(names), names, "the clip")


def test_files_are_judged_by_revised_labels_of_their_clips() -> None:
    samples = {
        "s0": labelled("a.mp4", "b.mp4", labels=(1, 0)),
        "s1": labelled("c", "d.mp4", "e", labels=(1, 1, 0)),
    }
    revised = revise_samples(samples, revisions(("a", 1), ("d.mp4", 1), ("z", 0)))
    assert (revised.change.clips, revised.change.revised, revised.elsewhere) == (5, 2, 1)
    assert [row.metrics["accuracy"].value for row in revised.scores] == pytest.approx(
        [1 / 2, 2 / 3]
    )
    assert [sample.judged.labels.tolist() for sample in samples.values()] == [[1, 0], [1, 1, 0]]


def test_any_collection_is_judged_by_revised_labels() -> None:
    collection = planted_collection(12)
    said = [
        Prediction(clip.id, f"fold-{number % 2}", 2.0 * (clip.label or 0) - 1)
        for number, clip in enumerate(collection.clips)
    ]
    flipped = collection.clips[0]
    revised = revise_held_out(said, collection, revisions((flipped.id, 0)))
    published = assess(said, collection)
    shares = [row.metrics["accuracy"].value for row in published.scores]
    assert shares == [1.0, 1.0, 1.0], "two folds and their mean"
    weight = flipped.weight / sum(clip.weight for clip in collection.clips[::2])
    again = [row.metrics["accuracy"].value for row in revised.scores]
    assert again == pytest.approx([1 - weight, 1, 1 - weight / 2])
    assert (revised.change.clips, revised.change.to_smoke) == (12, 1)
    with pytest.raises(DataError, match="column id: there is no such clip"):
        revise_held_out(said, collection, revisions(("z", 0)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(("z", 0), "no revision is of a clip of the predictions .got z", id="other"),
        pytest.param(("a", 0), "row 2, column old: the old label .*got 0 for a", id="old label"),
    ],
)
def test_revisions_that_do_not_fit_the_files_are_refused(
    change: tuple[str, int], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        revise_samples({"s0": labelled("a", "b", labels=(1, 0))}, revisions(change))


def test_revisions_that_do_not_fit_the_cells_are_refused() -> None:
    cells = make_cells()
    with pytest.raises(DataError, match="row 2, column id: there is no such clip"):
        revise_protocol(predictions(cells), cells, revisions(("z", 0)))
