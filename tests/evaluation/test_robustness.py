"""What a condition costs: paired with the reference, weighted and calibrated as the protocol is."""

from typing import Any

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.evaluation.condition_runs import Logits, held_out_cells
from stcnet.evaluation.conditions import REFERENCE, Condition
from stcnet.evaluation.estimates import replicate
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.rendered_views import RENDERED_REFERENCE, SITUATIONS, RenderedCondition
from stcnet.evaluation.robustness import (
    compare_recorded,
    compare_rendered,
    condition_table,
    scores_as_json,
)
from stcnet.evaluation.samples import sample_cells
from stcnet.inference import PlattCalibration

SPLITS = ("leave-out-S0", "leave-out-S1")
TESTED = held_out_cells(make_cells(128), (*SPLITS, PLANTS_FOLD))
BLIND = Condition("blind", "light")
SAME = Condition("the same again", "time")


def shifted(intercept: float, threshold: float = 0.5) -> PlattCalibration:
    return PlattCalibration(
        slope=1,
        intercept=intercept,
        threshold=threshold,
        alarm_threshold=0.5,
        off_threshold=0.4,
        basis="",
    )


def recorded_logits(noise: float = 0.3) -> Logits:
    """The reference tells smoke from none, and so does its double; the blind condition does not."""
    rng = np.random.default_rng(0)
    logits: Logits = {}
    for fold, cells in TESTED.items():
        seen = {cell.id: 2.0 * cell.label - 1 + rng.normal(0, noise) for cell in cells}
        logits[REFERENCE.name, fold] = logits[SAME.name, fold] = seen
        logits[BLIND.name, fold] = {cell.id: rng.normal(0, 3) for cell in cells}
    return logits


def judged(calibrations: dict[str, Any] | None = None) -> dict[tuple[str, str], Any]:
    scores = compare_recorded(
        recorded_logits(), TESTED, (REFERENCE, SAME, BLIND), REFERENCE, calibrations or {},
        count=100,
    )  # fmt: skip
    return {(row.name, row.part): row.compared for row in scores}


def test_a_condition_is_judged_beside_the_reference() -> None:
    scores = judged()
    assert {part for _, part in scores} == {"mean of 2 folds", PLANTS_FOLD}
    for part in ("mean of 2 folds", PLANTS_FOLD):
        same, blind = (scores[name, part].metrics["roc_auc"] for name in (SAME.name, "blind"))
        assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
        assert blind.difference.low < blind.difference.value < 0
        assert blind.difference.value == pytest.approx(blind.ours.value - blind.theirs.value)


def test_values_are_those_of_the_protocol() -> None:
    logits, scores = recorded_logits(), judged()
    values = []
    for fold in SPLITS:
        said = [Prediction(cell.id, fold, logits["blind", fold][cell.id]) for cell in TESTED[fold]]
        values.append(replicate(sample_cells(said, TESTED[fold]), count=1).values)
    for metric in ("smoke_f1", "roc_auc"):
        mean = float(np.mean([each[metric] for each in values]))
        assert scores["blind", "mean of 2 folds"].metrics[metric].ours.value == pytest.approx(mean)


@pytest.mark.parametrize(
    ("calibration", "recall"),
    [
        pytest.param(shifted(100), 1.0, id="smoke everywhere"),
        pytest.param(shifted(-100), 0.0, id="smoke nowhere"),
        pytest.param(shifted(0, 0.999999), 0.0, id="a threshold out of reach"),
    ],
)
def test_a_fold_is_judged_by_its_own_calibration(
    calibration: PlattCalibration, recall: float
) -> None:
    scores = judged({PLANTS_FOLD: calibration})
    plants, others = (scores["blind", part].metrics for part in (PLANTS_FOLD, "mean of 2 folds"))
    assert plants["recall"].ours.value == recall
    assert 0.2 < others["recall"].ours.value < 0.8
    assert plants["roc_auc"].ours == judged()["blind", PLANTS_FOLD].metrics["roc_auc"].ours


@pytest.mark.parametrize(
    ("folds", "parts"),
    [
        pytest.param(SPLITS[:1], ["leave-out-S0"], id="one split"),
        pytest.param((PLANTS_FOLD,), [PLANTS_FOLD], id="plants alone"),
        pytest.param((SPLITS[0], PLANTS_FOLD), ["leave-out-S0", PLANTS_FOLD], id="one of each"),
    ],
)
def test_parts_are_named_after_what_they_hold(folds: tuple[str, ...], parts: list[str]) -> None:
    tested = {fold: TESTED[fold] for fold in folds}
    scores = compare_recorded(recorded_logits(), tested, (BLIND,), REFERENCE, {}, count=20)
    assert [row.part for row in scores] == parts


NIGHT = RenderedCondition("night", "light")


def rendered_logits(seeds: int = 12) -> Logits:
    """By day smoke is told by one model and seen everywhere by the other; by night by neither."""
    rng = np.random.default_rng(1)
    names = [f"{seed}/{what}" for seed in range(seeds) for what in SITUATIONS]
    truth = {name: name.split("/")[1] in ("smoke", "mixed") for name in names}
    return {
        (RENDERED_REFERENCE.name, "a"): {name: 4.0 * truth[name] - 2 for name in names},
        (RENDERED_REFERENCE.name, "b"): {name: 1.0 + truth[name] for name in names},
        ("night", "a"): {name: rng.normal() for name in names},
        ("night", "b"): {name: rng.normal() for name in names},
    }


def test_scenes_are_judged_by_all_models_together() -> None:
    day, night = compare_rendered(
        rendered_logits(), (RENDERED_REFERENCE, NIGHT), RENDERED_REFERENCE, {}, count=100
    )
    assert (day.part, day.compared.clips) == ("rendered scenes", 2 * 12 * 4)
    assert day.compared.metrics["recall"].ours.value == 1
    assert day.compared.metrics["precision"].ours.value == pytest.approx(2 / 3)
    assert night.compared.metrics["roc_auc"].difference.high < 0


def test_a_calibration_puts_the_models_on_one_scale() -> None:
    (day,) = compare_rendered(
        rendered_logits(), (RENDERED_REFERENCE,), RENDERED_REFERENCE, {"b": shifted(-1.5)},
        count=20,
    )  # fmt: skip
    assert day.compared.metrics["smoke_f1"].ours.value == 1
    assert day.compared.metrics["roc_auc"].ours.value == 1


def test_tables_and_json_hold_the_same() -> None:
    scores = compare_recorded(
        recorded_logits(), TESTED, (REFERENCE, BLIND), REFERENCE, {}, count=50
    )
    table, record = condition_table(scores), scores_as_json(scores)
    assert [line[:2] for line in table.lines] == [("time", REFERENCE.name), ("light", "blind")]
    assert len(table.head) == len(table.lines[0]) == 2 + 2 * 2 * 2
    assert [(row["condition"], row["part"]) for row in record] == [
        (row.name, row.part) for row in scores
    ]
    plants = record[3]["metrics"]["roc_auc"]
    told = [float(text.split()[0]) for text in table.lines[1][8:]]
    assert told == pytest.approx([plants["value"][0], plants["difference"][0]], abs=6e-4)
