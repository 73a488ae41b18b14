"""Scores of a protocol: by fold and site, weighted to the full test sets of RISE."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.datasets import SPLITS, Cell, cell_folds, read_cells
from stcnet.errors import DataError
from stcnet.evaluation.metrics import METRICS, metrics_of
from stcnet.evaluation.predictions import Prediction, judge_cells
from stcnet.evaluation.protocol import GroupScores, judge_protocol

CELLS = make_cells()
PUBLISHED = {"S0": 0.810, "S1": 0.837, "S2": 0.841, "S4": 0.812}
"""Smoke F1 of RGB-TC."""


def predict(cells: Sequence[Cell], fold: str | None = None) -> list[Prediction]:
    """Predictions of middling quality for each clip, in the fold of its split."""
    rng = np.random.default_rng(0)
    return [
        Prediction(c.id, fold or f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, 1.5)))
        for c in cells
    ]


def row_of(rows: list[GroupScores], group: str, fold: str) -> GroupScores:
    (row,) = [row for row in rows if (row.group, row.fold) == (group, fold)]
    return row


def test_every_group_and_fold_has_its_row() -> None:
    rows = judge_protocol(predict(CELLS), CELLS, count=50)
    assert {row.group for row in rows} == {"rise", "clairton", "other-plants", "ijmond"}
    for group, belongs in (("rise", ("clairton", "other-plants")), ("ijmond", ("ijmond",))):
        clips = [cell for cell in CELLS if cell.site in belongs]
        assert row_of(rows, group, "mean").clips == len(clips)
        for split in SPLITS:
            chosen = [cell for cell in clips if cell.split == split]
            row = row_of(rows, group, f"leave-out-{split}")
            assert row.clips == len(chosen)
            ours = {p.id: p for p in predict(CELLS)}
            expected = metrics_of(judge_cells([ours[c.id] for c in chosen], chosen))
            assert {n: e.value for n, e in row.metrics.items()} == pytest.approx(expected)


def test_the_mean_is_over_folds_and_narrower() -> None:
    cells = [cell for cell in CELLS if cell.site != "ijmond"]
    rows = judge_protocol(predict(CELLS), CELLS, count=200)
    folds = [row_of(rows, "rise", f"leave-out-{split}") for split in SPLITS]
    mean = row_of(rows, "rise", "mean")
    for name in METRICS:
        parts = [row.metrics[name] for row in folds]
        assert mean.metrics[name].value == pytest.approx(np.mean([p.value for p in parts]))
        widths = [part.high - part.low for part in parts]
        assert mean.metrics[name].high - mean.metrics[name].low < max(widths)
    assert mean.clips == len(cells)


def test_one_fold_has_no_mean() -> None:
    rows = judge_protocol(predict(CELLS, "mine"), CELLS, count=20)
    assert {row.fold for row in rows} == {"mine"}


def test_a_class_that_is_missing_has_no_ranking_and_no_warning() -> None:
    quiet = [cell for cell in CELLS if cell.label == 0]
    (row, *_) = judge_protocol(predict(quiet, "a") + predict(quiet, "b"), CELLS, count=20)
    assert np.isnan(row.metrics["roc_auc"].value)
    assert np.isnan(row.metrics["average_precision"].high)


S0 = [cell for cell in CELLS if cell.split == "S0"]


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        pytest.param([Prediction("stranger", "mine", 0.0)], "not in the data (got stranger)",
                     id="unknown clip"),
        pytest.param(predict(S0) + predict(S0[:1]), f"comes twice (got {S0[0].id})",
                     id="repeated clip"),
        pytest.param(predict(S0)[:-2], "leave-out-S0: clips of the fold are not predicted (got 2",
                     id="clips missing"),
        pytest.param(predict([*S0, CELLS[4]], "leave-out-S0"),
                     f"the fold does not hold out (got {CELLS[4].id})", id="trained-on clip"),
        pytest.param(predict(S0, "leave-out-plants"), "the fold does not hold out",
                     id="clips of another protocol"),
    ],
)  # fmt: skip
def test_predictions_that_do_not_fit_are_one_line(
    predictions: list[Prediction], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        judge_protocol(predictions, CELLS, count=5)
    assert message in str(caught.value)


def test_whole_folds_of_every_protocol_are_judged() -> None:
    for protocol in ("leave-out-S0", "leave-plants-out"):
        (fold,) = cell_folds(CELLS, protocol)
        tested = {clip.id for clip in fold.test}
        predictions = predict([cell for cell in CELLS if cell.id in tested], fold.name)
        assert judge_protocol(predictions, CELLS, count=5)


@pytest.mark.real_data
@pytest.mark.parametrize("split", SPLITS)
def test_the_weighted_estimator_gives_the_published_score(shared_data: Path, split: str) -> None:
    cells = [
        cell for cell in read_cells(shared_data / "rise-cells")
        if cell.split == split and cell.site != "ijmond"
    ]  # fmt: skip
    published = [Prediction(c.id, "rgb-tc", 2.0 * c.baseline_prediction - 1) for c in cells]
    value = metrics_of(judge_cells(published, cells))["smoke_f1"]
    assert value == pytest.approx(PUBLISHED[split], abs=0.001)
    # The clips were drawn by what RGB-TC said of them, so its own score is certain.
    (rise, *_) = judge_protocol(published, cells, count=200)
    estimate = rise.metrics["smoke_f1"]
    assert estimate.high - estimate.low < 0.02
