"""Backbones of inverted residual blocks: MobileNetV2 and EfficientNet-Lite.

MobileNetV2: Sandler et al., CVPR 2018, table 2. EfficientNet-Lite: the EfficientNet of Tan and Le
(ICML 2019) with ReLU6 for swish, no squeeze-and-excitation, and a stem and last stage that do not
grow with the width and depth multipliers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from stcnet.networks.backbone import Backbone, ColourTriple, ConvNormAct

STEM_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class BlockGroup:
    """A run of equal inverted residual blocks; only the first one has the stride."""

    expansion: int
    channels: int
    repeats: int
    stride: int
    kernel: int = 3


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, linear 1x1 projection, and a shortcut where it fits.

    Args:
        inputs: Channels in.
        group: Expansion, channels, stride and kernel of the block.
        stride: Stride of the depthwise convolution.
        eps: Epsilon of the batch norms.
        same_padding: See :class:`ConvNormAct`.
    """

    def __init__(
        self, inputs: int, group: BlockGroup, stride: int, *, eps: float, same_padding: bool
    ) -> None:
        super().__init__()
        hidden = inputs * group.expansion
        layers: list[nn.Module] = []
        if group.expansion != 1:
            layers.append(ConvNormAct(inputs, hidden, eps=eps, activation=nn.ReLU6(inplace=True)))
        layers.append(
            ConvNormAct(
                hidden,
                hidden,
                group.kernel,
                stride=stride,
                groups=hidden,
                eps=eps,
                activation=nn.ReLU6(inplace=True),
                same_padding=same_padding,
            )
        )
        layers.append(ConvNormAct(hidden, group.channels, eps=eps))
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == group.channels

    def forward(self, maps: Tensor) -> Tensor:
        """Feature maps of shape (N, C, H, W) to (N, C', H / stride, W / stride)."""
        projected: Tensor = self.layers(maps)
        return maps + projected if self.shortcut else projected


class InvertedResidualBackbone(Backbone):
    """Stem and inverted residual blocks, cut into stages that end at /4, /8, /16 and /32.

    Args:
        stages: Groups of blocks of each stage; the stem belongs to the first one.
        eps: Epsilon of the batch norms.
        same_padding: Pad like TensorFlow, see :class:`ConvNormAct`.
    """

    def __init__(
        self, stages: tuple[tuple[BlockGroup, ...], ...], *, eps: float, same_padding: bool
    ) -> None:
        super().__init__()
        stem = ConvNormAct(
            3,
            STEM_CHANNELS,
            3,
            stride=2,
            eps=eps,
            activation=nn.ReLU6(inplace=True),
            same_padding=same_padding,
        )
        channels = STEM_CHANNELS
        self.stages = nn.ModuleList()
        for number, groups in enumerate(stages):
            layers: list[nn.Module] = [stem] if number == 0 else []
            for group in groups:
                for repeat in range(group.repeats):
                    stride = group.stride if repeat == 0 else 1
                    layers.append(
                        InvertedResidual(
                            channels, group, stride, eps=eps, same_padding=same_padding
                        )
                    )
                    channels = group.channels
            self.stages.append(nn.Sequential(*layers))
        self.stage_channels = tuple(groups[-1].channels for groups in stages)


class MobileNetV2(InvertedResidualBackbone):
    """MobileNetV2 of width 1 up to its last block, (N, 3, H, W) to (N, 320, H / 32, W / 32).

    Source: Sandler et al., CVPR 2018, table 2. Its 1280 channels and its classifier are left out.
    """

    pixel_mean: ClassVar[ColourTriple] = (123.675, 116.28, 103.53)
    pixel_std: ClassVar[ColourTriple] = (58.395, 57.12, 57.375)

    def __init__(self) -> None:
        stages = (
            (BlockGroup(1, 16, 1, 1), BlockGroup(6, 24, 2, 2)),
            (BlockGroup(6, 32, 3, 2),),
            (BlockGroup(6, 64, 4, 2), BlockGroup(6, 96, 3, 1)),
            (BlockGroup(6, 160, 3, 2), BlockGroup(6, 320, 1, 1)),
        )
        super().__init__(stages, eps=1e-5, same_padding=False)


class EfficientNetLite(InvertedResidualBackbone):
    """EfficientNet-Lite up to its last block; inputs are normalised as (x - 127) / 128.

    Source: Tan and Le, ICML 2019, and the code released as EfficientNet-Lite. Its 1280 channels and
    its classifier are left out: (N, 3, H, W) to (N, 320, H / 32, W / 32).

    Args:
        width: Multiplier of the channels, rounded to multiples of 8.
        depth: Multiplier of the repeats of the middle groups, rounded up.
    """

    pixel_mean: ClassVar[ColourTriple] = (127.0, 127.0, 127.0)
    pixel_std: ClassVar[ColourTriple] = (128.0, 128.0, 128.0)

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        def group(expansion: int, channels: int, repeats: int, stride: int, k: int) -> BlockGroup:
            ends = channels in (16, 320)
            repeats = repeats if ends else math.ceil(repeats * depth)
            return BlockGroup(expansion, _round_channels(channels * width), repeats, stride, k)

        stages = (
            (group(1, 16, 1, 1, 3), group(6, 24, 2, 2, 3)),
            (group(6, 40, 2, 2, 5),),
            (group(6, 80, 3, 2, 3), group(6, 112, 3, 1, 5)),
            (group(6, 192, 4, 2, 5), group(6, 320, 1, 1, 3)),
        )
        super().__init__(stages, eps=1e-3, same_padding=True)


def _round_channels(channels: float, divisor: int = 8) -> int:
    """Nearest multiple of ``divisor`` that loses at most a tenth of the channels."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
