"""Runs that meet a full disk, a spoilt batch or a checkpoint that is not theirs."""

import json
import resource
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.errors import OutputError, StcnetError, TrainingError
from stcnet.training.checkpoint import (
    CHECKPOINT_FILE,
    WEIGHTS_FILE,
    load_checkpoint,
    save_checkpoint,
)
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, EpochReport, Listener, Training
from stcnet.training.nonfinite import BATCH_FILE

DATA = TrainingData(description="planted", clips=planted_clips().ids)


def train(folder: Path, listener: Listener = SILENT, **settings: Any) -> dict[str, Tensor]:
    model = fit(tiny_recipe(**settings), planted_clips(), DATA, folder,
                fabric=make_fabric("cpu"), listener=listener)  # fmt: skip
    return model.state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_a_soup_is_not_one_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several trainings are asked for"):
        train(tmp_path, soup=2)
    assert not any(tmp_path.iterdir())


class DiskFillsUp(Listener):
    """After the first epoch no file grows beyond 2000 bytes."""

    def on_epoch(self, report: EpochReport) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))


def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OutputError, match=r"last\.ckpt: a result .*run the command again"):
            train(tmp_path / "full", DiskFillsUp())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    loaded = load_checkpoint(tmp_path / "full", tiny_recipe(), DATA)
    assert loaded is not None
    assert loaded[0].epochs == 1
    assert same(train(tmp_path / "full"), train(tmp_path / "whole"))


@pytest.mark.parametrize("blocked", ["logs", f".{CHECKPOINT_FILE}.partial"])
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, blocked: str) -> None:
    """Something else stands where the log or the checkpoint would go."""
    if blocked == "logs":
        (tmp_path / blocked).touch()
    else:
        (tmp_path / blocked).mkdir()
    with pytest.raises(OutputError, match="a result of training cannot be written") as caught:
        train(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / CHECKPOINT_FILE).exists()


class SpoilsWeights(Listener):
    """Plants a NaN in the weights before a step."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.run: Training | None = None

    def on_step(self, done: int, total: int) -> None:
        if done == self.before - 1 and self.run is not None:
            with torch.no_grad():
                next(iter(self.run.network.parameters()))[0] = float("nan")


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StcnetError:
    """What ends a run of two epochs of 3 steps in which the 5th step meets a NaN."""
    listener = SpoilsWeights(before=5)
    construct = Training.__init__

    def watched(self: Training, *arguments: Any, **named: Any) -> None:
        construct(self, *arguments, **named)
        listener.run = self

    monkeypatch.setattr(Training, "__init__", watched)
    with pytest.raises(TrainingError) as caught:
        train(tmp_path, listener, augmentation={}, mixup=0.2)
    return caught.value


def test_a_planted_nan_ends_the_run_with_one_line(tmp_path: Path, spoilt: StcnetError) -> None:
    line = str(spoilt)
    assert line.startswith("tiny, epoch 2, step 2: loss or gradient are no longer finite (got loss")
    assert line.endswith(f"look into the batch, kept in {tmp_path / BATCH_FILE}")
    assert "\n" not in line
    assert not (tmp_path / WEIGHTS_FILE).exists()


@pytest.mark.usefixtures("spoilt")
def test_the_batch_that_met_it_is_kept(tmp_path: Path) -> None:
    recipe = tiny_recipe(augmentation={}, mixup=0.2)
    again = Training(recipe, planted_clips(), make_fabric("cpu"))
    given: list[Any] = []
    again.model.register_forward_pre_hook(lambda module, inputs: given.append(inputs))
    again.run_epoch()
    again.run_epoch()
    frames, residuals = given[4]

    kept = safetensors.torch.load_file(tmp_path / BATCH_FILE)
    torch.testing.assert_close(kept["frames"], frames, rtol=0, atol=0)
    torch.testing.assert_close(kept["residuals"], residuals, rtol=0, atol=0)
    assert kept["targets"].shape == (4, 2)
    assert kept["indices"].shape == (4, 3)
    with safetensors.safe_open(tmp_path / BATCH_FILE, "pt") as file:
        told = file.metadata()
    clips = planted_clips()
    assert json.loads(told["ids"]) == [clips.ids[p] for p in kept["positions"].tolist()]
    assert told["where"] == "tiny, epoch 2, step 2"


@pytest.mark.usefixtures("spoilt")
def test_the_last_good_checkpoint_stays(tmp_path: Path) -> None:
    loaded = load_checkpoint(tmp_path, tiny_recipe(augmentation={}, mixup=0.2), DATA)
    assert loaded is not None
    assert loaded[0].epochs == 1
    assert all(torch.isfinite(value).all() for value in loaded[1]["model"].values())


def test_a_batch_that_cannot_be_kept_does_not_hide_the_nan(
    tmp_path: Path,
) -> None:
    (tmp_path / f".{BATCH_FILE}.partial").mkdir()
    with pytest.raises(TrainingError, match=r"no longer finite .*lower optimiser\.learning_rate$"):
        train(tmp_path, optimiser={"learning_rate": 1e30, "clip_norm": 1e30})
    assert not (tmp_path / BATCH_FILE).exists()


def test_a_full_gpu_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Training, listener: Listener) -> EpochReport:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB. More advice.")

    monkeypatch.setattr(Training, "run_epoch", full)
    message = r"^training: the memory of the GPU is full \(got CUDA out of memory\); raise .*host$"
    with pytest.raises(TrainingError, match=message):
        train(tmp_path)


def change_parts(folder: Path, **changes: Any) -> None:
    """Write the checkpoint again with other parts."""
    loaded = load_checkpoint(folder, tiny_recipe(), DATA)
    assert loaded is not None
    progress, parts = loaded
    save_checkpoint(folder, tiny_recipe(), DATA, progress, parts | changes)


def three_classes(folder: Path) -> None:
    loaded = load_checkpoint(folder, tiny_recipe(), DATA)
    assert loaded is not None
    model = dict(loaded[1]["model"])
    model["classifier.weight"] = torch.zeros(3, 256)
    model["classifier.bias"] = torch.zeros(3)
    change_parts(folder, model=model)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(three_classes, r"classifier", id="three classes"),
        pytest.param(lambda folder: change_parts(folder, model={}), "", id="no weights"),
        pytest.param(lambda folder: change_parts(folder, optimiser={}), "", id="no optimiser"),
    ],
)
def test_a_checkpoint_of_another_network_is_one_line(
    tmp_path: Path, change: Any, named: str
) -> None:
    class Stopped(Exception):
        """After the first epoch."""

    class Stop(Listener):
        def on_epoch(self, report: EpochReport) -> None:
            raise Stopped

    with suppress(Stopped):
        train(tmp_path, Stop())
    change(tmp_path)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    message = rf"last\.ckpt: the checkpoint does not fit the recipe's network .*{named}.*; train"
    with pytest.raises(TrainingError, match=message) as caught:
        train(tmp_path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_a_recipe_of_another_size_is_refused(tmp_path: Path) -> None:
    train(tmp_path, epochs=1)
    network = tiny_settings()["network"] | {"choices": {"frames": 3, "head": "mean"}}
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train(tmp_path, epochs=1, network=network)
