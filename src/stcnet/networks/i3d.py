"""I3D and what the authors of RISE put on it: the baselines of RISE's table.

Source: Carreira and Zisserman, CVPR 2017 (arXiv 1705.07750), in the key layout of pytorch-i3d; its
use for smoke and the additions are those of Hsu et al., "Project RISE", AAAI 2021 (arXiv
2005.06111), and of the code released with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.errors import ConfigError
from stcnet.networks.clip_network import CLASSES, ClipNetwork
from stcnet.networks.inception import (
    MIXED,
    STAGES,
    TRUNK_CHANNELS,
    InceptionModule,
    Unit3D,
    trunk_layers,
)
from stcnet.networks.temporal import NonLocalBlock, TemporalShift, TimeceptionLayer

Inputs = Literal["rgb", "flow"]
Addition = Literal["none", "tsm", "lstm", "nl", "tc"]

CHANNELS: dict[Inputs, int] = {"rgb": 3, "flow": 2}
LSTM_SIDE = 7
LSTM_CHANNELS = 128
NON_LOCAL_MODULE = "Mixed_5c"


@dataclass(frozen=True, slots=True)
class I3DChoices:
    """What an I3D is made of.

    Attributes:
        inputs: ``rgb``, or ``flow`` for the two channels of an optical flow.
        addition: What looks along time beyond I3D itself: ``none``; ``tsm``, a temporal shift
            before every Inception module; ``lstm``, one of 128 units on the 7x7x1024 maps; ``nl``,
            a non-local block behind both 3x3x3 convolutions of the last Inception module; ``tc``,
            one Timeception layer on the maps.
        frames: T, the number of frames of a clip; the network takes any other too.
        dropout: Share of the pooled features dropped in training, 0..1.

    Raises:
        ConfigError: A choice has a value that is not allowed.
    """

    inputs: Inputs = "rgb"
    addition: Addition = "none"
    frames: int = 36
    dropout: float = 0.5

    def __post_init__(self) -> None:
        for choice, literal in {"inputs": Inputs, "addition": Addition}.items():
            allowed = get_args(literal)
            _require(getattr(self, choice) in allowed, choice, self, ", ".join(allowed))
        counted = isinstance(self.frames, int) and self.frames >= 1
        _require(counted, "frames", self, "a whole number from 1")
        share = isinstance(self.dropout, int | float) and 0 <= self.dropout <= 1
        _require(share, "dropout", self, "0..1")


def _require(fulfilled: bool, choice: str, choices: I3DChoices, allowed: str) -> None:
    if not fulfilled:
        got = getattr(choices, choice)
        raise ConfigError("not a value of this choice", where=choice, got=got, allowed=allowed)


class I3D(ClipNetwork):
    """Inflated 3D ConvNet: clips of shape (B, T, C, H, W) to logits of every frame and of (B, 2).

    Source: Carreira and Zisserman, CVPR 2017, section 2.4; what is behind the trunk is that of Hsu
    et al., AAAI 2021, and of their code.

    The maps of the trunk are averaged over space and over pairs of neighbouring steps, and a linear
    layer gives logits of each step. As RISE does, these are stretched to the T frames by linear
    interpolation with the ends on the ends, and each class's largest logit over time judges the
    clip.

    It departs from the released code as follows. The average over space is over all of it, which
    is the same at 224 pixels and works at any other size; so is the average over pairs for a
    single step. The LSTM takes maps of other than 7x7 places resampled to 7x7.

    Args:
        choices: What it is made of; None for the defaults of :class:`I3DChoices`.
    """

    takes_residuals = False
    input_multiple = 1

    def __init__(self, choices: I3DChoices | None = None) -> None:
        super().__init__()
        self.choices = choices = choices or I3DChoices()
        self.frames = choices.frames
        self.channels = CHANNELS[choices.inputs]
        self.pixel_mean = self.pixel_std = (127.5,) * self.channels
        for name, layer in trunk_layers(self.channels).items():
            self.add_module(name, layer)
        self.feature_channels = self._add(choices.addition)
        self.dropout = nn.Dropout(choices.dropout)
        self.logits = Unit3D(self.feature_channels, len(CLASSES), last=True)

    def _add(self, addition: Addition) -> int:
        """Make the modules of the addition; returns how many channels it gives to the head."""
        self.shift = TemporalShift() if addition == "tsm" else None
        self.non_local = _non_local_blocks() if addition == "nl" else None
        self.lstm: nn.LSTM | None = None
        self.timeception: TimeceptionLayer | None = None
        if addition == "lstm":
            self.lstm = nn.LSTM(TRUNK_CHANNELS * LSTM_SIDE**2, LSTM_CHANNELS, batch_first=True)
            return LSTM_CHANNELS
        if addition == "tc":
            self.timeception = TimeceptionLayer(TRUNK_CHANNELS)
            return self.timeception.channels
        return TRUNK_CHANNELS

    def maps(self, frames: Tensor) -> Tensor:
        """The maps of the last Inception module.

        Args:
            frames: Normalised frames, shape (B, T, C, H, W).

        Returns:
            Shape (B, 1024, T / 8, H / 32, W / 32), every side rounded up.
        """
        maps = frames.transpose(1, 2)
        for stage in STAGES:
            for name in stage:
                maps = self._run(name, maps)
        return maps

    def _run(self, name: str, maps: Tensor) -> Tensor:
        layer = self.get_submodule(name)
        if not isinstance(layer, InceptionModule):
            result: Tensor = layer(maps)
            return result
        branches = layer.branches(self.shift(maps) if self.shift is not None else maps)
        if self.non_local is not None and name == NON_LOCAL_MODULE:
            first, second = self.non_local
            branches[1:3] = first(branches[1]), second(branches[2])
        return torch.cat(branches, dim=1)

    def step_features(self, frames: Tensor) -> Tensor:
        """What the linear layer judges, step by step.

        Args:
            frames: Normalised frames, shape (B, T, C, H, W).

        Returns:
            Shape (B, F, S): 1024 channels and, for 36 frames, 4 steps; with an LSTM 128 and 5;
            with Timeception 1280 and 1.
        """
        maps = self.maps(frames)
        if self.lstm is not None:
            return self._remember(maps)
        if self.timeception is not None:
            maps = self.timeception(maps)
        steps = maps.mean(dim=(3, 4))
        return F.avg_pool1d(steps, min(2, steps.shape[2]), stride=1)

    def _remember(self, maps: Tensor) -> Tensor:
        """Outputs of the LSTM at each step, shape (B, 128, T'), for maps of the trunk."""
        assert self.lstm is not None
        steps = maps.transpose(1, 2)
        places = F.adaptive_avg_pool2d(steps.flatten(0, 1), LSTM_SIDE)
        outputs: Tensor = self.lstm(places.reshape(*steps.shape[:2], -1))[0]
        return outputs.transpose(1, 2)

    def features(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """What a support vector machine judges: the features of the steps, averaged.

        RISE puts the steps of a clip side by side instead, four times as many numbers.

        Args:
            frames: Normalised frames, shape (B, T, C, H, W).
            residuals: Ignored.

        Returns:
            Shape (B, 1024); with an LSTM (B, 128), with Timeception (B, 1280).
        """
        return self.step_features(frames).mean(dim=2)

    def supervised(self, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
        """Logits of each frame, ``frames``, shape (B, T, 2), and of the clip, ``joint`` (B, 2)."""
        features = self.dropout(self.step_features(frames))
        steps = self.logits(features[..., None, None]).flatten(2)
        logits = F.interpolate(steps, frames.shape[1], mode="linear", align_corners=True)
        return {"joint": logits.amax(dim=2), "frames": logits.transpose(1, 2)}

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Class logits of clips.

        Args:
            frames: Normalised frames, shape (B, T, C, H, W).
            residuals: Ignored.

        Returns:
            Logits of shape (B, 2) for (none, smoke): the largest of each class over time.
        """
        return self.supervised(frames, residuals)["joint"]

    def blocks(self) -> list[nn.Module]:
        """The four stages of the trunk (freezing them freezes I3D), then all that looks on."""
        stages = [nn.ModuleList(self.get_submodule(name) for name in stage) for stage in STAGES]
        last = [self.non_local, self.lstm, self.timeception, self.logits]
        return [*stages, nn.ModuleList(module for module in last if module is not None)]


def _non_local_blocks() -> nn.ModuleList:
    """One for each 3x3x3 convolution of the last Inception module, as RISE's paper has it.

    The released code means to leave out 1x1x1 convolutions but compares a tuple with a list, so
    that there every convolution gets a block.
    """
    widths = MIXED[NON_LOCAL_MODULE]
    return nn.ModuleList([NonLocalBlock(widths.wide_a), NonLocalBlock(widths.wide_b)])
