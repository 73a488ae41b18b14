"""The trunk of I3D: Inception-v1 inflated to three dimensions, in the key layout of pytorch-i3d.

Source: Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017, figure 3; Inception-v1
is of Szegedy et al., CVPR 2015, table 1. Names and shapes of all tensors are those of pytorch-i3d
(``Conv3d_1a_7x7.conv3d.weight``, ``Mixed_3b.b1a.bn.bias`` and so on).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Triple = tuple[int, int, int]
"""Along time, height and width."""

TRUNK_CHANNELS = 1024


def pad_same(maps: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zeros around maps of shape (B, C, T, H, W), as TensorFlow pads for ``SAME``.

    Each side of length n comes out of the kernel with length ceil(n / stride). An odd zero goes
    to the end.

    >>> pad_same(torch.ones(1, 1, 1, 1, 4), (1, 1, 3), (1, 1, 2)).flatten().tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    padding: list[int] = []
    for length, side, step in zip(maps.shape[2:], kernel, stride, strict=True):
        lacking = max(side - (length % step or step), 0)
        padding = [lacking // 2, lacking - lacking // 2, *padding]
    return F.pad(maps, padding)


class MaxPool(nn.Module):
    """Max pooling over time and space with TensorFlow's padding.

    The padding is zero, which is below no input: all of them come out of a ReLU.

    Args:
        kernel: Sides of the window.
        stride: Steps of the window.
    """

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W), every side divided by its step and rounded up."""
        return F.max_pool3d(pad_same(maps, self.kernel, self.stride), self.kernel, self.stride)


class Unit3D(nn.Module):
    """Convolution over time and space with TensorFlow's padding, batch norm and ReLU.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Sides of the kernel.
        stride: Steps of the kernel.
        last: No batch norm and no ReLU, but a bias: the layer that gives logits.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Triple = (1, 1, 1),
        stride: Triple = (1, 1, 1),
        *,
        last: bool = False,
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=last)
        if not last:
            self.bn = nn.BatchNorm3d(outputs, eps=1e-3, momentum=0.01)
        self.last = last

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W), every side divided by its step and rounded up."""
        convolved: Tensor = self.conv3d(pad_same(maps, self.kernel, self.stride))
        return convolved if self.last else F.relu(self.bn(convolved))


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels of the layers of an Inception module, branch by branch."""

    point: int
    reduced_a: int
    wide_a: int
    reduced_b: int
    wide_b: int
    pooled: int

    @property
    def total(self) -> int:
        """Channels of the concatenated branches."""
        return self.point + self.wide_a + self.wide_b + self.pooled


class InceptionModule(nn.Module):
    """Four branches side by side: 1x1x1, twice 1x1x1 and 3x3x3, max pooling and 1x1x1.

    Args:
        inputs: Channels in.
        widths: Channels of the layers.
    """

    def __init__(self, inputs: int, widths: Widths) -> None:
        super().__init__()
        self.b0 = Unit3D(inputs, widths.point)
        self.b1a = Unit3D(inputs, widths.reduced_a)
        self.b1b = Unit3D(widths.reduced_a, widths.wide_a, (3, 3, 3))
        self.b2a = Unit3D(inputs, widths.reduced_b)
        self.b2b = Unit3D(widths.reduced_b, widths.wide_b, (3, 3, 3))
        self.b3a = MaxPool((3, 3, 3), (1, 1, 1))
        self.b3b = Unit3D(inputs, widths.pooled)

    def branches(self, maps: Tensor) -> list[Tensor]:
        """What each branch makes of maps of shape (B, C, T, H, W)."""
        return [
            self.b0(maps),
            self.b1b(self.b1a(maps)),
            self.b2b(self.b2a(maps)),
            self.b3b(self.b3a(maps)),
        ]

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W) to (B, total, T, H, W)."""
        return torch.cat(self.branches(maps), dim=1)


MIXED = {
    "Mixed_3b": Widths(64, 96, 128, 16, 32, 32),
    "Mixed_3c": Widths(128, 128, 192, 32, 96, 64),
    "Mixed_4b": Widths(192, 96, 208, 16, 48, 64),
    "Mixed_4c": Widths(160, 112, 224, 24, 64, 64),
    "Mixed_4d": Widths(128, 128, 256, 24, 64, 64),
    "Mixed_4e": Widths(112, 144, 288, 32, 64, 64),
    "Mixed_4f": Widths(256, 160, 320, 32, 128, 128),
    "Mixed_5b": Widths(256, 160, 320, 32, 128, 128),
    "Mixed_5c": Widths(384, 192, 384, 48, 128, 128),
}
"""Widths of the Inception modules in order."""

STAGES: tuple[tuple[str, ...], ...] = (
    ("Conv3d_1a_7x7", "MaxPool3d_2a_3x3", "Conv3d_2b_1x1", "Conv3d_2c_3x3"),
    ("MaxPool3d_3a_3x3", "Mixed_3b", "Mixed_3c"),
    ("MaxPool3d_4a_3x3", "Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f"),
    ("MaxPool3d_5a_2x2", "Mixed_5b", "Mixed_5c"),
)
"""The layers of the trunk in order, by the stage that they belong to."""


def trunk_layers(channels: int) -> dict[str, nn.Module]:
    """The layers of :data:`STAGES` by their names in pytorch-i3d, with random weights.

    Args:
        channels: Channels of the input.

    Returns:
        Layers that, run in order, make maps of shape (B, 1024, T / 8, H / 32, W / 32), every
        side rounded up, of clips of shape (B, channels, T, H, W).
    """
    layers: dict[str, nn.Module] = {
        "Conv3d_1a_7x7": Unit3D(channels, 64, (7, 7, 7), (2, 2, 2)),
        "MaxPool3d_2a_3x3": MaxPool((1, 3, 3), (1, 2, 2)),
        "Conv3d_2b_1x1": Unit3D(64, 64),
        "Conv3d_2c_3x3": Unit3D(64, 192, (3, 3, 3)),
        "MaxPool3d_3a_3x3": MaxPool((1, 3, 3), (1, 2, 2)),
        "MaxPool3d_4a_3x3": MaxPool((3, 3, 3), (2, 2, 2)),
        "MaxPool3d_5a_2x2": MaxPool((2, 2, 2), (2, 2, 2)),
    }
    inputs = 192
    for name, widths in MIXED.items():
        layers[name] = InceptionModule(inputs, widths)
        inputs = widths.total
    return {name: layers[name] for stage in STAGES for name in stage}
