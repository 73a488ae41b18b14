"""The contract of a backbone: a picture in, one feature map a stage out."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from torch import Tensor, nn

ColourTriple = tuple[float, float, float]


class Backbone(nn.Module, ABC):
    """A per-picture convolutional network cut into stages of falling resolution.

    Attributes:
        stages: The stages in order; stage ``i`` takes the output of stage ``i - 1``, the first
            one normalised pictures of shape (N, 3, H, W) with H and W divisible by 32.
        stage_channels: Channels that each stage gives.
        pixel_mean, pixel_std: Normalisation of each colour channel, in 8-bit pixel units.
    """

    pixel_mean: ClassVar[ColourTriple]
    pixel_std: ClassVar[ColourTriple]

    stages: nn.ModuleList
    stage_channels: tuple[int, ...]

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Feature maps of all stages for normalised pictures of shape (N, 3, H, W)."""
        maps: list[Tensor] = []
        for stage in self.stages:
            pictures = stage(pictures)
            maps.append(pictures)
        return maps


class ConvNormAct(nn.Sequential):
    """Convolution without bias, batch norm and, if given, an activation.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the square kernel in pixels.
        stride: Step of the kernel in pixels.
        groups: Groups of the convolution.
        eps: Epsilon of the batch norm.
        activation: Module applied last, or None.
        same_padding: Pad as TensorFlow does for inputs of even size, which is one pixel more on
            the right and bottom than on the left and top when the stride is 2.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        eps: float = 1e-5,
        activation: nn.Module | None = None,
        same_padding: bool = False,
    ) -> None:
        layers: list[nn.Module] = []
        padding = kernel // 2
        if same_padding and stride == 2:
            before, after = (kernel - 2) // 2, (kernel - 1) // 2
            layers.append(nn.ZeroPad2d((before, after, before, after)))
            padding = 0
        layers.append(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        )
        layers.append(nn.BatchNorm2d(outputs, eps=eps))
        if activation is not None:
            layers.append(activation)
        super().__init__(*layers)
