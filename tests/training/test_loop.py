"""The training loop: reproducible, resumable, and it learns."""

import csv
import dataclasses
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.datasets.clips import ClipSet
from stcnet.errors import OutputError, TrainingError
from stcnet.networks import STCNet
from stcnet.training.checkpoint import CHECKPOINT_FILE, WEIGHTS_FILE, load_run
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, EpochReport, Listener, Training
from stcnet.training.recipes.recipe import Recipe

DATA = TrainingData(description="planted", clips=planted_clips().ids)
EVENTFUL: dict[str, Any] = {
    "augmentation": {}, "mixup": 0.2, "plumes": {"smoke": 0.2, "steam": 0.2},
}  # fmt: skip


def train(
    recipe: Recipe, folder: Path, listener: Listener = SILENT, clips: ClipSet | None = None
) -> dict[str, Tensor]:
    clips = clips or planted_clips()
    data = TrainingData(description="planted", clips=clips.ids)
    model = fit(recipe, clips, data, folder, fabric=make_fabric("cpu"), listener=listener)
    return model.state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


class Stopped(Exception):
    """Somebody pulled the plug."""


class StopInSecondEpoch(Listener):
    """Ends the run in the middle of the second epoch."""

    def on_step(self, done: int, total: int) -> None:
        if done == 5:
            raise Stopped


class Reports(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.epochs: list[EpochReport] = []
        self.steps: list[tuple[int, int]] = []

    def on_step(self, done: int, total: int) -> None:
        self.steps.append((done, total))

    def on_epoch(self, report: EpochReport) -> None:
        self.epochs.append(report)


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    recipes = [tiny_recipe(seed=seed, epochs=1, **EVENTFUL) for seed in (3, 3, 4)]
    torch.manual_seed(11)
    first = train(recipes[0], tmp_path / "first")
    torch.manual_seed(22)
    again, other = (train(recipes[n], tmp_path / str(n)) for n in (1, 2))
    assert same(first, again)
    assert not same(first, other)


OTHERWISE: dict[str, Any] = {
    "optimiser": {"kind": "sgd", "schedule": {"kind": "step", "milestones": [1]}},
    "loss": {"kind": "focal", "bootstrap": {"beta": 0.8, "from_epoch": 2}},
    "accumulation": 2, "balance": "class", "mixup": 0.4, "mixup_epochs": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    "settings", [{}, EVENTFUL, OTHERWISE], ids=["plain", "eventful", "otherwise"]
)
def test_an_interrupted_run_goes_on_as_if_nothing_was(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    recipe = tiny_recipe(epochs=3, **settings)
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Stopped):
        train(recipe, tmp_path / "cut", StopInSecondEpoch())
    assert not (tmp_path / "cut" / WEIGHTS_FILE).exists()
    told = Reports()
    resumed = train(recipe, tmp_path / "cut", told)
    assert [report.epoch for report in told.epochs] == [2, 3]
    assert same(resumed, whole)
    assert log_of(tmp_path / "cut") == log_of(tmp_path / "whole")


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from small_cells import planted_clips, tiny_recipe
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import Listener

class Killed(Listener):
    def on_step(self, done, total):
        if done == 5:
            os.kill(os.getpid(), signal.SIGKILL)

data = TrainingData(description="planted", clips=planted_clips().ids)
fabric = make_fabric("cpu")
fit(tiny_recipe(), planted_clips(), data, Path({folder!r}), fabric=fabric, listener=Killed())
"""


def test_a_killed_run_goes_on_as_if_nothing_was(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    script = KILLED.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert (folder / CHECKPOINT_FILE).exists()
    assert not (folder / WEIGHTS_FILE).exists()
    assert same(train(tiny_recipe(), folder), train(tiny_recipe(), tmp_path / "whole"))


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(tiny_recipe(), tmp_path)
    told = Reports()
    assert same(train(tiny_recipe(), tmp_path, told), first)
    assert told.steps == []
    run = load_run(tmp_path)
    assert run.recipe == tiny_recipe()
    assert run.data == DATA
    assert same(run.network().state_dict(), first)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    train(tiny_recipe(epochs=1), tmp_path)
    with pytest.raises(TrainingError, match="belongs to another recipe; train into another"):
        train(tiny_recipe(epochs=2), tmp_path)


def test_a_checkpoint_of_other_clips_is_refused(tmp_path: Path) -> None:
    train(tiny_recipe(epochs=1), tmp_path)
    clips = planted_clips(10)
    other = TrainingData(description="planted", clips=clips.ids)
    with pytest.raises(TrainingError, match="belongs to other training clips"):
        fit(tiny_recipe(epochs=1), clips, other, tmp_path, fabric=make_fabric("cpu"))


@pytest.mark.parametrize(
    "told",
    [DATA.clips[1:], (*DATA.clips, "another"), ("others",) * len(DATA.clips)],
    ids=["one more is trained on", "one less", "others"],
)
def test_a_record_that_does_not_tell_the_clips_is_refused(
    tmp_path: Path, told: tuple[str, ...]
) -> None:
    data = TrainingData(description="planted", clips=told)
    with pytest.raises(ValueError, match="the record does not tell what is trained on: "):
        fit(tiny_recipe(epochs=1), planted_clips(), data, tmp_path, fabric=make_fabric("cpu"))
    assert not list(tmp_path.iterdir())


class BlockedByFolder(Listener):
    """Makes the next checkpoint impossible to write: a folder stands where it would go."""

    def __init__(self, folder: Path) -> None:
        self.partial = folder / f".{CHECKPOINT_FILE}.partial"

    def on_epoch(self, report: EpochReport) -> None:
        self.partial.mkdir()


def test_a_failed_save_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    whole = train(tiny_recipe(), tmp_path / "whole")
    folder = tmp_path / "full"
    blocked = BlockedByFolder(folder)
    with pytest.raises(OutputError, match=r"last\.ckpt: a result of training cannot be written"):
        train(tiny_recipe(), folder, blocked)
    blocked.partial.rmdir()
    told = Reports()
    assert same(train(tiny_recipe(), folder, told), whole)
    assert [report.epoch for report in told.epochs] == [2]


def log_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "logs" / "epochs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_steps_epochs_and_logs_are_told(tmp_path: Path) -> None:
    told = Reports()
    train(tiny_recipe(), tmp_path, told)
    assert told.steps == [(step, 6) for step in range(1, 7)]
    rows = log_of(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, report in zip(rows, told.epochs, strict=True):
        assert float(row["loss"]) == pytest.approx(report.loss, rel=1e-4)
        assert float(row["accuracy"]) == pytest.approx(report.accuracy, rel=1e-4)
        assert float(row["rate"]) == pytest.approx(report.learning_rate, rel=1e-4, abs=1e-12)
    (events,) = (tmp_path / "logs" / "tensorboard").glob("events.out.tfevents.*")
    content = events.read_bytes()
    assert all(name in content for name in (b"loss", b"accuracy", b"rate"))


def test_a_run_started_anew_drops_the_old_log(tmp_path: Path) -> None:
    train(tiny_recipe(epochs=2), tmp_path)
    (tmp_path / CHECKPOINT_FILE).unlink()
    train(tiny_recipe(epochs=1), tmp_path)
    assert [row["epoch"] for row in log_of(tmp_path)] == ["1"]


def training(folder: Path, **settings: Any) -> Training:
    return Training(tiny_recipe(**settings), planted_clips(), make_fabric("cpu"))


def values_of(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def moved(module: nn.Module, before: dict[str, Tensor]) -> set[str]:
    now = module.state_dict()
    return {name for name, value in before.items() if not torch.equal(value, now[name])}


def test_frozen_stages_stay_but_the_temporal_statistics_move(tmp_path: Path) -> None:
    settings = tiny_settings()["network"] | {"preset": "stcnet-lite0", "frozen_stages": 1}
    run = training(tmp_path, network=settings)
    before = values_of(run.network)
    run.run_epoch()
    changed = moved(run.network, before)
    parameters = {name for name, _ in run.network.named_parameters()}
    assert not {n for n in changed if n.startswith("pathways.spatial.stages.0.")}
    temporal = {n for n in changed if n.startswith("pathways.temporal.stages.0.")}
    assert temporal
    assert not temporal & parameters
    frozen = {n for n in parameters if ".stages.0." in n}
    assert parameters - frozen <= changed


def test_the_result_is_the_average_of_the_weights(tmp_path: Path) -> None:
    averaged, raw = training(tmp_path, ema_decay=0.9), training(tmp_path, ema_decay=0)
    averaged.run_epoch()
    raw.run_epoch()
    assert same(averaged.network.state_dict(), raw.network.state_dict())
    assert same(raw.result.state_dict(), raw.network.state_dict())
    assert not same(averaged.result.state_dict(), averaged.network.state_dict())


def test_the_average_is_exponential(tmp_path: Path) -> None:
    run = training(tmp_path, ema_decay=0.75, batch_size=6)
    network, result = run.network, run.result
    assert isinstance(network, STCNet)
    assert isinstance(result, STCNet)
    weight, seen = network.classifier.weight, list[Tensor]()

    class Keep(Listener):
        def on_step(self, done: int, total: int) -> None:
            seen.append(weight.detach().clone())

    run.run_epoch(Keep())
    assert len(seen) == 2
    torch.testing.assert_close(result.classifier.weight, 0.75 * seen[0] + 0.25 * seen[1])


def test_a_tiny_network_learns_motion_and_not_chance(tmp_path: Path) -> None:
    choices = {"frames": 2, "head": "mean", "pathways": "temporal"}
    recipe = tiny_recipe(
        epochs=5, batch_size=8, label_smoothing=0, optimiser={"learning_rate": 1e-3},
        network=tiny_settings()["network"] | {"choices": choices},
    )  # fmt: skip
    clips = planted_clips(24)
    shuffled = clips.labels[torch.randperm(24, generator=torch.Generator().manual_seed(1))]
    control = dataclasses.replace(clips, labels=shuffled)
    learned, chance = Reports(), Reports()
    train(recipe, tmp_path / "planted", learned, clips)
    train(recipe, tmp_path / "shuffled", chance, control)

    def late(told: Reports) -> float:
        return sum(report.accuracy for report in told.epochs[2:]) / 3

    assert late(learned) > 0.9
    assert late(chance) < 0.75


def test_what_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    run = training(tmp_path)
    assert isinstance(run.network, STCNet)
    with torch.no_grad():
        run.network.classifier.weight[0, 0] = float("nan")
    before = values_of(run.network.pathways)
    with pytest.raises(TrainingError, match=r"tiny, epoch 1, step 1: .* finite \(got loss nan"):
        run.run_epoch()
    parameters = {name for name, _ in run.network.pathways.named_parameters()}
    assert not moved(run.network.pathways, before) & parameters
    assert run.finished == 0


def test_a_rate_that_explodes_leaves_no_result(tmp_path: Path) -> None:
    recipe = tiny_recipe(optimiser={"learning_rate": 1e30, "clip_norm": 1e30})
    with pytest.raises(TrainingError, match=r"lower optimiser\.learning_rate"):
        train(recipe, tmp_path)
    assert not (tmp_path / WEIGHTS_FILE).exists()


def test_the_schedule_moves_every_step_and_ends_at_zero(tmp_path: Path) -> None:
    run = training(tmp_path, epochs=1, optimiser={"learning_rate": 0.01, "warmup": 0})
    rates: list[float] = []

    class Keep(Listener):
        def on_step(self, done: int, total: int) -> None:
            rates.append(float(run.schedule.get_last_lr()[0]))

    assert run.run_epoch(Keep()).learning_rate == 0
    assert rates == pytest.approx([0.0075, 0.0025, 0])
