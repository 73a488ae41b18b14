"""GhostNetV2: Tang et al., "GhostNetV2: Enhance Cheap Operation with Long-Range Attention".

NeurIPS 2022 (arXiv 2211.12905), on the ghost module of Han et al., "GhostNet: More Features from
Cheap Operations", CVPR 2020 (arXiv 1911.11907).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.networks.backbone import Backbone, ColourTriple, ConvNormAct

STEM_CHANNELS = 16
ATTENTION_LENGTH = 5
"""Length of the one-dimensional kernels that stand for the two fully connected layers."""
SQUEEZE = 4


@dataclass(frozen=True, slots=True)
class GhostBlock:
    """A bottleneck of the table of GhostNet.

    Attributes:
        kernel: Side of its depthwise kernels in pixels.
        hidden: Channels inside.
        channels: Channels out.
        stride: Step of its depthwise kernels in pixels.
        squeezed: Whether its channels are gated by squeeze-and-excitation.
    """

    kernel: int
    hidden: int
    channels: int
    stride: int = 1
    squeezed: bool = False


STAGES: tuple[tuple[GhostBlock, ...], ...] = (
    (GhostBlock(3, 16, 16), GhostBlock(3, 48, 24, 2), GhostBlock(3, 72, 24)),
    (GhostBlock(5, 72, 40, 2, squeezed=True), GhostBlock(5, 120, 40, squeezed=True)),
    (
        GhostBlock(3, 240, 80, 2),
        GhostBlock(3, 200, 80),
        GhostBlock(3, 184, 80),
        GhostBlock(3, 184, 80),
        GhostBlock(3, 480, 112, squeezed=True),
        GhostBlock(3, 672, 112, squeezed=True),
    ),
    (
        GhostBlock(5, 672, 160, 2, squeezed=True),
        GhostBlock(5, 960, 160),
        GhostBlock(5, 960, 160, squeezed=True),
        GhostBlock(5, 960, 160),
        GhostBlock(5, 960, 160, squeezed=True),
    ),
)
"""Table 1 of GhostNet (width 1), which GhostNetV2 keeps, by the stage that each belongs to."""
BLOCKS_WITHOUT_ATTENTION = 2
"""The first bottlenecks have plain ghost modules only."""


class GhostModule(nn.Module):
    """Half of the channels by a 1x1 convolution, the other half from them by a cheap operation.

    Source: Han et al., CVPR 2020, section 3.1 with s = 2: the cheap operation is a depthwise
    3x3 convolution. Batch norm behind both.

    Args:
        inputs: Channels in.
        outputs: Channels out, an even number.
        active: Whether both halves go through a ReLU.
    """

    def __init__(self, inputs: int, outputs: int, *, active: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.primary = ConvNormAct(inputs, half, activation=_relu(active))
        self.cheap = ConvNormAct(half, half, 3, groups=half, activation=_relu(active))

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps of shape (N, C, H, W) to (N, C', H, W)."""
        primary = self.primary(maps)
        return torch.cat([primary, self.cheap(primary)], dim=1)


def _relu(active: bool) -> nn.Module | None:
    return nn.ReLU(inplace=True) if active else None


class DFCAttention(nn.Module):
    """Decoupled fully connected attention: gates that look along the row and the column.

    Source: Tang et al., NeurIPS 2022, equations 4 and 5 and section 3.2: on maps of half the size
    a 1x1 convolution, then one depthwise layer along each row and one along each column, a sigmoid,
    and back to the full size by repeating the nearest. As in the released code, both layers are
    convolutions of length 5 and a batch norm stands behind each. It departs in that maps of one
    row or column are not halved along it.

    Args:
        inputs: Channels in.
        outputs: Channels out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *ConvNormAct(inputs, outputs),
            *_along(outputs, (1, ATTENTION_LENGTH)),
            *_along(outputs, (ATTENTION_LENGTH, 1)),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps of shape (N, C, H, W) to gates of shape (N, C', H, W), each 0..1."""
        height, width = maps.shape[2:]
        halved = F.avg_pool2d(maps, (min(2, height), min(2, width)))
        gates: Tensor = self.layers(halved).sigmoid()
        return F.interpolate(gates, (height, width), mode="nearest")


def _along(channels: int, kernel: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    """A depthwise layer along rows or columns that keeps the size, and its norm."""
    height, width = kernel
    margin = (height // 2, width // 2)
    layer = nn.Conv2d(channels, channels, kernel, padding=margin, groups=channels, bias=False)
    return layer, nn.BatchNorm2d(channels)


class SqueezedGate(nn.Module):
    """Scales each channel by a hard sigmoid of the pooled map.

    Source: Hu et al., CVPR 2018, with the hard sigmoid of Howard et al., ICCV 2019
    (MobileNetV3), as GhostNet has it.

    Args:
        channels: Channels of the map, divisible by 4 x 4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Rounded to multiples of 4, as all widths of GhostNet are.
        inner = (channels // SQUEEZE + 2) // 4 * 4
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, inner, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Gated maps, shape (N, C, H, W) as given."""
        gated: Tensor = maps * self.gate(maps)
        return gated


class GhostBottleneck(nn.Module):
    """Two ghost modules with a shortcut; the first one's maps are gated by DFC attention.

    Source: Tang et al., NeurIPS 2022, section 3.3 and figure 4. Between the modules stand, where
    the table asks for them, a strided depthwise convolution and squeeze-and-excitation.

    Args:
        inputs: Channels in.
        block: What the table says of it.
        attended: Whether it has DFC attention.
    """

    def __init__(self, inputs: int, block: GhostBlock, *, attended: bool) -> None:
        super().__init__()
        hidden, outputs = block.hidden, block.channels
        self.expand = GhostModule(inputs, hidden, active=True)
        self.attention = DFCAttention(inputs, hidden) if attended else None
        between: list[nn.Module] = []
        if block.stride > 1:
            between.append(_depthwise(hidden, block))
        if block.squeezed:
            between.append(SqueezedGate(hidden))
        self.between = nn.Sequential(*between)
        self.project = GhostModule(hidden, outputs, active=False)
        self.shortcut: nn.Module = nn.Identity()
        if block.stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(_depthwise(inputs, block), ConvNormAct(inputs, outputs))

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps of shape (N, C, H, W) to (N, C', H / stride, W / stride)."""
        expanded = self.expand(maps)
        if self.attention is not None:
            expanded = expanded * self.attention(maps)
        projected: Tensor = self.project(self.between(expanded)) + self.shortcut(maps)
        return projected


def _depthwise(channels: int, block: GhostBlock) -> ConvNormAct:
    return ConvNormAct(channels, channels, block.kernel, stride=block.stride, groups=channels)


class GhostNetV2(Backbone):
    """GhostNetV2 of width 1 up to its last bottleneck, (N, 3, H, W) to (N, 160, H / 32, W / 32).

    The stages end at /4, /8, /16 and /32. It departs from the paper only in what it leaves out: the
    960 and 1280 channels behind the last bottleneck, and the classifier.

    Args:
        last_blocks: How many bottlenecks the last stage has, 1..5.
    """

    pixel_mean: ClassVar[ColourTriple] = (123.675, 116.28, 103.53)
    pixel_std: ClassVar[ColourTriple] = (58.395, 57.12, 57.375)

    def __init__(self, last_blocks: int = 5) -> None:
        super().__init__()
        stem = ConvNormAct(3, STEM_CHANNELS, 3, stride=2, activation=nn.ReLU(inplace=True))
        channels, built = STEM_CHANNELS, 0
        self.stages = nn.ModuleList()
        for number, blocks in enumerate((*STAGES[:-1], STAGES[-1][:last_blocks])):
            layers: list[nn.Module] = [stem] if number == 0 else []
            for block in blocks:
                attended = built >= BLOCKS_WITHOUT_ATTENTION
                layers.append(GhostBottleneck(channels, block, attended=attended))
                channels, built = block.channels, built + 1
            self.stages.append(nn.Sequential(*layers))
        self.stage_channels = tuple(blocks[-1].channels for blocks in STAGES)
