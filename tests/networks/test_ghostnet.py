"""GhostNetV2 has the size that was published, and computes what its paper writes down."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from random_networks import settle
from stcnet.networks import build_model
from stcnet.networks.ghostnet import GhostNetV2
from stcnet.networks.pretrained import load_pretrained
from stcnet.networks.published_layouts import translate

LAST_CHANNELS, HEAD_CHANNELS, CLASSES = 960, 1280, 1000
"""What stands behind the last bottleneck as published."""


class Row(NamedTuple):
    """A line of the table as the released code writes it: name, kernel, stride, gate, attention."""

    name: str
    kernel: int
    stride: int = 1
    gate: bool = False
    attention: bool = True


ROWS = (
    Row("blocks.0.0", 3, attention=False),
    Row("blocks.1.0", 3, 2, attention=False),
    Row("blocks.2.0", 3),
    Row("blocks.3.0", 5, 2, gate=True),
    Row("blocks.4.0", 5, gate=True),
    Row("blocks.5.0", 3, 2),
    *(Row(f"blocks.6.{number}", 3, gate=number > 2) for number in range(5)),
    Row("blocks.7.0", 5, 2, gate=True),
    *(Row(f"blocks.8.{number}", 5, gate=number % 2 == 1) for number in range(4)),
)


class Published:
    """The computation in plain operations, from tensors under the published names."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.state = state
        self.used: set[str] = set()

    def get(self, name: str) -> Tensor:
        self.used.add(name)
        return self.state[name]

    def convolve(self, name: str, maps: Tensor, stride: int = 1, bias: bool = False) -> Tensor:
        weight = self.get(f"{name}.weight")
        height, width = weight.shape[2:]
        return F.conv2d(
            maps,
            weight,
            self.get(f"{name}.bias") if bias else None,
            stride,
            (height // 2, width // 2),
            groups=maps.shape[1] // weight.shape[1],
        )

    def norm(self, name: str, maps: Tensor) -> Tensor:
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, variance, scale, shift = (self.get(f"{name}.{part}")[:, None, None] for part in parts)
        return (maps - mean) / torch.sqrt(variance + 1e-5) * scale + shift

    def ghost(self, name: str, maps: Tensor, active: bool) -> Tensor:
        halves = [maps]
        for part in ("primary_conv", "cheap_operation"):
            half = self.norm(f"{name}.{part}.1", self.convolve(f"{name}.{part}.0", halves[-1]))
            halves.append(half.clamp(min=0) if active else half)
        return torch.cat(halves[1:], dim=1)

    def attend(self, name: str, maps: Tensor) -> Tensor:
        gates = F.avg_pool2d(maps, 2)
        for layer in (0, 2, 4):
            gates = self.convolve(f"{name}.short_conv.{layer}", gates)
            gates = self.norm(f"{name}.short_conv.{layer + 1}", gates)
        nearest = [
            torch.arange(n) * m // n for n, m in zip(maps.shape[2:], gates.shape[2:], strict=True)
        ]
        return torch.sigmoid(gates)[:, :, nearest[0]][:, :, :, nearest[1]]

    def block(self, row: Row, maps: Tensor) -> Tensor:
        inner = self.ghost(f"{row.name}.ghost1", maps, active=True)
        if row.attention:
            inner = inner * self.attend(f"{row.name}.ghost1", maps)
        if row.stride > 1:
            inner = self.convolve(f"{row.name}.conv_dw", inner, row.stride)
            inner = self.norm(f"{row.name}.bn_dw", inner)
        if row.gate:
            pooled = inner.mean(dim=(2, 3), keepdim=True)
            squeezed = self.convolve(f"{row.name}.se.conv_reduce", pooled, bias=True).clamp(min=0)
            opened = self.convolve(f"{row.name}.se.conv_expand", squeezed, bias=True)
            inner = inner * (opened + 3).clamp(0, 6) / 6
        made = self.ghost(f"{row.name}.ghost2", inner, active=False)
        if f"{row.name}.shortcut.0.weight" not in self.state:
            return made + maps
        across = self.convolve(f"{row.name}.shortcut.0", maps, row.stride)
        across = self.convolve(
            f"{row.name}.shortcut.2", self.norm(f"{row.name}.shortcut.1", across)
        )
        return made + self.norm(f"{row.name}.shortcut.3", across)

    def maps(self, pictures: Tensor) -> Tensor:
        maps = self.norm("bn1", self.convolve("conv_stem", pictures, 2)).clamp(min=0)
        for row in ROWS:
            maps = self.block(row, maps)
        return maps


def published_state(network: GhostNetV2) -> dict[str, Tensor]:
    """The tensors of the network under the published names."""
    fake = {"blocks.0.0.ghost1.primary_conv.0.weight": torch.empty(0)}
    names = {row.name for row in ROWS}
    every = [f"{name}.{part}" for name in names for part in PARTS] + ["conv_stem", "bn1"]
    fake |= {
        f"{layer}.{tensor}": torch.empty(0)
        for layer in every
        for tensor in ("weight", "bias", "running_mean", "running_var")
    }
    origins = translate(network, fake).origins
    own = network.state_dict()
    return {theirs: own[ours] for ours, theirs in origins.items() if ours in own}


PARTS = [
    *(
        f"{ghost}.{part}.{n}"
        for ghost in ("ghost1", "ghost2")
        for part in ("primary_conv", "cheap_operation")
        for n in range(2)
    ),
    *(f"ghost1.short_conv.{n}" for n in range(6)),
    *("conv_dw", "bn_dw", "se.conv_reduce", "se.conv_expand"),
    *(f"shortcut.{n}" for n in range(4)),
]


def test_it_has_the_published_size() -> None:
    """6.1 M parameters and 167 M multiply-adds: table 2 of the paper."""
    with torch.device("meta"):
        network = GhostNetV2().eval()
        with FlopCounterMode(display=False) as counter:
            maps = network(torch.empty(1, 3, 224, 224))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (24, 56, 56), (40, 28, 28), (112, 14, 14), (160, 7, 7),
    ]  # fmt: skip
    head = 160 * LAST_CHANNELS + 2 * LAST_CHANNELS + (LAST_CHANNELS + 1) * HEAD_CHANNELS
    head += (HEAD_CHANNELS + 1) * CLASSES
    counted = sum(parameter.numel() for parameter in network.parameters()) + head
    assert counted / 1e6 == pytest.approx(6.157, abs=6e-4)
    products = 160 * LAST_CHANNELS * 49 + LAST_CHANNELS * HEAD_CHANNELS + HEAD_CHANNELS * CLASSES
    assert counter.get_total_flops() / 2e6 + products / 1e6 == pytest.approx(167.0, abs=0.1)


def test_published_weights_give_the_published_computation(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = GhostNetV2()
    # 224 x 160 pixels: the deepest maps are of 7 x 5 places, whose halves are rounded down.
    pictures = torch.randn(2, 3, 224, 160)
    settle(network, pictures)
    network, pictures = network.double(), pictures.double()
    state = published_state(network)
    reference = Published(state)
    with torch.no_grad():
        expected = reference.maps(pictures)
        torch.testing.assert_close(network(pictures)[-1], expected, rtol=1e-5, atol=1e-5)
    assert reference.used == state.keys()

    torch.save(state | {"classifier.weight": torch.zeros(1000, 1280)}, tmp_path / "ghost.pt")
    for name, places in {
        "mazinga-v2": ["backbone"],
        "stcnet-ghostnetv2": ["pathways.spatial", "pathways.temporal"],
    }.items():
        filled = build_model(name)
        loaded = load_pretrained(filled, tmp_path / "ghost.pt", allow_partial=True)
        assert not loaded.misshapen
        assert not any(missing.startswith(tuple(places)) for missing in loaded.missing)
        for place in places:
            part = filled.get_submodule(place)
            for key, tensor in part.state_dict().items():
                if not key.endswith("num_batches_tracked"):
                    assert torch.equal(tensor, network.state_dict()[key]), key
