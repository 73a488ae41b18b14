"""Backbones in the names of torchvision and timm, built here a second time, fill our pathways."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stcnet.errors import ConfigError
from stcnet.networks import build_model
from stcnet.networks.backbones import build_backbone
from stcnet.networks.pretrained import load_pretrained
from stcnet.networks.published_layouts import in_own_names


class InvertedBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers.append(group(inputs, hidden, 1))
        layers.append(group(hidden, hidden, 3, stride, hidden))
        layers += [nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        made: Tensor = self.conv(maps)
        return maps + made if self.adds else made


def group(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


def torchvision_mobilenet() -> nn.Module:
    """``mobilenet_v2`` without what comes after the last block, under torchvision's names."""
    features, channels = [group(3, 32, 3, 2)], 32
    for expansion, outputs, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):  # fmt: skip
        for repeat in range(repeats):
            features.append(
                InvertedBlock(channels, outputs, expansion, stride if not repeat else 1)
            )
            channels = outputs
    return nn.Sequential(OrderedDict(features=nn.Sequential(*features)))


class Gate(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        gate: Tensor = self.fc2(self.fc1(maps.mean(dim=(2, 3), keepdim=True)).relu()).sigmoid()
        return maps * gate


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, planes: int, stride: int, gate: str) -> None:
        super().__init__()
        width, outputs = 2 * planes, 4 * planes
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=32, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.add_module(gate, Gate(outputs))
        self.gate = gate
        self.downsample: nn.Module | None = None
        if inputs != outputs or stride != 1:
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.bn1(self.conv1(maps)).relu()
        inner = self.bn3(self.conv3(self.bn2(self.conv2(inner)).relu()))
        inner = self.get_submodule(self.gate)(inner)
        shortcut = maps if self.downsample is None else self.downsample(maps)
        added: Tensor = (inner + shortcut).relu()
        return added


def timm_seresnext(*, legacy: bool) -> nn.Module:
    """``seresnext50_32x4d`` without its classifier, under timm's new or old names."""
    stem = OrderedDict[str, nn.Module](
        conv1=nn.Conv2d(3, 64, 7, 2, 3, bias=False), bn1=nn.BatchNorm2d(64), relu1=nn.ReLU()
    )
    pool = nn.MaxPool2d(3, 2, ceil_mode=True)
    parts: OrderedDict[str, nn.Module] = stem
    if legacy:
        parts = OrderedDict(layer0=nn.Sequential(stem))
    parts["pool"] = pool
    channels = 64
    for number, depth in enumerate((3, 4, 6, 3)):
        blocks = []
        for block in range(depth):
            planes, stride = 64 * 2**number, 2 if number and not block else 1
            blocks.append(Bottleneck(channels, planes, stride, "se_module" if legacy else "se"))
            channels = 4 * planes
        parts[f"layer{number + 1}"] = nn.Sequential(*blocks)
    return nn.Sequential(parts)


def randomise(network: nn.Module) -> None:
    """Statistics and gains that a network at the start of training has not."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if "running" in name or tensor.ndim == 1:
                tensor.uniform_(0.5, 1.5)


LAYOUTS: list[tuple[str, str, Callable[[], nn.Module]]] = [
    ("mobilenet_v2", "stcnet-mobilenetv2", torchvision_mobilenet),
    ("se_resnext50", "stcnet-seresnext50", lambda: timm_seresnext(legacy=False)),
    ("se_resnext50", "plain-seresnext50", lambda: timm_seresnext(legacy=True)),
]
NAMES = ["torchvision", "timm", "timm legacy"]


@pytest.mark.parametrize(("backbone", "preset", "published"), LAYOUTS, ids=NAMES)
def test_a_published_backbone_gives_its_own_maps(
    tmp_path: Path, backbone: str, preset: str, published: Callable[[], nn.Module]
) -> None:
    torch.manual_seed(0)
    theirs, ours = published().eval(), build_backbone(backbone).eval()
    randomise(theirs)
    ours.load_state_dict(in_own_names(ours, theirs.state_dict()))
    pictures = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        maps = theirs(pictures)
        torch.testing.assert_close(ours(pictures)[-1] / maps.std(), maps / maps.std())

    classifier = {"classifier.1.weight": torch.zeros(1000, 8)}
    torch.save(theirs.state_dict() | classifier, tmp_path / "published.pt")
    network = build_model(preset)
    loaded = load_pretrained(network, tmp_path / "published.pt", allow_partial=True)
    assert not any(name.startswith("pathways.") for name in loaded.missing)
    assert not loaded.misshapen
    for prefix, filled in network.named_modules():
        if prefix in {"pathways.spatial", "pathways.temporal"}:
            state = filled.state_dict()
            assert all(
                torch.equal(state[name], tensor) for name, tensor in ours.state_dict().items()
            )


def test_the_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    torch.save(torchvision_mobilenet().state_dict(), tmp_path / "mobile.pt")
    with pytest.raises(ConfigError, match="the weights do not fit the network"):
        load_pretrained(
            build_model("plain-seresnext50"), tmp_path / "mobile.pt", allow_partial=True
        )


def test_a_state_dict_in_our_names_stays_as_it_is() -> None:
    network = build_model("stcnet-mobilenetv2")
    state = network.state_dict()
    assert in_own_names(network, state).keys() == state.keys()
