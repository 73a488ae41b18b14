"""I3D has the tensors of pytorch-i3d, and judges frames and clips as RISE does."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from random_networks import settle
from stcnet.errors import ConfigError
from stcnet.networks import BASELINES, I3D, I3DChoices, build_model
from stcnet.networks.inception import Unit3D, pad_same

PARAMETERS_M = {
    "i3d": 12.289,
    "i3d-flow": 12.267,
    "i3d-tsm": 12.289,
    "i3d-lstm": 38.044,
    "i3d-nl": 12.618,
    "i3d-tc": 12.460,
}


def rgb(batch: int = 2, frames: int = 16, height: int = 64, width: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, frames, 3, height, width, generator=generator)


def fresh(name: str = "i3d") -> I3D:
    torch.manual_seed(0)
    model = build_model(name, frames=16)
    assert isinstance(model, I3D)
    return model


def settled(name: str = "i3d") -> I3D:
    model = fresh(name)
    settle(model, rgb(), rgb())
    return model


@pytest.mark.parametrize(("name", "expected"), PARAMETERS_M.items())
def test_parameters(name: str, expected: float) -> None:
    with torch.device("meta"):
        model = build_model(name)
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert counted / 1e6 == pytest.approx(expected, abs=6e-4)


def published_names(classifier: bool = True) -> Iterator[str]:
    """Names of the tensors in a checkpoint of pytorch-i3d."""
    units = ["Conv3d_1a_7x7", "Conv3d_2b_1x1", "Conv3d_2c_3x3"]
    for module in ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"):
        units += [f"Mixed_{module}.{unit}" for unit in ("b0", "b1a", "b1b", "b2a", "b2b", "b3b")]
    for unit in units:
        yield f"{unit}.conv3d.weight"
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            yield f"{unit}.bn.{part}"
    if classifier:
        yield "logits.conv3d.weight"
        yield "logits.conv3d.bias"


@pytest.mark.parametrize("name", ["i3d", "i3d-flow", "i3d-tsm"])
def test_names_are_those_of_the_published_checkpoints(name: str) -> None:
    with torch.device("meta"):
        state = build_model(name).state_dict()
    assert set(state) == set(published_names())


@pytest.mark.parametrize("name", ["i3d-lstm", "i3d-nl", "i3d-tc"])
def test_additions_leave_the_names_of_the_trunk(name: str) -> None:
    with torch.device("meta"):
        state = build_model(name).state_dict()
    assert set(state) > set(published_names())


@pytest.mark.parametrize(
    ("tensor", "shape"),
    [
        ("Conv3d_1a_7x7.conv3d.weight", (64, 3, 7, 7, 7)),
        ("Conv3d_2c_3x3.conv3d.weight", (192, 64, 3, 3, 3)),
        ("Mixed_3b.b1b.conv3d.weight", (128, 96, 3, 3, 3)),
        ("Mixed_4e.b2a.conv3d.weight", (32, 512, 1, 1, 1)),
        ("Mixed_5b.b0.conv3d.weight", (256, 832, 1, 1, 1)),
        ("Mixed_5c.b3b.bn.running_var", (128,)),
        ("logits.conv3d.weight", (2, 1024, 1, 1, 1)),
    ],
)
def test_shapes_are_those_of_the_published_checkpoints(tensor: str, shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        assert build_model("i3d").state_dict()[tensor].shape == shape


@given(length=st.integers(1, 40), kernel=st.integers(1, 7), stride=st.integers(1, 3))
def test_padding_is_that_of_tensorflow(length: int, kernel: int, stride: int) -> None:
    padded = pad_same(torch.ones(1, 1, 1, 1, length), (1, 1, kernel), (1, 1, stride)).flatten()
    outputs = math.ceil(length / stride)
    lacking = max((outputs - 1) * stride + kernel - length, 0)
    before, after = lacking // 2, lacking - lacking // 2
    assert padded.tolist() == [0.0] * before + [1.0] * length + [0.0] * after


def test_each_side_is_padded_by_its_own_kernel() -> None:
    padded = pad_same(torch.ones(1, 1, 4, 5, 6), (7, 3, 1), (2, 1, 1))
    assert padded.shape == (1, 1, 4 + 5, 5 + 2, 6)
    assert padded[0, 0, 2:6, 1:6].all()
    assert padded.sum() == 4 * 5 * 6


def test_a_unit_is_convolution_norm_and_relu() -> None:
    torch.manual_seed(0)
    unit = Unit3D(2, 3, (3, 3, 3)).eval()
    maps = torch.randn(1, 2, 4, 5, 6)
    convolved = torch.conv3d(maps, unit.conv3d.weight, padding=1)
    assert torch.allclose(unit(maps), convolved.div(math.sqrt(1 + 1e-3)).relu(), atol=1e-6)
    assert unit.bn.momentum == 0.01


@pytest.mark.parametrize(
    ("name", "frames", "steps", "channels"),
    [
        ("i3d", 36, 4, 1024),
        ("i3d", 8, 1, 1024),
        ("i3d", 1, 1, 1024),
        ("i3d-lstm", 36, 5, 128),
        ("i3d-nl", 36, 4, 1024),
        ("i3d-tc", 36, 1, 1280),
        ("i3d-tc", 8, 1, 1280),
    ],
)
def test_steps_of_a_clip(name: str, frames: int, steps: int, channels: int) -> None:
    given = torch.empty(2, frames, 3, 224, 224, device="meta")
    with torch.device("meta"):
        model = build_model(name)
        assert isinstance(model, I3D)
        assert model.step_features(given).shape == (2, channels, steps)
        assert model.features(given, given).shape == (2, channels)
        assert model.feature_channels == channels


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize(
    ("frames", "height", "width"), [(1, 64, 64), (8, 32, 48), (36, 40, 64), (37, 33, 65)]
)
def test_any_length_and_size(name: str, frames: int, height: int, width: int) -> None:
    with torch.device("meta"):
        model = build_model(name)
        given = torch.empty(1, frames, model.channels, height, width)
        heads = model.supervised(given, torch.empty(0))
    assert {head: tuple(logits.shape) for head, logits in heads.items()} == {
        "joint": (1, 2),
        "frames": (1, frames, 2),
    }


@pytest.mark.parametrize("name", ["i3d", "i3d-tsm", "i3d-nl"])
def test_logits_against_a_plain_computation(name: str) -> None:
    """Steps are averaged in pairs, judged, stretched over the frames; the largest decides."""
    model, clips = settled(name), rgb(frames=20)
    with torch.no_grad():
        maps = model.maps(clips).numpy()
        heads = model.supervised(clips, torch.empty(0))
    weight = model.logits.conv3d.weight.detach().numpy()[:, :, 0, 0, 0]
    bias = model.logits.conv3d.bias
    assert bias is not None
    for clip, of_frames, joint in zip(maps, heads["frames"], heads["joint"], strict=True):
        steps = clip.mean(axis=(2, 3))
        pairs = (steps[:, :-1] + steps[:, 1:]) / 2
        logits = weight @ pairs + bias.detach().numpy()[:, None]
        places = np.linspace(0, pairs.shape[1] - 1, 20)
        stretched = np.array([np.interp(places, np.arange(pairs.shape[1]), row) for row in logits])
        assert np.allclose(of_frames.numpy().T, stretched, atol=1e-5)
        assert np.allclose(joint.numpy(), stretched.max(axis=1), atol=1e-5)


def test_features_are_judged_by_the_last_layer() -> None:
    """For a clip of one step, its features are what the linear layer gets."""
    model, clips = settled(), rgb(frames=8)
    weight, bias = model.logits.conv3d.weight, model.logits.conv3d.bias
    with torch.no_grad():
        judged = nn.functional.linear(model.features(clips, clips), weight[..., 0, 0, 0], bias)
        assert torch.allclose(judged, model(clips, clips), atol=1e-5)


@pytest.mark.parametrize("name", BASELINES)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    model = fresh(name).train()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm3d):
            nn.init.ones_(norm.weight)  # those of non-local blocks start at zero
    clips = rgb()[:, :, : model.channels]
    heads = model.supervised(clips, torch.empty(0))
    torch.autograd.backward((heads["joint"] * torch.tensor([[1.0, 2.0], [-3.0, 1.0]])).sum())
    dead = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert dead == []


def test_new_non_local_blocks_change_nothing() -> None:
    plain, watching = settled("i3d"), fresh("i3d-nl").eval()
    fits = watching.load_state_dict(plain.state_dict(), strict=False)
    assert not fits.unexpected_keys
    assert {name.partition(".")[0] for name in fits.missing_keys} == {"non_local"}
    with torch.no_grad():
        assert torch.equal(watching(rgb(), rgb()), plain(rgb(), rgb()))


def test_a_shift_changes_the_verdict() -> None:
    plain, shifting = settled("i3d"), fresh("i3d-tsm").eval()
    shifting.load_state_dict(plain.state_dict())
    with torch.no_grad():
        assert not torch.allclose(shifting(rgb(), rgb()), plain(rgb(), rgb()), atol=1e-2)


def test_the_lstm_remembers_but_does_not_foresee() -> None:
    model = fresh("i3d-lstm").eval()
    assert model.lstm is not None
    maps = torch.randn(1, 1024, 5, 7, 7)
    changed = maps.clone()
    changed[:, :, 3] += 1
    with torch.no_grad():
        before, after = model._remember(maps), model._remember(changed)
        plain = model.lstm(maps.transpose(1, 2).flatten(2))[0].transpose(1, 2)
    assert torch.allclose(before, plain, atol=1e-6)
    same = [torch.equal(before[..., step], after[..., step]) for step in range(5)]
    assert same == [True, True, True, False, False]


def test_without_choices_it_is_the_published_one() -> None:
    with torch.device("meta"):
        assert I3D().choices == I3DChoices() == BASELINES["i3d"]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        pytest.param(
            {"inputs": "depth"},
            "inputs: not a value of this choice (got depth; allowed: rgb, flow)",
            id="inputs",
        ),
        pytest.param(
            {"addition": "attention"},
            "addition: not a value of this choice (got attention; allowed: none, tsm, lstm, nl, ",
            id="addition",
        ),
        pytest.param({"frames": 0}, "frames: not a value", id="no frame"),
        pytest.param({"dropout": -0.1}, "dropout: not a value", id="below 0"),
        pytest.param(
            {"backbone": "mobilenet_v2"},
            "i3d: there is no such choice (got backbone; allowed: addition, dropout, frames, ",
            id="a choice of another network",
        ),
    ],
)
def test_wrong_choices(choices: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        build_model("i3d", **choices)
    assert str(raised.value).startswith(message)
