"""I3D against a computation written from its description in plain torch operations.

Carreira and Zisserman, CVPR 2017, figure 3: the layers, their kernels and strides, in order.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from random_networks import settle
from stcnet.networks import I3D, I3DChoices, build_model

Sides = tuple[int, int, int]
State = Mapping[str, Tensor]

DESCRIBED: list[tuple[str, Sides, Sides]] = [
    ("Conv3d_1a_7x7", (7, 7, 7), (2, 2, 2)),
    ("pool", (1, 3, 3), (1, 2, 2)),
    ("Conv3d_2b_1x1", (1, 1, 1), (1, 1, 1)),
    ("Conv3d_2c_3x3", (3, 3, 3), (1, 1, 1)),
    ("pool", (1, 3, 3), (1, 2, 2)),
    ("Mixed_3b", (3, 3, 3), (1, 1, 1)),
    ("Mixed_3c", (3, 3, 3), (1, 1, 1)),
    ("pool", (3, 3, 3), (2, 2, 2)),
    ("Mixed_4b", (3, 3, 3), (1, 1, 1)),
    ("Mixed_4c", (3, 3, 3), (1, 1, 1)),
    ("Mixed_4d", (3, 3, 3), (1, 1, 1)),
    ("Mixed_4e", (3, 3, 3), (1, 1, 1)),
    ("Mixed_4f", (3, 3, 3), (1, 1, 1)),
    ("pool", (2, 2, 2), (2, 2, 2)),
    ("Mixed_5b", (3, 3, 3), (1, 1, 1)),
    ("Mixed_5c", (3, 3, 3), (1, 1, 1)),
]


def same(maps: Tensor, kernel: Sides, stride: Sides, fill: float) -> Tensor:
    """Pad so that every side comes out as its length over the stride, rounded up."""
    for axis, (side, step) in enumerate(zip(kernel, stride, strict=True), start=2):
        length = maps.shape[axis]
        lacking = max((math.ceil(length / step) - 1) * step + side - length, 0)
        before = lacking // 2
        shape = list(maps.shape)
        ends = []
        for size in (before, lacking - before):
            shape[axis] = size
            ends.append(torch.full(shape, fill, dtype=maps.dtype))
        maps = torch.cat([ends[0], maps, ends[1]], dim=axis)
    return maps


def unit(state: State, name: str, maps: Tensor, stride: Sides = (1, 1, 1)) -> Tensor:
    weight = state[f"{name}.conv3d.weight"]
    kernel = (weight.shape[2], weight.shape[3], weight.shape[4])
    maps = F.conv3d(same(maps, kernel, stride, 0.0), weight, stride=stride)
    mean, var, scale, shift = (
        state[f"{name}.bn.{part}"][:, None, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return ((maps - mean) / torch.sqrt(var + 1e-3) * scale + shift).clamp(min=0)


def pool(maps: Tensor, kernel: Sides, stride: Sides) -> Tensor:
    return F.max_pool3d(same(maps, kernel, stride, -math.inf), kernel, stride)


def mixed(state: State, name: str, maps: Tensor) -> Tensor:
    return torch.cat(
        [
            unit(state, f"{name}.b0", maps),
            unit(state, f"{name}.b1b", unit(state, f"{name}.b1a", maps)),
            unit(state, f"{name}.b2b", unit(state, f"{name}.b2a", maps)),
            unit(state, f"{name}.b3b", pool(maps, (3, 3, 3), (1, 1, 1))),
        ],
        dim=1,
    )


def described(state: State, clips: Tensor) -> Tensor:
    """Maps of clips of shape (B, C, T, H, W)."""
    maps = clips
    for name, kernel, stride in DESCRIBED:
        if name == "pool":
            maps = pool(maps, kernel, stride)
        elif name.startswith("Mixed"):
            maps = mixed(state, name, maps)
        else:
            assert state[f"{name}.conv3d.weight"].shape[2:] == kernel
            maps = unit(state, name, maps, stride)
    return maps


def test_maps_are_those_of_the_description() -> None:
    torch.manual_seed(0)
    model = build_model("i3d", frames=13)
    assert isinstance(model, I3D)
    model.double()  # small differences grow from norm to norm
    # Odd lengths on the way: it matters how they are padded.
    clips = torch.randn(2, 13, 3, 50, 70, dtype=torch.float64)
    settle(model, clips, clips)
    with torch.no_grad():
        expected = described(model.state_dict(), clips.transpose(1, 2))
        assert expected.shape == (2, 1024, 2, 2, 3)
        assert expected.std() > 0.1
        assert torch.allclose(model.maps(clips), expected, atol=1e-9)


def test_flow_differs_in_its_first_layer_alone() -> None:
    with torch.device("meta"):
        rgb, flow = I3D().state_dict(), I3D(I3DChoices(inputs="flow")).state_dict()
    other = [name for name in rgb if rgb[name].shape != flow[name].shape]
    assert other == ["Conv3d_1a_7x7.conv3d.weight"]
    assert flow[other[0]].shape == (64, 2, 7, 7, 7)
