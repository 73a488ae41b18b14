"""The finishing of a training: real clips and rendered scenes together, at the end."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from small_cells import make_cells, planted_clips, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import TrainingError
from stcnet.training.batches import making
from stcnet.training.checkpoint import (
    CHECKPOINT_FILE,
    DATA_FILE,
    RECIPE_FILE,
    WEIGHTS_FILE,
    load_run,
)
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.finishing import BEFORE_FOLDER, FINISHING_FOLDER, fit_whole
from stcnet.training.fitting import fit
from stcnet.training.folds import run_fold, train_clips
from stcnet.training.groundwork import Groundwork
from stcnet.training.loop import SILENT, EpochReport, Length, Listener, Training
from stcnet.training.pretraining import lay_groundwork
from stcnet.training.recipes.recipe import Recipe

CLIPS = planted_clips(8)
SCENES = replace(CLIPS, frames=255 - CLIPS.frames, ids=tuple("abcdefgh"))
DATA = TrainingData(description="planted", clips=CLIPS.ids)
RESULT = {DATA_FILE, RECIPE_FILE, WEIGHTS_FILE}


def recipe_with(**changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "scenes": {"clips": 8, "share": 0},
        "finishing": {"epochs": 1, "share": 0.5, "learning_rate": 0.01},
    }
    return tiny_recipe(**settings | changes)


def finish(folder: Path, recipe: Recipe, listener: Listener = SILENT) -> dict[str, Tensor]:
    network = fit_whole(
        recipe,
        CLIPS,
        DATA,
        folder,
        fabric=make_fabric("cpu"),
        listener=listener,
        groundwork=Groundwork(SCENES),
    )
    return network.state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def weights_in(folder: Path) -> dict[str, Tensor]:
    return load_run(folder).network().state_dict()


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Stopped(Exception):
    """By a listener."""


class Heard(Listener):
    """Keeps what it is told; may end the run after one of its epochs."""

    def __init__(self, stop_at: int = 0) -> None:
        self.steps: list[tuple[int, int]] = []
        self.epochs: list[tuple[int, int]] = []
        self._stop_at = stop_at

    def on_step(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def on_epoch(self, report: EpochReport) -> None:
        self.epochs.append((report.epoch, report.epochs))
        if report.epoch == self._stop_at:
            raise Stopped


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("finished")
    finish(folder, recipe_with())
    return folder


def test_a_recipe_without_finishing_is_trained_as_it_was(tmp_path: Path) -> None:
    recipe = recipe_with(finishing=None)
    fabric = make_fabric("cpu")
    plain = fit(recipe, CLIPS, DATA, tmp_path / "a", fabric=fabric, groundwork=Groundwork(SCENES))
    assert same(finish(tmp_path / "b", recipe), plain.state_dict())
    assert not (tmp_path / "b" / BEFORE_FOLDER).exists()


def test_each_part_is_a_run_of_its_own_and_the_last_is_the_result(finished: Path) -> None:
    recipe = recipe_with()
    assert {path.name for path in finished.iterdir()} == RESULT | {BEFORE_FOLDER, FINISHING_FOLDER}
    whole, before, end = (
        load_run(folder)
        for folder in (finished, finished / BEFORE_FOLDER, finished / FINISHING_FOLDER)
    )
    assert whole.recipe == recipe
    assert before.recipe == recipe_with(finishing=None)
    assert end.recipe == recipe.at_the_end()
    assert whole.data == before.data == end.data == DATA
    assert same(whole.network().state_dict(), end.network().state_dict())
    assert not same(before.network().state_dict(), end.network().state_dict())


def test_the_finishing_starts_from_what_was_trained_before(tmp_path: Path) -> None:
    still = {"epochs": 1, "share": 0.5, "learning_rate": 1e-30}
    finish(tmp_path, recipe_with(finishing=still))
    before, end = (weights_in(tmp_path / name) for name in (BEFORE_FOLDER, FINISHING_FOLDER))
    for name in before:
        if "running_" not in name and "num_batches" not in name:
            assert torch.allclose(before[name], end[name], rtol=0, atol=1e-20), name


def test_scenes_are_seen_in_the_finishing_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: dict[str, list[int]] = {}
    make = making.BatchMaker.make

    def watched(self: making.BatchMaker, positions: Any, *rest: Any) -> Any:
        epochs.setdefault(self.recipe.name, []).extend(positions.tolist())
        return make(self, positions, *rest)

    monkeypatch.setattr(making.BatchMaker, "make", watched)
    recipe = recipe_with()
    finish(tmp_path, recipe)
    assert max(epochs[recipe.name]) < len(CLIPS)
    drawn = epochs[recipe.at_the_end().name]
    assert sum(position >= len(CLIPS) for position in drawn) == len(CLIPS)
    assert len(drawn) == 2 * len(CLIPS)


def test_the_rate_of_the_finishing_is_its_own(finished: Path) -> None:
    assert recipe_with().at_the_end().optimiser.learning_rate == 0.01
    as_before = recipe_with(finishing={"epochs": 3, "share": 0.5}).at_the_end()
    assert as_before.optimiser == recipe_with().optimiser
    assert as_before.epochs == 3
    log = (finished / FINISHING_FOLDER / "logs" / "epochs.csv").read_text().splitlines()
    assert len(log) == 2


@pytest.mark.parametrize("epoch", [1, 2, 3], ids=["early", "between the parts", "at the end"])
def test_an_interrupted_run_goes_on(finished: Path, tmp_path: Path, epoch: int) -> None:
    with suppress(Stopped):
        finish(tmp_path, recipe_with(), Heard(epoch))
    assert not (tmp_path / WEIGHTS_FILE).exists()
    assert same(finish(tmp_path, recipe_with()), weights_in(finished))


def test_a_run_that_ended_before_its_record_is_finished(finished: Path, tmp_path: Path) -> None:
    """The recipe of the result is there, and what it was trained on is not yet."""
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run" / DATA_FILE).unlink()
    assert same(finish(tmp_path / "run", recipe_with()), weights_in(finished))
    assert load_run(tmp_path / "run").data == DATA


def test_a_result_whose_recipe_cannot_be_read_is_kept(tmp_path: Path) -> None:
    (tmp_path / RECIPE_FILE).write_text("{")
    with pytest.raises(TrainingError, match="a recipe that cannot be read"):
        finish(tmp_path, recipe_with())
    assert [path.name for path in tmp_path.iterdir()] == [RECIPE_FILE]


def test_progress_counts_all_parts(tmp_path: Path) -> None:
    """Two epochs of two steps, twice, then one of four steps: as many scenes as clips."""
    heard = Heard()
    finish(tmp_path, recipe_with(soup=2, batch_size=4), heard)
    assert heard.steps == [(step, 12) for step in range(1, 13)]
    assert heard.epochs == [(epoch, 5) for epoch in range(1, 6)]


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6])
def test_the_length_is_known_before(share: float) -> None:
    recipe = tiny_recipe(scenes={"clips": 3, "share": share}, epochs=3, batch_size=5)
    training = Training(recipe, CLIPS, make_fabric("cpu"), groundwork=Groundwork(SCENES))
    assert Length.of(recipe, len(CLIPS)) == Length(3, 3 * training.steps)
    seen: list[tuple[int, int]] = []

    class Told(Listener):
        def on_step(self, done: int, total: int) -> None:
            seen.append((done, total))

    training.run_epoch(Told())
    assert seen[-1] == (training.steps, 3 * training.steps)


def test_a_soup_is_finished_once(tmp_path: Path) -> None:
    recipe = recipe_with(soup=2)
    finish(tmp_path, recipe)
    assert {"member-1", "member-2"} < {path.name for path in (tmp_path / BEFORE_FOLDER).iterdir()}
    assert load_run(tmp_path).recipe == recipe
    assert not list((tmp_path / FINISHING_FOLDER).glob("member-*"))


SHORTER = {"epochs": 2, "share": 0.5, "learning_rate": 0.01}


@pytest.mark.parametrize(
    ("earlier", "now", "place"),
    [
        pytest.param({"finishing": None}, {}, CHECKPOINT_FILE, id="a run without finishing"),
        pytest.param({}, {"finishing": None}, RECIPE_FILE, id="finishing, and now none"),
        pytest.param(
            {}, {"finishing": SHORTER}, f"{FINISHING_FOLDER}/{CHECKPOINT_FILE}", id="another end"
        ),
        pytest.param(
            {}, {"mixup": 0.2}, f"{BEFORE_FOLDER}/{CHECKPOINT_FILE}", id="another beginning"
        ),
        pytest.param(
            {"soup": 2, "finishing": None}, {"finishing": None}, RECIPE_FILE, id="soup, now none"
        ),
    ],
)
def test_another_run_in_the_folder_is_refused_before_any_clip_is_read(
    small_data: Path, tmp_path: Path, earlier: dict[str, Any], now: dict[str, Any], place: str
) -> None:
    data = CellCollection(small_data, tuple(make_cells()[:16]))
    nowhere = CellCollection(tmp_path / "nowhere", data.cells)
    first, other = (recipe_with(**{"epochs": 1} | settings) for settings in (earlier, now))
    fabric, few, out = make_fabric("cpu"), data.clips[:4], tmp_path / "out"
    train_clips(first, data, few, out, fabric=fabric, groundwork=Groundwork(SCENES))
    before = files_of(out)
    with pytest.raises(TrainingError, match="belongs to another recipe") as caught:
        train_clips(other, nowhere, few, out, fabric=fabric, groundwork=Groundwork(SCENES))
    assert str(out / place) in str(caught.value)
    assert files_of(out) == before


def test_a_fold_is_finished_and_predicted(small_data: Path, tmp_path: Path) -> None:
    data = CellCollection(small_data, tuple(make_cells()[:16]))
    (fold,) = folds_of(data, "leave-out-S0")
    recipe = recipe_with(
        epochs=1, scenes={"clips": 2, "share": 0}, pretraining={"epochs": 1}, soup=1
    )
    fabric = make_fabric("cpu")
    groundwork = lay_groundwork(recipe, tmp_path, fabric)
    predictions = run_fold(recipe, fold, data, tmp_path, fabric=fabric, groundwork=groundwork)
    assert [prediction.id for prediction in predictions] == [clip.id for clip in fold.test]
    assert load_run(tmp_path / fold.name).recipe == recipe
    again = run_fold(recipe, fold, data, tmp_path, fabric=fabric, groundwork=groundwork)
    assert again == predictions


def test_fit_alone_does_not_leave_the_finishing_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several trainings are asked for"):
        fit(recipe_with(), CLIPS, DATA, tmp_path, groundwork=Groundwork(SCENES))


def test_the_parts_are_recipes_of_their_own() -> None:
    recipe = recipe_with(pretraining={"epochs": 1})
    assert recipe.before_real_clips().finishing is None
    assert recipe.before_finishing() == recipe_with(pretraining={"epochs": 1}, finishing=None)
    end = recipe.at_the_end()
    assert end.scenes is not None
    assert end.scenes.share == 0.5
    assert (end.pretraining, end.finishing) == (None, None)
    with pytest.raises(ValueError, match="has no finishing"):
        end.at_the_end()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"scenes": None}, "finishing needs scenes", id="no scenes"),
        pytest.param({"finishing": {"epochs": 1, "share": 0}}, "greater than 0", id="no share"),
        pytest.param({"finishing": {"epochs": 1, "share": 1}}, "less than 1", id="scenes alone"),
        pytest.param({"finishing": {"epochs": 0, "share": 0.5}}, "greater than", id="no epoch"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recipe_with(**settings)


def test_the_weights_from_before_may_have_a_share_in_the_result(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 1, "share": 0.5, "learning_rate": 0.01}
    recipe = recipe_with(finishing=settings | {"keep": 0.25})
    result = finish(tmp_path, recipe)
    before, end = (weights_in(tmp_path / name) for name in (BEFORE_FOLDER, FINISHING_FOLDER))
    moved = 0
    for name, value in result.items():
        if "running_" in name or "num_batches" in name:
            continue
        expected = 0.25 * before[name] + 0.75 * end[name]
        assert torch.allclose(value, expected, rtol=1e-5, atol=1e-7), name
        moved += not torch.equal(before[name], end[name])
    assert moved
    variances = [name for name in result if name.endswith("running_var")]
    assert any(not torch.allclose(result[n], end[n], rtol=1e-3) for n in variances)
    assert same(weights_in(tmp_path), result)
    again = files_of(tmp_path)
    assert same(finish(tmp_path, recipe), result)
    assert {path for path in files_of(tmp_path) if path.suffix == ".safetensors"} <= again.keys()


def test_a_finishing_that_keeps_everything_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"finishing\.keep"):
        recipe_with(finishing={"epochs": 1, "share": 0.5, "keep": 1.0})
