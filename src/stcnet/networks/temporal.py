"""What the authors of RISE put on I3D to look further along time (Hsu et al., AAAI 2021).

Temporal shift, non-local blocks and one Timeception layer. The LSTM needs no module of its own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SHIFT_DIVISOR = 16
"""One channel in so many is shifted each way; TSM itself takes 8, RISE 16."""

TIMECEPTION_GROUPS = 8
TIMECEPTION_KERNELS = (3, 5, 7)
TIMECEPTION_EXPANSION = 1.25


def shift_in_time(maps: Tensor, divisor: int = SHIFT_DIVISOR) -> Tensor:
    """Move some channels one step along time, zeros coming in.

    Source: Lin et al., "TSM: Temporal Shift Module", ICCV 2019: partial, both ways. The
    code of RISE reads its (B, C, T, H, W) maps as (B, T, C, H, W) without moving the axes, so that
    what it shifts mixes time with channels; here time is shifted, as the paper says.

    Args:
        maps: Shape (B, C, T, H, W).
        divisor: The first C // divisor channels come from the next step, as many after them from
            the previous one; the others stay.

    >>> shift_in_time(torch.arange(1.0, 7.0).reshape(1, 3, 2, 1, 1), 3).squeeze().tolist()
    [[2.0, 0.0], [0.0, 3.0], [5.0, 6.0]]
    """
    fold = maps.shape[1] // divisor
    ahead = F.pad(maps[:, :fold, 1:], (0, 0, 0, 0, 0, 1))
    behind = F.pad(maps[:, fold : 2 * fold, :-1], (0, 0, 0, 0, 1, 0))
    return torch.cat([ahead, behind, maps[:, 2 * fold :]], dim=1)


class TemporalShift(nn.Module):
    """:func:`shift_in_time` as a layer without weights."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W), some channels shifted by one step."""
        return shift_in_time(maps)


class NonLocalBlock(nn.Module):
    """Every place of a clip looks at every other one, and adds what it finds to itself.

    Source: Wang et al., "Non-local Neural Networks", CVPR 2018: embedded Gaussian (equation 3),
    half the channels inside, keys and values pooled 2x2 over space (section 3.3), batch norm after
    the last convolution whose scale starts at zero, so that a new block changes nothing. It
    departs in that biases without any effect are left out, and that maps of one row or column are
    not pooled along it.

    Args:
        channels: C, of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.theta = nn.Conv3d(channels, inner, 1)
        # Biases here would be dead: the softmax takes away that of phi, the norm the others.
        self.phi = nn.Conv3d(channels, inner, 1, bias=False)
        self.g = nn.Conv3d(channels, inner, 1, bias=False)
        self.out = nn.Conv3d(inner, channels, 1, bias=False)
        self.norm = nn.BatchNorm3d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W), what was found added."""
        queries = self.theta(maps).flatten(2).transpose(1, 2)
        keys, values = (
            _pool_space(embed(maps)).flatten(2).transpose(1, 2) for embed in (self.phi, self.g)
        )
        # The paper does not divide by the square root of the channels.
        found = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)
        found = found.transpose(1, 2).reshape(len(maps), -1, *maps.shape[2:])
        added: Tensor = self.norm(self.out(found))
        return maps + added


def _pool_space(maps: Tensor) -> Tensor:
    height, width = maps.shape[3:]
    return F.max_pool3d(maps, (1, min(2, height), min(2, width)))


class TimeceptionLayer(nn.Module):
    """Temporal convolutions of several lengths in groups of channels, and half the steps.

    Source: Hussein et al., "Timeception for Complex Action Recognition", CVPR 2019, section 3:
    the channels are cut into groups; in each, five branches reduce the channels by a 1x1x1
    convolution and go on with nothing, a depthwise temporal convolution of 3, 5 or 7 steps, or
    max pooling over 2 steps; batch norm each; the branches are put together, ReLU, the channels of
    the groups shuffled, max pooling over 2 steps. Kernels of several lengths, not several
    dilations, as RISE has it. It departs in that the convolutions have no biases, which the norms
    behind them take away (but for a trace at the padded ends), and in that a clip of one step
    stays of one step.

    Args:
        channels: C, of the maps, divisible by the 8 groups.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        groups = TIMECEPTION_GROUPS
        branches = len(TIMECEPTION_KERNELS) + 2
        width = groups * int(channels * TIMECEPTION_EXPANSION / (groups * branches))
        self.channels = width * branches
        self.reduce = nn.ModuleList(
            nn.Conv3d(channels, width, 1, groups=groups, bias=False) for _ in range(branches)
        )
        convolutions = [_along_time(width, steps) for steps in TIMECEPTION_KERNELS]
        self.along_time = nn.ModuleList([nn.Identity(), *convolutions, PairMaximum()])
        self.norms = nn.ModuleList(nn.BatchNorm3d(width) for _ in range(branches))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W) to (B, 1.25 C, max(T // 2, 1), H, W)."""
        branches = [
            norm(along(reduce(maps)))
            for reduce, along, norm in zip(self.reduce, self.along_time, self.norms, strict=True)
        ]
        mixed = F.relu(_shuffle(branches, TIMECEPTION_GROUPS))
        return F.max_pool3d(mixed, (min(2, mixed.shape[2]), 1, 1))


def _along_time(channels: int, steps: int) -> nn.Conv3d:
    """A depthwise convolution over an odd number of steps that keeps the length."""
    return nn.Conv3d(
        channels,
        channels,
        (steps, 1, 1),
        padding=(steps // 2, 0, 0),
        groups=channels,
        bias=False,
    )


class PairMaximum(nn.Module):
    """The larger of each step and the next one; the last step stays as it is."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (B, C, T, H, W)."""
        return torch.maximum(maps, torch.cat([maps[:, :, 1:], maps[:, :, -1:]], dim=2))


def _shuffle(branches: list[Tensor], groups: int) -> Tensor:
    """Branches of shape (B, groups x n, ...) put together so that groups take turns on channels."""
    shape = (len(branches[0]), groups, -1, *branches[0].shape[2:])
    together = torch.cat([branch.reshape(shape) for branch in branches], dim=2)
    return together.transpose(1, 2).flatten(1, 2)
