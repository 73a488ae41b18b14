"""Every kind of row on planted clips, with real networks of small pictures."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from small_cells import planted_clips
from stcnet.datasets.clips import ClipSet
from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.networks.pretrained import read_state
from stcnet.reproduction import plans, training_runner
from stcnet.reproduction.judging import HeldOut
from stcnet.reproduction.plans import Plan, make_plan
from stcnet.reproduction.rows import Row, named_row
from stcnet.reproduction.training_runner import TrainingRunner, permuted
from stcnet.training.checkpoint import WEIGHTS_FILE
from stcnet.training.data import TrainingData
from stcnet.training.recipes.network import NetworkSettings


@dataclasses.dataclass(frozen=True)
class Planted:
    """12 clips to train on and a few others to judge."""

    split: str = "S0"
    clips: int = 6

    @property
    def training(self) -> TrainingData:
        return TrainingData(description="planted", clips=self.training_clips(32).ids)

    @property
    def held_out(self) -> HeldOut:
        clips = self.held_out_clips(32)
        ones = ("",) * len(clips)
        return HeldOut(clips.ids, clips.labels.numpy(), clips.weights, ones, clips.ids, "clip")

    def training_clips(self, size: int) -> ClipSet:
        return planted_clips(18, size).select(range(6, 18))

    def held_out_clips(self, size: int) -> ClipSet:
        return planted_clips(18, size).select(range(self.clips))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Quick runs of 32 pixels."""
    monkeypatch.setattr(plans, "QUICK_SIZE", 32)
    plans.recipe_within.cache_clear()
    yield
    plans.recipe_within.cache_clear()


def plan_of(row: Row, **earlier: Path) -> Plan:
    origin = (earlier["weights"], plans.Start("planted", True)) if earlier else None
    return make_plan(row, Planted(), "quick", {}, origin)


def test_a_network_is_trained_and_a_row_after_it_starts_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = TrainingRunner(tmp_path / "flow", "cpu")
    monkeypatch.setattr(training_runner, "PORTION", 4)
    logits = runner(plan_of(named_row("rgb-i3d")), Planted(), tmp_path / "i3d")
    assert logits.shape == (6,)
    assert np.isfinite(logits).all()
    weights = tmp_path / "i3d" / WEIGHTS_FILE
    frozen = "Mixed_3b.b0.conv3d.weight"
    plan = plan_of(named_row("rgb-i3d-tc"), weights=weights)
    with pytest.raises(TrainingError, match=r"have seen a test clip \(got clip-6, 2 clips in all"):
        runner(plan, Planted(clips=8), tmp_path / "tc")
    after = plan.recipe.network.build()
    trained = read_state(weights)[frozen]
    assert torch.equal(after.state_dict()[frozen], trained)


def test_a_support_vector_machine_judges_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, plan = TrainingRunner(tmp_path, "cpu"), plan_of(named_row("rgb-svm"))
    said = runner(plan, Planted(), tmp_path)
    assert ((said > 0) == (Planted().held_out.labels == 1)).all(), "bright squares are easy"
    monkeypatch.setattr(training_runner, "PORTION", 4)
    assert runner(plan, Planted(), tmp_path) == pytest.approx(said, rel=1e-4), "and in portions"


def test_features_are_taken_of_an_i3d_only(tmp_path: Path) -> None:
    row = dataclasses.replace(named_row("rgb-svm"), recipe="flagship")
    with pytest.raises(ConfigError, match="features are taken of an I3D"):
        TrainingRunner(tmp_path, "cpu")(plan_of(row), Planted(), tmp_path)


def test_a_flow_row_sees_flow_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(
        training_runner, "judge_features",
        lambda plan, training, held_out, fabric: seen.extend(
            [tuple(training.frames.shape), tuple(held_out.frames.shape)]
        ),
    )  # fmt: skip
    monkeypatch.setattr(Planted, "training_clips", lambda self, size: short(2, size))
    monkeypatch.setattr(Planted, "held_out_clips", lambda self, size: short(3, size).select([2]))
    TrainingRunner(tmp_path / "flow", "cpu")(plan_of(named_row("flow-svm")), Planted(), tmp_path)
    assert seen == [(2, 3, 2, 32, 32), (1, 3, 2, 32, 32)]
    assert len(list((tmp_path / "flow").glob("*.npy"))) == 3


def test_a_held_out_clip_in_training_ends_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Planted, "training_clips", lambda self, size: planted_clips(12, size))
    with pytest.raises(DataError, match=r"^clip-0: a training clip shows a test clip"):
        TrainingRunner(tmp_path, "cpu")(plan_of(named_row("rgb-i3d")), Planted(), tmp_path)


def short(count: int, size: int) -> ClipSet:
    clips = planted_clips(count, size)
    return dataclasses.replace(clips, frames=clips.frames[:, :3])


def test_frames_of_fp_are_permuted_clip_by_clip() -> None:
    clips = planted_clips(4)
    shuffled = permuted(clips, seed=1)
    orders = []
    for before, after in zip(clips.frames, shuffled.frames, strict=True):
        brightness = before.float().mean(dim=(1, 2, 3)), after.float().mean(dim=(1, 2, 3))
        assert torch.equal(*(values.sort().values for values in brightness))
        orders.append(brightness[1].tolist())
    assert not torch.equal(shuffled.frames, clips.frames)
    assert orders[1] != orders[3], "each growing square in an order of its own"
    assert torch.equal(permuted(clips, seed=1).frames, shuffled.frames)
    assert shuffled.ids == clips.ids


@pytest.mark.parametrize("name", ["rgb-i3d-fp", "rgb-i3d"])
def test_only_fp_is_judged_on_permuted_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen: list[ClipSet] = []

    def keep(model: object, network_input: object, clips: ClipSet) -> torch.Tensor:
        seen.append(clips)
        return torch.zeros(len(clips))

    monkeypatch.setattr(training_runner, "predict_logits", keep)
    monkeypatch.setattr(training_runner, "fit_whole", lambda *_, **__: torch.nn.Identity())
    monkeypatch.setattr(NetworkSettings, "input_of", lambda *_: torch.nn.Identity())
    TrainingRunner(tmp_path, "cpu")(plan_of(named_row(name)), Planted(), tmp_path)
    plain = Planted().held_out_clips(32).frames
    assert torch.equal(seen[0].frames, plain) == (name == "rgb-i3d")


def test_an_unknown_accelerator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such accelerator"):
        TrainingRunner(tmp_path, "tpu")
