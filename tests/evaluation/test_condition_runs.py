"""Raw scores under conditions: of the right clips, by the right models, whatever the threads."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.datasets.cells.records import CELL_SIDE, read_clips
from stcnet.errors import DataError
from stcnet.evaluation.condition_runs import (
    FoldModel,
    held_out_cells,
    score_recorded,
    score_rendered,
)
from stcnet.evaluation.conditions import AS_TRAINED, REFERENCE, conditions_of, score_phases
from stcnet.evaluation.rendered_views import RenderedCondition, film_scene
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.inference.phases import PhaseScorer
from tiny_model import make_parts

FOLDS = ("leave-out-S0", PLANTS_FOLD)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return make_parts(8, 4).write(tmp_path_factory.mktemp("model") / "tiny.stcnet")


@pytest.fixture(scope="module")
def model(package: ModelPackage) -> FoldModel:
    return FoldModel(PhaseScorer(package.runner(1), package.manifest.input),
                     package.manifest.sampling)  # fmt: skip


def test_the_clips_of_rise_that_a_fold_tests() -> None:
    tested = held_out_cells(make_cells(48), FOLDS)
    assert {cell.split for cell in tested["leave-out-S0"]} == {"S0"}
    assert {cell.site for cell in tested["leave-out-S0"]} == {"clairton", "other-plants"}
    assert {cell.site for cell in tested[PLANTS_FOLD]} == {"other-plants"}


def test_a_fold_without_clips_is_left_out() -> None:
    clairton = [cell for cell in make_cells(48) if cell.site == "clairton"]
    assert list(held_out_cells(clairton, FOLDS)) == ["leave-out-S0"]


Weights = Counter[tuple[str, int, int, str]]


def strata_of(cells: list[Cell]) -> Weights:
    weights: Weights = Counter()
    for cell in cells:
        stratum = (cell.split, cell.label, cell.baseline_prediction, cell.site)
        weights[stratum] += cell.population_weight  # type: ignore[assignment]
    return weights


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("at_most", [1, 6])
def test_fewer_clips_stand_for_as_many(fold: str, at_most: int) -> None:
    whole = held_out_cells(make_cells(128), FOLDS)[fold]
    part = held_out_cells(make_cells(128), FOLDS, at_most)[fold]
    assert strata_of(part) == pytest.approx(strata_of(whole))
    assert len(part) < len(whole)
    assert len(part) <= at_most + len(strata_of(whole))
    assert {cell.id for cell in part} <= {cell.id for cell in whole}


def test_all_clips_where_there_are_few() -> None:
    assert held_out_cells(make_cells(128), FOLDS, 1000) == held_out_cells(make_cells(128), FOLDS)


def test_scores_are_those_of_the_package(
    small_data: Path, package: ModelPackage, model: FoldModel
) -> None:
    tested = held_out_cells(make_cells(48), FOLDS)
    told: list[tuple[int, int]] = []
    models = dict.fromkeys(FOLDS, model)
    logits = score_recorded(
        small_data, models, tested, conditions_of([]), heard=lambda *done: told.append(done)
    )
    assert set(logits) == {(c.name, fold) for c in (AS_TRAINED, REFERENCE) for fold in FOLDS}
    wanted = tested["leave-out-S0"]
    scorer = ClipScorer(package, threads=1)
    for position, clip in read_clips(small_data, wanted, CELL_SIDE):
        own = logits[AS_TRAINED.name, "leave-out-S0"][wanted[position].id]
        assert own == pytest.approx(scorer.score(clip).logit, abs=1e-6)
    clips = {cell.id for cells in tested.values() for cell in cells}
    assert told == [(n + 1, len(clips)) for n in range(len(clips))]
    for fold in FOLDS:
        assert logits[REFERENCE.name, fold].keys() == {cell.id for cell in tested[fold]}


def test_threads_change_nothing(small_data: Path, model: FoldModel) -> None:
    tested = held_out_cells(make_cells(48), FOLDS[:1])
    models, conditions = {FOLDS[0]: model}, conditions_of(["motion"])
    alone = score_recorded(small_data, models, tested, conditions)
    assert score_recorded(small_data, models, tested, conditions, threads=3) == alone


def test_a_missing_mosaic_ends_it(tmp_path: Path, model: FoldModel) -> None:
    tested = held_out_cells(make_cells(48), FOLDS[:1])
    with pytest.raises(DataError, match="the mosaic is missing"):
        score_recorded(tmp_path, {FOLDS[0]: model}, tested, conditions_of([]), threads=2)


def test_every_model_judges_every_scene(model: FoldModel) -> None:
    small = RenderedCondition("small", "source", side=24)
    models = dict.fromkeys(FOLDS, model)
    logits = score_rendered(models, [small], [5], threads=2)
    names = ["5/empty", "5/steam", "5/smoke", "5/mixed"]
    assert {place: list(scores) for place, scores in logits.items()} == dict.fromkeys(
        [("small", fold) for fold in FOLDS], names
    )
    film = film_scene(small, 5, "steam", model.sampling.phase_frames)
    expected = score_phases(model.scorer, [film])
    np.testing.assert_allclose([logits["small", fold]["5/steam"] for fold in FOLDS], expected)
