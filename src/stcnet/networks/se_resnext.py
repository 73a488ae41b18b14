"""SE-ResNeXt backbones: Hu et al., CVPR 2018 (squeeze-and-excitation) on Xie et al., CVPR 2017.

The layout is the one whose ImageNet weights the published STCNet starts from: a 7x7 stem, strides
in the 3x3 convolutions, 32 groups of 4 channels, squeeze ratio 16.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from stcnet.networks.backbone import Backbone, ColourTriple, ConvNormAct

GROUPS = 32
GROUP_WIDTH = 4
EXPANSION = 4
SQUEEZE = 16


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate computed from the pooled map.

    Args:
        channels: Channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // SQUEEZE, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // SQUEEZE, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Gated maps, shape (N, C, H, W) as given."""
        gated: Tensor = maps * self.gate(maps)
        return gated


class SEResNeXtBlock(nn.Module):
    """Bottleneck with a grouped 3x3 convolution, squeeze-and-excitation and a shortcut.

    Args:
        inputs: Channels in.
        planes: Nominal width; the block gives ``4 * planes`` channels.
        stride: Stride of the 3x3 convolution.
    """

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        width = planes * GROUP_WIDTH * GROUPS // 64
        outputs = planes * EXPANSION
        self.layers = nn.Sequential(
            ConvNormAct(inputs, width, activation=nn.ReLU(inplace=True)),
            ConvNormAct(
                width, width, 3, stride=stride, groups=GROUPS, activation=nn.ReLU(inplace=True)
            ),
            ConvNormAct(width, outputs),
            SqueezeExcitation(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = ConvNormAct(inputs, outputs, stride=stride)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps of shape (N, C, H, W) to (N, 4 * planes, H / stride, W / stride)."""
        activated: Tensor = self.activation(self.layers(maps) + self.shortcut(maps))
        return activated


class SEResNeXt(Backbone):
    """SE-ResNeXt 32x4d without its classifier; stages end at /4, /8, /16 and /32.

    Source: Hu et al., CVPR 2018, table 1, on Xie et al., CVPR 2017: (N, 3, H, W) to
    (N, 2048, H / 32, W / 32).

    Args:
        depths: Blocks of each stage, (3, 4, 6, 3) for 50 layers and (3, 4, 23, 3) for 101.
    """

    pixel_mean: ClassVar[ColourTriple] = (123.675, 116.28, 103.53)
    pixel_std: ClassVar[ColourTriple] = (58.395, 57.12, 57.375)

    def __init__(self, depths: tuple[int, int, int, int] = (3, 4, 6, 3)) -> None:
        super().__init__()
        stem = ConvNormAct(3, 64, 7, stride=2, activation=nn.ReLU(inplace=True))
        pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        channels = 64
        self.stages = nn.ModuleList()
        for number, depth in enumerate(depths):
            planes = 64 * 2**number
            layers: list[nn.Module] = [stem, pool] if number == 0 else []
            for block in range(depth):
                stride = 2 if number > 0 and block == 0 else 1
                layers.append(SEResNeXtBlock(channels, planes, stride))
                channels = planes * EXPANSION
            self.stages.append(nn.Sequential(*layers))
        self.stage_channels = tuple(64 * 2**number * EXPANSION for number in range(4))
