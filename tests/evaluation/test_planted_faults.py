"""Faults that leave a plausible table behind are refused, or move the stored scores."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.datasets import Cell, Fold, leave_split_out
from stcnet.errors import DataError
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import judge_protocol
from stcnet.evaluation.tables import as_json

CELLS = make_cells()
SWAPPED = {"S0": "S1", "S1": "S0", "leave-out-S0": "leave-out-S1", "leave-out-S1": "leave-out-S0"}
Held = tuple[list[Prediction], list[Cell]]


def held_out() -> Held:
    rng = np.random.default_rng(0)
    return [
        Prediction(c.id, f"leave-out-{c.split}", float(rng.normal(2 * c.label - 1, 1)))
        for c in CELLS
    ], CELLS


def smoke_f1(held: Held) -> float:
    rows = as_json(judge_protocol(*held, count=10))
    (row,) = [row for row in rows if (row["group"], row["fold"]) == ("rise", "mean")]
    value = row["metrics"]["smoke_f1"][0]
    assert isinstance(value, float)
    return value


def label_flip(held: Held) -> Held:
    predictions, cells = held
    flipped = cells[0].model_copy(update={"label": 1 - cells[0].label})
    return predictions, [flipped, *cells[1:]]


def wrong_class_order(held: Held) -> Held:
    predictions, cells = held
    return [replace(p, logit=-p.logit) for p in predictions], cells


def shuffled_predictions(held: Held) -> Held:
    predictions, cells = held
    logits = np.random.default_rng(1).permutation([p.logit for p in predictions])
    return [replace(p, logit=x) for p, x in zip(predictions, logits.tolist(), strict=True)], cells


@pytest.mark.parametrize("plant", [label_flip, wrong_class_order, shuffled_predictions])
def test_the_scores_fall(plant: Callable[[Held], Held]) -> None:
    assert smoke_f1(plant(held_out())) < smoke_f1(held_out()) - 0.005


def swapped_folds(held: Held) -> Held:
    predictions, cells = held
    return [replace(p, fold=SWAPPED.get(p.fold, p.fold)) for p in predictions], cells


def swapped_splits(held: Held) -> Held:
    predictions, cells = held
    moved = [c.model_copy(update={"split": SWAPPED.get(c.split, c.split)}) for c in cells]
    return predictions, moved


def clip_of_the_training(held: Held) -> Held:
    predictions, cells = held
    stranger = next(c for c in cells if c.split == "S1")
    return [*predictions, Prediction(stranger.id, "leave-out-S0", 1.0)], cells


@pytest.mark.parametrize("plant", [swapped_folds, swapped_splits, clip_of_the_training])
def test_predictions_of_other_clips_are_refused(plant: Callable[[Held], Held]) -> None:
    with pytest.raises(DataError, match="a clip is predicted that the fold does not hold out"):
        judge_protocol(*plant(held_out()), count=10)


def test_a_leak_cannot_be_built() -> None:
    fold = leave_split_out(CELLS, "S0")
    (twin,) = [c for c in CELLS if c.id == "clip-002"]  # near-identical to a test clip
    with pytest.raises(DataError, match="train and test hold near-duplicates"):
        Fold(fold.name, (*fold.train, twin.clip), fold.test)
