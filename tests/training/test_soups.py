"""Soups: one recipe trained several times from the same start, the weights averaged."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from small_cells import make_cells, planted_clips, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import TrainingError
from stcnet.training.checkpoint import (
    CHECKPOINT_FILE,
    DATA_FILE,
    RECIPE_FILE,
    WEIGHTS_FILE,
    load_run,
)
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.folds import run_fold, train_clips
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, EpochReport, Listener, Training
from stcnet.training.pretraining import PRETRAINING_FOLDER, lay_groundwork
from stcnet.training.soups import fit_soup, from_one_start, mean_state, members_of

CLIPS = planted_clips(8)
DATA = TrainingData(description="planted", clips=CLIPS.ids)
FILES = {CHECKPOINT_FILE, DATA_FILE, RECIPE_FILE, WEIGHTS_FILE}


def cook(
    folder: Path, soup: int = 2, listener: Listener = SILENT, **settings: Any
) -> dict[str, Tensor]:
    recipe = tiny_recipe(soup=soup, **settings)
    fabric = make_fabric("cpu")
    return fit_soup(recipe, CLIPS, DATA, folder, fabric=fabric, listener=listener).state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def weights_in(folder: Path) -> dict[str, Tensor]:
    return load_run(folder).network().state_dict()


def statistics(state: dict[str, Tensor]) -> set[str]:
    return {name for name in state if "running_" in name or "num_batches" in name}


class Stopped(Exception):
    """By a listener."""


class StopAt(Listener):
    """Ends a run after one of its epochs, counted over all members."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def on_epoch(self, report: EpochReport) -> None:
        if report.epoch == self._epoch:
            raise Stopped


@pytest.fixture(scope="module")
def pot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished soup of two."""
    folder = tmp_path_factory.mktemp("soup")
    cook(folder)
    return folder


def test_a_soup_of_one_is_the_plain_run(tmp_path: Path) -> None:
    plain = fit(tiny_recipe(), CLIPS, DATA, tmp_path / "plain", fabric=make_fabric("cpu"))
    assert same(cook(tmp_path / "soup", soup=1), plain.state_dict())
    assert {path.name for path in (tmp_path / "soup").iterdir()} == FILES | {"logs"}
    for name in (DATA_FILE, RECIPE_FILE, WEIGHTS_FILE):
        assert (tmp_path / "soup" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_a_soup_leaves_each_member_whole_and_the_mean(pot: Path) -> None:
    members = ["member-1", "member-2"]
    assert {path.name for path in pot.iterdir()} == FILES - {CHECKPOINT_FILE} | set(members)
    for seed, name in enumerate(members):
        assert {path.name for path in (pot / name).iterdir()} == FILES | {"logs"}
        assert load_run(pot / name).recipe == tiny_recipe(seed=seed)
        assert len((pot / name / "logs" / "epochs.csv").read_text().splitlines()) == 3
    assert load_run(pot).recipe == tiny_recipe(soup=2)
    assert load_run(pot).data == DATA


def test_its_weights_are_the_mean_of_the_members(pot: Path) -> None:
    soup, one, two = (weights_in(folder) for folder in (pot, pot / "member-1", pot / "member-2"))
    for name in soup.keys() - statistics(soup):
        assert torch.equal(soup[name], (one[name] + two[name]) / 2), name
    assert any(not torch.equal(one[name], two[name]) for name in soup.keys() - statistics(soup))


def test_its_batch_norm_statistics_are_settled_anew(pot: Path) -> None:
    """As those of any network, on plain clips; the mean network has others than the mean."""
    soup, one, two = (weights_in(folder) for folder in (pot, pot / "member-1", pot / "member-2"))
    variances = [name for name in soup if name.endswith("running_var")]
    assert any(not torch.allclose(soup[n], (one[n] + two[n]) / 2, rtol=1e-3) for n in variances)

    settled = Training(tiny_recipe(soup=2), CLIPS, make_fabric("cpu"))
    settled.result.load_state_dict(mean_state([one, two], [0.5, 0.5]))
    settled.settle()
    assert same(settled.result.state_dict(), soup)


def starts(recipe_seed: int, groundwork: Groundwork, **settings: Any) -> list[dict[str, Tensor]]:
    """The weights that the members of a soup of three begin with."""
    recipe = tiny_recipe(soup=3, seed=recipe_seed, **settings)
    start = from_one_start(recipe, groundwork)
    return [
        Training(member, CLIPS, make_fabric("cpu"), groundwork=start).network.state_dict()
        for member, _ in members_of(recipe, Path())
    ]


def test_members_of_different_seeds_start_from_the_same_random_weights() -> None:
    first, *others = starts(4, BARE)
    assert all(same(first, other) for other in others)
    plain = Training(tiny_recipe(seed=4), CLIPS, make_fabric("cpu")).network.state_dict()
    assert same(first, plain)
    assert not same(first, starts(5, BARE)[0])


def test_members_that_learn_nothing_end_where_they_all_began(tmp_path: Path) -> None:
    cook(tmp_path, epochs=1, optimiser={"learning_rate": 1e-30})
    one, two = (weights_in(tmp_path / member) for member in ("member-1", "member-2"))
    for name in one.keys() - statistics(one):
        assert torch.allclose(one[name], two[name], rtol=0, atol=1e-20), name


def test_members_start_from_what_was_taught_before() -> None:
    network = tiny_recipe().network.build()
    nn.init.constant_(next(network.parameters()), 0.25)
    for start in starts(4, Groundwork(network=network)):
        assert same(start, network.state_dict())


@pytest.mark.parametrize("epoch", [1, 3], ids=["in the first", "in the second"])
def test_an_interrupted_soup_goes_on(pot: Path, tmp_path: Path, epoch: int) -> None:
    with suppress(Stopped):
        cook(tmp_path, listener=StopAt(epoch))
    assert not (tmp_path / WEIGHTS_FILE).exists()
    assert (tmp_path / "member-1" / WEIGHTS_FILE).exists() == (epoch > 2)
    assert same(cook(tmp_path), weights_in(pot))


class Heard(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []
        self.epochs: list[tuple[int, int]] = []

    def on_step(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def on_epoch(self, report: EpochReport) -> None:
        self.epochs.append((report.epoch, report.epochs))


def test_progress_counts_the_steps_and_epochs_of_all_members(tmp_path: Path) -> None:
    class Stops(Heard):
        def on_epoch(self, report: EpochReport) -> None:
            super().on_epoch(report)
            if report.epoch == 3:
                raise Stopped

    first, rest = Stops(), Heard()
    with suppress(Stopped):
        cook(tmp_path, listener=first)
    cook(tmp_path, listener=rest)
    assert first.steps + rest.steps == [(step, 8) for step in range(1, 9)]
    assert first.epochs + rest.epochs == [(epoch, 4) for epoch in range(1, 5)]
    assert len(rest.steps) == 2


def test_more_members_join_those_that_are_finished(pot: Path, tmp_path: Path) -> None:
    """A longer soup has the members of the shorter one, in the same folders."""
    heard = Heard()
    shutil.copytree(pot, tmp_path / "pot")
    cook(tmp_path / "pot", soup=3, listener=heard)
    assert heard.epochs == [(5, 6), (6, 6)]
    assert same(weights_in(tmp_path / "pot" / "member-2"), weights_in(pot / "member-2"))
    assert load_run(tmp_path / "pot").recipe.soup == 3


def small_cells_in(folder: Path) -> CellCollection:
    return CellCollection(folder, tuple(make_cells()[:16]))


@pytest.mark.parametrize(
    ("earlier", "now", "place"),
    [
        pytest.param({}, {"soup": 2}, "", id="a single run"),
        pytest.param({"epochs": 2}, {"soup": 2}, "", id="a single run of another recipe"),
        pytest.param({"soup": 2}, {"soup": 2, "mixup": 0.2}, "member-1", id="another soup"),
        pytest.param({"soup": 2}, {"soup": 2, "seed": 1}, "member-1", id="another seed"),
    ],
)
def test_another_run_in_the_folder_is_refused_before_any_clip_is_read(
    small_data: Path, tmp_path: Path, earlier: dict[str, Any], now: dict[str, Any], place: str
) -> None:
    data, nowhere = small_cells_in(small_data), small_cells_in(tmp_path / "nowhere")
    first, other = (tiny_recipe(**{"epochs": 1} | settings) for settings in (earlier, now))
    fabric, few, out = make_fabric("cpu"), data.clips[:4], tmp_path / "out"
    train_clips(first, data, few, out, fabric=fabric)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(TrainingError, match="belongs to another recipe") as caught:
        train_clips(other, nowhere, few, out, fabric=fabric)
    assert str(out / place / CHECKPOINT_FILE) in str(caught.value)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_other_clips_are_refused_where_only_decoding_tells_them(
    small_data: Path, tmp_path: Path
) -> None:
    data, recipe = small_cells_in(small_data), tiny_recipe(epochs=1)
    fabric, few = make_fabric("cpu"), data.clips[:4]
    train_clips(recipe, data, few, tmp_path, fabric=fabric)
    soup = recipe.model_copy(update={"soup": 2})
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train_clips(soup, data, few, tmp_path, fabric=fabric, on_bad=lambda error: None)
    assert not (tmp_path / "member-1").exists()


def test_a_fold_is_trained_and_predicted_by_a_soup(small_data: Path, tmp_path: Path) -> None:
    data = small_cells_in(small_data)
    (fold,) = folds_of(data, "leave-out-S0")
    recipe = tiny_recipe(epochs=1, soup=2)
    fabric = make_fabric("cpu")
    predictions = run_fold(recipe, fold, data, tmp_path, fabric=fabric)
    assert [prediction.id for prediction in predictions] == [clip.id for clip in fold.test]
    own = tmp_path / fold.name
    assert load_run(own).recipe.soup == 2
    assert load_run(own).data == load_run(own / "member-2").data
    again = run_fold(recipe, fold, data, tmp_path, fabric=fabric)
    assert again == predictions


def test_the_pretraining_of_a_soup_is_one_run(tmp_path: Path) -> None:
    scenes = {"scenes": {"clips": 4, "share": 0.25}, "pretraining": {"epochs": 1}}
    recipe = tiny_recipe(soup=2, **scenes)
    assert recipe.before_real_clips().soup == 1
    groundwork = lay_groundwork(recipe, tmp_path, make_fabric("cpu"))
    own = tmp_path / PRETRAINING_FOLDER
    assert load_run(own).recipe.soup == 1
    assert not list(own.glob("member-*"))
    assert from_one_start(recipe, groundwork) is groundwork


@pytest.mark.parametrize("soup", [0, -1, 1.5])
def test_less_than_one_training_is_refused(soup: float) -> None:
    with pytest.raises(ValidationError, match="soup"):
        tiny_recipe(soup=soup)


def test_whole_numbers_are_those_of_the_first() -> None:
    states = [
        {"weight": torch.tensor([1.0, 3.0]), "seen": torch.tensor(7)},
        {"weight": torch.tensor([2.0, 5.0]), "seen": torch.tensor(10)},
    ]
    mean = mean_state(states, [0.25, 0.75])
    assert mean["weight"].tolist() == [1.75, 4.5]
    assert mean["seen"].item() == 7
    assert mean["seen"].dtype == torch.int64


def test_half_precision_is_averaged_in_full() -> None:
    """In bf16 the sum of 257 and 1 would be 256."""
    values = [torch.tensor([v], dtype=torch.bfloat16) for v in (256.0, 1.0, 1.0, 1.0, 1.0, 1.0)]
    mean = mean_state([{"weight": value} for value in values], [1 / 6] * 6)["weight"]
    assert mean.dtype == torch.bfloat16
    assert mean.item() == torch.tensor(261 / 6).bfloat16().item()
