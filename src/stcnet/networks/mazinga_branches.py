"""The branches of MazingaSmoke v2 and what they are made of; see :mod:`stcnet.networks.mazinga`.

All of them speak of maps of T frames: *deep* ones of 128 channels at /32 of the input, and *early*
ones at /8, whose changes from frame to frame show what moves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.networks.backbone import ConvNormAct

WIDTH = 128
"""Channels of all features behind the backbone."""
ADAPTED = 16
SHORT_DILATIONS = (1, 2)
LONG_DILATIONS = (1, 2, 4, 8)
ATTENTION_HEADS = 4
PLACES = 7
"""Rows and columns of the deep maps at 224 pixels."""


def changes(sequence: Tensor) -> Tensor:
    """Each step less the one before it, shape (B, T, ...) as given; the first step has no change.

    >>> changes(torch.tensor([[1.0, 4.0, 2.0]])).tolist()
    [[0.0, 3.0, -2.0]]
    """
    return sequence - torch.cat([sequence[:, :1], sequence[:, :-1]], dim=1)


def gather_frames(sequence: Tensor, scores: Tensor) -> Tensor:
    """Mean over time, weighted by the softmax of the scores.

    Args:
        sequence: Shape (B, T, C).
        scores: Shape (B, T, 1).

    Returns:
        Shape (B, C).
    """
    return (sequence * scores.softmax(dim=1)).sum(dim=1)


class TemporalBlock(nn.Module):
    """A depthwise convolution over three steps, a pointwise one, and a shortcut.

    Args:
        dilation: Steps between the three.
        dropout: Share of the result dropped in training, 0..1.
    """

    def __init__(self, dilation: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(
                WIDTH, WIDTH, 3, padding=dilation, dilation=dilation, groups=WIDTH, bias=False
            ),
            nn.BatchNorm1d(WIDTH),
            nn.GELU(),
            nn.Conv1d(WIDTH, WIDTH, 1, bias=False),
            nn.BatchNorm1d(WIDTH),
            nn.GELU(),
            nn.Dropout(dropout),
        )

    def forward(self, sequence: Tensor) -> Tensor:
        """Features of shape (B, 128, T), as given."""
        changed: Tensor = sequence + self.layers(sequence)
        return changed


class TemporalBranch(nn.Module):
    """How a clip goes on: what each frame holds, how it changed, and convolutions over time.

    The early maps of a frame become 16 channels at /32, of which mean, spread and change of the
    mean are kept; they join mean plus maximum of the deep map. A short and a long stack of dilated
    convolutions go over the frames and are added. The spread is that of the places there are
    (divided by their number, not by one less, so that a single place has one).

    Args:
        early_channels: Channels of the early maps.
        dropout: Share of the features dropped in training, 0..1.
    """

    def __init__(self, early_channels: int, dropout: float) -> None:
        super().__init__()
        self.adapt = nn.Sequential(
            ConvNormAct(early_channels, 2 * ADAPTED, 3, stride=2, activation=nn.ReLU(inplace=True)),
            ConvNormAct(2 * ADAPTED, ADAPTED, 3, stride=2, activation=nn.ReLU(inplace=True)),
        )
        self.join = nn.Linear(WIDTH + 3 * ADAPTED, WIDTH, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.short, self.long = (
            nn.Sequential(*(TemporalBlock(dilation, dropout) for dilation in dilations))
            for dilations in (SHORT_DILATIONS, LONG_DILATIONS)
        )
        self.out_norm = nn.LayerNorm(WIDTH)

    def forward(self, deep: Tensor, early: Tensor) -> Tensor:
        """Features of each frame that know of its neighbours.

        Args:
            deep: Shape (B, T, 128, h, w).
            early: Shape (B, T, C, 4 h, 4 w).

        Returns:
            Shape (B, T, 128).
        """
        adapted = self.adapt(early.flatten(0, 1)).reshape(*deep.shape[:2], ADAPTED, -1)
        mean = adapted.mean(dim=3)
        spread = adapted.std(dim=3, correction=0)
        strongest = deep.mean(dim=(3, 4)) + deep.amax(dim=(3, 4))
        joined = self.join(torch.cat([strongest, mean, spread, changes(mean)], dim=2))
        sequence = F.gelu(self.norm(joined.transpose(1, 2)))
        mixed = self.short(sequence) + self.long(sequence)
        features: Tensor = self.out_norm(mixed.transpose(1, 2))
        return features


class ChannelEnhancedPool(nn.Module):
    """Four ways to make maps four times smaller, put together by a 1x1 convolution.

    Maximum, mean, a depthwise convolution, and a mean behind a 1x1 convolution, each over 3x3
    places. Source: CENet (IEEE document 9741308), as MazingaSmoke describes it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.strongest = nn.MaxPool2d(3, stride=4, padding=1)
        self.mean = nn.AvgPool2d(3, stride=4, padding=1)
        self.depthwise = ConvNormAct(
            WIDTH, WIDTH, 3, stride=4, groups=WIDTH, activation=nn.ReLU(inplace=True)
        )
        self.pointwise = ConvNormAct(WIDTH, WIDTH, activation=nn.ReLU(inplace=True))
        self.fuse = ConvNormAct(4 * WIDTH, WIDTH, activation=nn.ReLU(inplace=True))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (N, 128, 4 h, 4 w) to (N, 128, h, w)."""
        ways = (
            self.strongest(maps),
            self.mean(maps),
            self.depthwise(maps),
            self.mean(self.pointwise(maps)),
        )
        fused: Tensor = self.fuse(torch.cat(ways, dim=1))
        return fused


class AlongChannels(nn.Module):
    """One small kernel that slides over the channels of each place, batch norm and ReLU.

    Args:
        length: Channels that the kernel spans, an odd number.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, (length, 1), padding=(length // 2, 0), bias=False)
        self.norm = nn.BatchNorm2d(WIDTH)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (N, 128, h, w), as given."""
        slid = self.convolution(maps.flatten(2).unsqueeze(1)).squeeze(1)
        return F.relu(self.norm(slid.reshape(maps.shape)))


class ChannelEnhancedConvolution(nn.Module):
    """Five views of the maps put together by a 1x1 convolution, and a shortcut.

    Separable convolutions of 5x5 and 3x3 places, one of 1x1, and kernels over 3 and 5 channels.
    Source: CENet (IEEE document 9741308), as MazingaSmoke describes it.

    Args:
        dropout: Share of the channels dropped in training, 0..1.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.views = nn.ModuleList(
            [_separable(5), _separable(3), _pointwise(), AlongChannels(3), AlongChannels(5)]
        )
        self.fuse = ConvNormAct(len(self.views) * WIDTH, WIDTH)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of shape (N, 128, h, w), as given."""
        seen = torch.cat([view(maps) for view in self.views], dim=1)
        return F.relu(maps + self.dropout(self.fuse(seen)))


def _pointwise() -> ConvNormAct:
    return ConvNormAct(WIDTH, WIDTH, activation=nn.ReLU(inplace=True))


def _separable(side: int) -> nn.Sequential:
    depthwise = ConvNormAct(WIDTH, WIDTH, side, groups=WIDTH, activation=nn.ReLU(inplace=True))
    return nn.Sequential(depthwise, _pointwise())


class StaticBranch(nn.Module):
    """Where in each frame something shows: the deep map beside what changed in the early one.

    Details are sharpened by adding a learned share of what a 5x5 mean takes away.

    Args:
        early_channels: Channels of the early maps.
        dropout: Share of the channels dropped in training, 0..1.
    """

    def __init__(self, early_channels: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Conv2d(early_channels, WIDTH, 1, bias=False)
        self.pool = ChannelEnhancedPool()
        self.join = ConvNormAct(2 * WIDTH, WIDTH, activation=nn.ReLU(inplace=True))
        self.smooth = nn.AvgPool2d(5, stride=1, padding=2)
        self.sharpness = nn.Parameter(torch.full((WIDTH, 1, 1), 0.5))
        self.enhance = ChannelEnhancedConvolution(dropout)
        self.dropout = nn.Dropout2d(dropout)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.out_norm = nn.LayerNorm(WIDTH)

    def forward(self, deep: Tensor, early: Tensor) -> Tensor:
        """Maps of each frame.

        Args:
            deep: Shape (B, T, 128, h, w).
            early: Shape (B, T, C, 4 h, 4 w).

        Returns:
            Shape (B, T, 128, h, w), layer-normalised over the channels of each place.
        """
        moved = self.pool(self.project(changes(early).flatten(0, 1)))
        joined = self.join(torch.cat([deep.flatten(0, 1), moved], dim=1))
        sharp = joined + self.sharpness * (joined - self.smooth(joined))
        enhanced = self.dropout(self.enhance(sharp)).movedim(1, -1)
        maps: Tensor = self.out_norm(self.out(enhanced)).movedim(-1, 1)
        return maps.reshape(deep.shape)


class CrossAttention(nn.Module):
    """The temporal features of each frame ask the places of its map, and take the answer along.

    Source: MazingaSmoke v2, on the attention of Vaswani et al., NeurIPS 2017, with 4 heads and
    learned positions of 7x7 places, which are resized for other maps. It departs in two ways: the
    bias of the keys, which the softmax takes away, is left out, and so are learned temperatures,
    which the weights hold already.

    Args:
        dropout: Share of the features dropped in training, 0..1.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(1, WIDTH, PLACES, PLACES))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.ask = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH, bias=False)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.answer = nn.Sequential(
            nn.Linear(WIDTH, WIDTH), nn.Dropout(dropout), nn.LayerNorm(WIDTH)
        )
        self.join = nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.GELU())
        self.refine = nn.Sequential(
            nn.LayerNorm(WIDTH),
            nn.Linear(WIDTH, 2 * WIDTH),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * WIDTH, WIDTH),
            nn.Dropout(dropout),
        )

    def forward(self, sequence: Tensor, maps: Tensor) -> Tensor:
        """Features of each frame that know where to look.

        Args:
            sequence: Shape (B, T, 128).
            maps: Shape (B, T, 128, h, w).

        Returns:
            Shape (B, T, 128).
        """
        positions = F.interpolate(self.positions, maps.shape[3:], mode="bilinear")
        places = (maps + positions.unsqueeze(1)).flatten(3).transpose(2, 3)
        found = F.scaled_dot_product_attention(
            _by_head(self.ask(sequence.unsqueeze(2))),
            _by_head(self.key(places)),
            _by_head(self.value(places)),
        )
        answer = self.answer(found.transpose(2, 3).flatten(2))
        joined = self.join(torch.cat([sequence, answer], dim=2))
        refined: Tensor = joined + self.refine(joined)
        return refined


def _by_head(features: Tensor) -> Tensor:
    """Features (B, T, N, 128) as (B, T, heads, N, 128 / heads)."""
    by_head = features.reshape(*features.shape[:3], ATTENTION_HEADS, -1)
    return by_head.transpose(2, 3)
