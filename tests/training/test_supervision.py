"""What the options of a recipe change in a step, and what they leave as it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.clips import ClipSet
from stcnet.errors import DataError
from stcnet.networks import I3D, STCNet
from stcnet.training.batches.decoding import as_seen, decode
from stcnet.training.batches.making import Batch
from stcnet.training.devices import make_fabric
from stcnet.training.loop import Training
from stcnet.training.sharing import share_of

PAIR = tiny_settings()["network"] | {"preset": "stcnet-lite0"}
HEADS = {"joint": 1.0, "spatial": 0.3, "temporal": 0.3}
I3D_NETWORK = {"preset": "i3d", "choices": {"frames": 8}, "pretrained": "none", "input_size": 32}
FRAMES = {"kind": "frames"}


def training(clips: ClipSet | None = None, **settings: Any) -> Training:
    recipe = tiny_recipe(**{"batch_size": 6} | settings)
    return Training(recipe, clips or planted_clips(), make_fabric("cpu"))


def weights(run: Training) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in run.network.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def after_an_epoch(clips: ClipSet | None = None, **settings: Any) -> dict[str, Tensor]:
    run = training(clips, **settings)
    run.run_epoch()
    return weights(run)


@pytest.fixture(scope="module")
def usual() -> dict[str, Tensor]:
    """Weights of the tiny recipe after an epoch."""
    return after_an_epoch()


SAID_ALOUD = {
    "loss": {"loss": {"kind": "cross-entropy", "heads": {"joint": 1}}},
    "optimiser": {"optimiser": {"kind": "adamw", "layer_decay": 1, "schedule": {"kind": "cosine"}}},
    "balance and pieces": {"balance": "none", "accumulation": 1},
    "device": {"precision": "auto", "channels_last": True, "compile": False},
    "sure labels": {"loss": {"kind": "cross-entropy", "label_weights": True}},
    "no bootstrap yet": {"loss": {"kind": "cross-entropy", "bootstrap": {"from_epoch": 2}}},
    "focal without focus": {"loss": {"kind": "focal", "gamma": 0}},
}


@pytest.mark.parametrize("settings", SAID_ALOUD.values(), ids=SAID_ALOUD.keys())
def test_a_default_said_aloud_changes_nothing(
    usual: dict[str, Tensor], settings: dict[str, Any]
) -> None:
    assert same(after_an_epoch(**settings), usual)


CHANGES = {
    "focal": {"loss": {"kind": "focal"}},
    "frames": {"loss": {"kind": "frames", "heads": {"joint": 1}}},
    "head weight": {"loss": {"kind": "cross-entropy", "heads": {"joint": 0.1}}},
    "population": {"loss": {"kind": "cross-entropy", "population_exponent": 1}},
    "bootstrap": {"loss": {"kind": "cross-entropy", "bootstrap": {"beta": 0.5}}},
    "SGD": {"optimiser": {"kind": "sgd", "learning_rate": 0.01}},
    "layer decay": {"optimiser": {"layer_decay": 0.5}},
    "steps": {"optimiser": {"schedule": {"kind": "step", "milestones": [0.1]}}},
    "clipping": {"optimiser": {"clip_norm": 0.01}},
}


@pytest.mark.parametrize("settings", CHANGES.values(), ids=CHANGES.keys())
def test_each_option_changes_the_weights(
    usual: dict[str, Tensor], settings: dict[str, Any]
) -> None:
    changed = after_an_epoch(**settings)
    assert not same(changed, usual)
    assert all(torch.isfinite(value).all() for value in changed.values())


def test_a_rare_class_is_drawn_more_often() -> None:
    clips = replace(planted_clips(), labels=torch.tensor([1] + [0] * 11))
    run = training(clips, balance="class")
    drawn = np.concatenate([run._order(epoch) for epoch in range(20)])
    assert np.mean(drawn == 0) == pytest.approx(0.5, abs=0.1)


def test_an_endless_clip_norm_clips_nothing() -> None:
    assert same(
        after_an_epoch(optimiser={"clip_norm": None}), after_an_epoch(optimiser={"clip_norm": 1e9})
    )


def gradients(run: Training, batch: Batch) -> dict[str, Tensor]:
    """Of one batch, as a step gathers them; no norm of the network is in training mode."""
    run.network.eval()
    run.optimiser.zero_grad()
    run._backward(share_of(batch, run.fabric), run.recipe.accumulation)
    found = dict(run.network.named_parameters())
    return {n: p.grad.clone() for n, p in found.items() if p.grad is not None}


def batch_of(run: Training, count: int = 7) -> Batch:
    return run.batches.make(np.arange(count), np.random.default_rng(0))


@pytest.mark.parametrize("pieces", [2, 3, 7])
@pytest.mark.parametrize("loss", [{"kind": "cross-entropy", "population_exponent": 1}, FRAMES])
def test_pieces_have_the_gradient_of_the_whole_batch(pieces: int, loss: dict[str, Any]) -> None:
    loss = {"heads": {"joint": 1.0}} | loss
    settings: dict[str, Any] = {"batch_size": 7, "loss": loss}
    whole, cut = training(**settings), training(**settings, accumulation=pieces)
    batch = batch_of(whole)
    one, other = gradients(whole, batch), gradients(cut, batch)
    assert len(batch.split(pieces)) == pieces
    assert one.keys() == other.keys()
    for name, gradient in one.items():
        torch.testing.assert_close(other[name], gradient, rtol=1e-4, atol=1e-6)


def test_a_doubtful_clip_counts_less() -> None:
    loss = {"kind": "cross-entropy", "label_weights": True}
    sure = planted_clips(2)
    doubtful = replace(sure, label_weights=np.array([1.0, 0.25]))
    first = replace(sure, label_weights=np.array([1.0, 0.0]))
    run = training(sure, loss=loss)
    of = {}
    for name, clips in {"sure": sure, "doubtful": doubtful, "first": first}.items():
        run.batches = type(run.batches)(run.recipe, clips, run.network_input)
        of[name] = gradients(run, batch_of(run, 2))["classifier.weight"]
    torch.testing.assert_close(of["doubtful"], 0.25 * of["sure"] + 0.75 * of["first"])
    assert not torch.allclose(of["sure"], of["first"])


def test_every_head_trains_its_pathway() -> None:
    network = PAIR | {"choices": {"frames": 2, "head": "mean", "auxiliary_heads": True}}
    run = training(network=network, loss={"kind": "focal", "heads": HEADS})
    before = weights(run)
    run.run_epoch()
    for name in ("auxiliary.spatial.weight", "auxiliary.temporal.weight", "classifier.weight"):
        assert not torch.equal(before[name], run.network.state_dict()[name])


def test_a_heads_weight_scales_its_gradient() -> None:
    network = PAIR | {"choices": {"frames": 2, "head": "mean", "auxiliary_heads": True}}
    found = []
    for weight in (0.3, 0.6):
        heads = HEADS | {"spatial": weight}
        run = training(network=network, loss={"kind": "cross-entropy", "heads": heads})
        found.append(gradients(run, batch_of(run, 4)))
    light, heavy = found
    name = "auxiliary.spatial.weight"
    torch.testing.assert_close(heavy[name], 2 * light[name])
    torch.testing.assert_close(heavy["classifier.weight"], light["classifier.weight"])


@pytest.fixture(scope="module")
def trained_i3d() -> tuple[dict[str, Tensor], Training]:
    """An I3D after an epoch on its frames, the first two stages frozen; and how it began."""
    run = training(
        planted_clips(4), network=I3D_NETWORK | {"frozen_stages": 2}, loss=FRAMES,
        optimiser={"kind": "sgd", "learning_rate": 0.01}, augmentation={"permute": 1.0},
    )  # fmt: skip
    start = weights(run)
    run.run_epoch()
    return start, run


def test_another_network_trains_in_the_same_loop(
    trained_i3d: tuple[dict[str, Tensor], Training],
) -> None:
    run = trained_i3d[1]
    assert isinstance(run.result, I3D)
    batch = batch_of(run, 2)
    assert batch.frames.shape == (2, 8, 3, 32, 32)
    assert batch.residuals.shape == (2, 0, 3, 32, 32)
    run.settle()
    assert not any(module.training for module in run.result.modules())


def test_frozen_blocks_of_another_network_stay(
    trained_i3d: tuple[dict[str, Tensor], Training],
) -> None:
    start, run = trained_i3d
    now = run.network.state_dict()
    names = {id(value): name for name, value in run.network.state_dict(keep_vars=True).items()}
    for number, block in enumerate(run.network.blocks()):
        held = [names[id(value)] for value in block.state_dict(keep_vars=True).values()]
        moved = [name for name in held if not torch.equal(start[name], now[name])]
        assert bool(moved) == (number >= 2)


@pytest.mark.parametrize(
    ("network", "clips", "message"),
    [
        pytest.param({"preset": "i3d-flow"}, planted_clips(2),
                     r"i3d-flow: the network looks at 2 channels \(got clips", id="channels"),
        pytest.param({"preset": "i3d", "choices": {"frames": 12}},
                     replace(planted_clips(2), frames=planted_clips(2).frames[:, :9]),
                     r"i3d: the clips are too short for 12 frames", id="length"),
    ],
)  # fmt: skip
def test_clips_that_do_not_fit_are_refused(
    network: dict[str, Any], clips: ClipSet, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        training(clips, network=I3D_NETWORK | {"choices": {"frames": 8}} | network)


def test_a_flow_network_is_given_flow(small_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    data = CellCollection.open(small_data)
    few = data.clips[:2]
    network = I3D_NETWORK | {"preset": "i3d-flow", "choices": {"frames": 4}}
    recipe = tiny_recipe(network=network, loss=FRAMES, augmentation={}, epochs=1)
    clips = as_seen(recipe, decode(data, few, 32))
    assert clips.frames.shape == (2, 36, 2, 32, 32)
    assert clips.labels.tolist() == [clip.label for clip in few]
    run = Training(recipe, clips, make_fabric("cpu"))
    assert np.isfinite(run.run_epoch().loss)
    assert batch_of(run, 2).frames.shape == (2, 4, 2, 32, 32)
    pictures = as_seen(tiny_recipe(), decode(data, few, 32))
    assert pictures.frames.shape == (2, 36, 3, 32, 32)


@pytest.mark.parametrize("wanted", [True, False])
def test_channels_last_is_a_layout(wanted: bool) -> None:
    run = training(channels_last=wanted)
    kernel = next(
        p for p in run.network.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1
    )
    assert kernel.is_contiguous(memory_format=torch.channels_last) == wanted


@pytest.mark.parametrize("wanted", [True, False])
def test_what_is_compiled_is_what_training_calls(
    monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    run = training(compile=wanted)
    assert compiled == ["SupervisedNetwork"] * wanted
    assert isinstance(run.network, STCNet)
