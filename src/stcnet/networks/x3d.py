"""X3D-S, a small network that convolves over time and space together: the modern comparison.

Source: Feichtenhofer, "X3D: Expanding Architectures for Efficient Video Recognition", CVPR 2020
(arXiv 2004.04730), tables 1 and 2, in the details that the paper leaves open as its released code
has it. Of the networks of its kind it is the one that a processor without a GPU can train: it
needs 2 billion multiply-adds a clip, I3D 63.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.errors import ConfigError
from stcnet.networks.clip_network import CLASSES, ClipNetwork

STEM_CHANNELS = 24
STAGE_CHANNELS = (24, 48, 96, 192)
STAGE_BLOCKS = (3, 5, 11, 7)
"""Blocks of each stage: 1, 2, 5 and 3, expanded 2.2 times in depth and rounded up."""
BOTTLENECK = 2.25
"""Channels inside a block, as a multiple of those outside."""
HEAD_CHANNELS = 2048
SQUEEZE = 16


@dataclass(frozen=True, slots=True)
class X3DChoices:
    """What an X3D is made of.

    Attributes:
        frames: T, the number of frames of a clip; the network takes any other too.
        dropout: Share of the pooled features dropped in training, 0..1.

    Raises:
        ConfigError: A choice has a value that is not allowed.
    """

    frames: int = 13
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.frames, int) or self.frames < 1:
            _refuse("frames", self.frames, "a whole number from 1")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout <= 1:
            _refuse("dropout", self.dropout, "0..1")


def _refuse(choice: str, got: object, allowed: str) -> None:
    raise ConfigError("not a value of this choice", where=choice, got=got, allowed=allowed)


class ClipGate(nn.Module):
    """Squeeze-and-excitation: scales each channel by a gate computed from the whole clip.

    Source: Hu et al., CVPR 2018; X3D, section 3.1. The channels inside are a sixteenth, rounded to
    the nearest multiple of 8 that is at least nine tenths of it.

    Args:
        channels: Channels of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        wanted = channels / SQUEEZE
        inner = max(8, int(wanted + 4) // 8 * 8)
        inner += 8 if inner < 0.9 * wanted else 0
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool3d(1),
            nn.Conv3d(channels, inner, 1),
            nn.ReLU(inplace=True),
            nn.Conv3d(inner, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Gated maps, shape (B, C, T, H, W) as given."""
        gated: Tensor = maps * self.gate(maps)
        return gated


class X3DBlock(nn.Module):
    """1x1x1 convolution, 3x3x3 channel by channel, 1x1x1 convolution, and a shortcut.

    Source: X3D, section 3.1: batch norm behind each, Swish behind the middle one, ReLU elsewhere.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        stride: Step of the middle convolution over height and width.
        gated: Whether squeeze-and-excitation follows the middle convolution.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int, gated: bool) -> None:
        super().__init__()
        hidden = int(BOTTLENECK * outputs)
        step = (1, stride, stride)
        self.layers = nn.Sequential(
            nn.Conv3d(inputs, hidden, 1, bias=False),
            nn.BatchNorm3d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv3d(hidden, hidden, 3, step, padding=1, groups=hidden, bias=False),
            nn.BatchNorm3d(hidden),
            ClipGate(hidden) if gated else nn.Identity(),
            nn.SiLU(inplace=True),
            nn.Conv3d(hidden, outputs, 1, bias=False),
            nn.BatchNorm3d(outputs),
        )
        shortcut: list[nn.Module] = []
        if stride > 1 or inputs != outputs:
            shortcut.append(nn.Conv3d(inputs, outputs, 1, step, bias=False))
        # As released, a shortcut that keeps the number of channels has no norm.
        if inputs != outputs:
            shortcut.append(nn.BatchNorm3d(outputs))
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W) to (B, C', T, H / stride, W / stride), rounded up."""
        return F.relu(self.layers(maps) + self.shortcut(maps))


class X3D(ClipNetwork):
    """X3D-S: all frames stay through the network, only height and width shrink.

    Clips of shape (B, T, 3, H, W) become logits of shape (B, 2). Source: Feichtenhofer, CVPR 2020,
    tables 1 and 2.

    It departs from the paper in its two classes, in an average over all that is left of time and
    space, whatever the size of the input, and in that the last norm of a block starts at one, as
    in the rest of this package, where the released code starts it at zero. With 400 classes it has
    3.79 M parameters, as the released one; the paper prints 3.76 M.

    Args:
        choices: What it is made of; None for the defaults of :class:`X3DChoices`.
    """

    takes_residuals = False
    channels = 3
    input_multiple = 1
    pixel_mean = (114.75,) * 3
    pixel_std = (57.375,) * 3

    def __init__(self, choices: X3DChoices | None = None) -> None:
        super().__init__()
        self.choices = choices = choices or X3DChoices()
        self.frames = choices.frames
        self.stem = _stem()
        self.stages = nn.ModuleList()
        channels = STEM_CHANNELS
        for depth, outputs in zip(STAGE_BLOCKS, STAGE_CHANNELS, strict=True):
            self.stages.append(_stage(depth, channels, outputs))
            channels = outputs
        hidden = int(BOTTLENECK * channels)
        self.widen = nn.Sequential(
            nn.Conv3d(channels, hidden, 1, bias=False),
            nn.BatchNorm3d(hidden),
            nn.ReLU(inplace=True),
        )
        self.project = nn.Linear(hidden, HEAD_CHANNELS, bias=False)
        self.dropout = nn.Dropout(choices.dropout)
        self.classifier = nn.Linear(HEAD_CHANNELS, len(CLASSES))

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Class logits of clips.

        Args:
            frames: Normalised frames, shape (B, T, 3, H, W).
            residuals: Ignored.

        Returns:
            Logits of shape (B, 2) for (none, smoke).
        """
        maps = self.stem(frames.transpose(1, 2))
        for stage in self.stages:
            maps = stage(maps)
        pooled = self.widen(maps).mean(dim=(2, 3, 4))
        logits: Tensor = self.classifier(self.dropout(F.relu(self.project(pooled))))
        return logits

    def blocks(self) -> list[nn.Module]:
        """The four stages, the stem with the first, then the head."""
        first, *others = self.stages
        head = nn.ModuleList([self.widen, self.project, self.classifier])
        return [nn.ModuleList([self.stem, first]), *others, head]


def _stem() -> nn.Sequential:
    """3x3 over space, then 5 steps of time channel by channel: table 1 of the paper, conv1."""
    return nn.Sequential(
        nn.Conv3d(3, STEM_CHANNELS, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False),
        nn.Conv3d(
            STEM_CHANNELS,
            STEM_CHANNELS,
            (5, 1, 1),
            padding=(2, 0, 0),
            groups=STEM_CHANNELS,
            bias=False,
        ),
        nn.BatchNorm3d(STEM_CHANNELS),
        nn.ReLU(inplace=True),
    )


def _stage(depth: int, inputs: int, outputs: int) -> nn.Sequential:
    """Blocks of which the first halves height and width and every second is not gated."""
    return nn.Sequential(
        *(
            X3DBlock(
                outputs if number else inputs,
                outputs,
                stride=1 if number else 2,
                gated=number % 2 == 0,
            )
            for number in range(depth)
        )
    )
