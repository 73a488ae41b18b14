"""Networks as others publish them, built here from their description under their own names."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

MOBILE = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, repeats and stride of MobileNetV2's groups of blocks."""


def randomise(network: nn.Module) -> None:
    """Statistics and gains that a network at the start of training has not."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if "running" in name or tensor.ndim == 1:
                tensor.uniform_(0.5, 1.5)


# --- MobileNetV2 ----------------------------------------------------------------------------


def group(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6())


class InvertedBlock(nn.Module):
    """Torchvision's block: all but the last convolution are groups. Flat: nothing is."""

    def __init__(
        self, inputs: int, outputs: int, expansion: int, stride: int, *, flat: bool = False
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers.append(group(inputs, hidden, 1))
        layers.append(group(hidden, hidden, 3, stride, hidden))
        if flat:
            layers = [layer for grouped in layers for layer in grouped.children()]
        layers += [nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        made: Tensor = self.conv(maps)
        return maps + made if self.adds else made


def mobile_blocks(groups: Sequence[int], channels: int, *, flat: bool = False) -> list[nn.Module]:
    """The blocks of some of the groups of :data:`MOBILE`."""
    blocks: list[nn.Module] = []
    for number in groups:
        expansion, outputs, repeats, stride = MOBILE[number]
        for repeat in range(repeats):
            step = 1 if repeat else stride
            blocks.append(InvertedBlock(channels, outputs, expansion, step, flat=flat))
            channels = outputs
    return blocks


def torchvision_mobilenet() -> nn.Module:
    """``mobilenet_v2`` without what comes after the last block, under torchvision's names."""
    features = [group(3, 32, 3, 2), *mobile_blocks(range(7), 32)]
    return nn.Sequential(OrderedDict(features=nn.Sequential(*features)))


# --- SE-ResNeXt -----------------------------------------------------------------------------


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


def timm_seresnext(*, legacy: bool, depths: Sequence[int] = (3, 4, 6, 3)) -> nn.Sequential:
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
    for number, depth in enumerate(depths):
        blocks = []
        for block in range(depth):
            planes, stride = 64 * 2**number, 2 if number and not block else 1
            blocks.append(Bottleneck(channels, planes, stride, "se_module" if legacy else "se"))
            channels = 4 * planes
        parts[f"layer{number + 1}"] = nn.Sequential(*blocks)
    return nn.Sequential(parts)


class CadeneSEResNeXt(nn.Module):
    """SE-ResNeXt-50 as the code of STCNet carries it, its ImageNet classifier included."""

    def __init__(self) -> None:
        super().__init__()
        for name, part in timm_seresnext(legacy=True).named_children():
            self.add_module(name, part)
        self.last_linear = nn.Linear(2048, 1000)

    def layer(self, number: int, maps: Tensor) -> Tensor:
        """One of layer1..layer4, the stem before the first."""
        if number == 1:
            maps = self.get_submodule("pool")(self.get_submodule("layer0")(maps))
        result: Tensor = self.get_submodule(f"layer{number}")(maps)
        return result


# --- STCNet ---------------------------------------------------------------------------------


class AuthorsHead(nn.Module):
    """1x1 and ReLU a frame; frames on channels; 1x1, norm, ReLU; pool; linear."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.conv_fuse_RGB = nn.Conv2d(channels, 256, 1)
        self.cls_module = nn.Sequential(
            nn.Conv2d(256 * frames, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU()
        )
        self.last_fc = nn.Linear(256, 2)

    def judge(self, fused: Tensor) -> Tensor:
        reduced = self.conv_fuse_RGB(fused).relu()
        clips = reduced.reshape(-1, self.frames * 256, *fused.shape[2:])
        logits: Tensor = self.last_fc(self.cls_module(clips).mean(dim=(2, 3)))
        return logits


class AuthorsSEResNeXt(AuthorsHead):
    """Two backbones; after each layer the sum of the two maps goes to both."""

    def __init__(self, frames: int = 8) -> None:
        super().__init__(2048, frames)
        self.base_model, self.branch_model = CadeneSEResNeXt(), CadeneSEResNeXt()
        self.conv_fuse_FLOW = nn.Conv2d(2048, 256, 1)

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        spatial, temporal = frames.flatten(0, 1), residuals.flatten(0, 1)
        for number in range(1, 5):
            total = self.base_model.layer(number, spatial)
            total = total + self.branch_model.layer(number, temporal)
            spatial = temporal = total
        return self.judge(total)


def staged_mobilenet() -> nn.Module:
    """MobileNetV2 cut into the authors' four stages."""
    stem = group(3, 32, 3, 2)
    return nn.ModuleDict(
        {
            "feature_1": nn.Sequential(stem, *mobile_blocks((0, 1), 32, flat=True)),
            "feature_2": nn.Sequential(*mobile_blocks((2,), 24, flat=True)),
            "feature_4": nn.Sequential(*mobile_blocks((3, 4), 32, flat=True)),
            "feature_6": nn.Sequential(*mobile_blocks((5, 6), 96, flat=True)),
        }
    )


class AuthorsMobileNet(AuthorsHead):
    """The stages to 24, 32 and 96 channels see both inputs; the last one has a double."""

    def __init__(self, frames: int = 8) -> None:
        super().__init__(320, frames)
        self.base_model, self.branch_model = staged_mobilenet(), staged_mobilenet()

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        spatial, temporal = frames.flatten(0, 1), residuals.flatten(0, 1)
        for name in ("feature_1", "feature_2", "feature_4"):
            stage = self.base_model.get_submodule(name)
            spatial = temporal = stage(spatial) + stage(temporal)
        last = self.base_model.get_submodule("feature_6")(spatial)
        return self.judge(last + self.branch_model.get_submodule("feature_6")(temporal))


class IndependentSTCNet(nn.Module):
    """ChangyWen's: two 1x1 without activation, pool, mean over time, linear, log-softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.spatial_path, self.temporal_path = CadeneSEResNeXt(), CadeneSEResNeXt()
        self.layer_cls = nn.Sequential(
            OrderedDict(conv1=nn.Conv2d(2048, 256, 1), conv2=nn.Conv2d(256, 256, 1))
        )
        self.layer_out = nn.Sequential(OrderedDict(last_linear=nn.Linear(256, 2)))

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        spatial, temporal = frames.flatten(0, 1), residuals.flatten(0, 1)
        for number in range(1, 5):
            total = self.spatial_path.layer(number, spatial)
            total = total + self.temporal_path.layer(number, temporal)
            spatial = temporal = total
        pooled = self.layer_cls(total).mean(dim=(2, 3)).unflatten(0, frames.shape[:2])
        scores: Tensor = self.layer_out(pooled.mean(dim=1)).log_softmax(dim=1)
        return scores
