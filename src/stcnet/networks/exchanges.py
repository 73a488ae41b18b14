"""What the pathways of STCNet tell each other after a stage."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from stcnet.networks.backbone import ConvNormAct

FusionName = Literal["sum", "lateral", "none"]


class LateralExchange(nn.Module):
    """Guidance between the pathways: each gets a projection of the other's map added.

    Section III-B of the paper describes one 1x1 convolution, batch norm and ReLU each way and
    stage. The released code leaves them out of the forward pass.

    Args:
        channels: Channels of both maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.to_spatial = ConvNormAct(channels, channels, activation=nn.ReLU())
        self.to_temporal = ConvNormAct(channels, channels, activation=nn.ReLU())
        for lateral in (self.to_spatial, self.to_temporal):
            norm = lateral[1]
            assert isinstance(norm, nn.BatchNorm2d)
            # A small start leaves pretrained pathways as they are; zero would be dead under ReLU.
            nn.init.constant_(norm.weight, 0.1)

    def forward(self, spatial: Tensor, temporal: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of shape (N, C, h, w) each, exchanged."""
        return spatial + self.to_spatial(temporal), temporal + self.to_temporal(spatial)


class SumExchange(nn.Module):
    """Both pathways go on with the sum of their maps, as in the authors' released code."""

    def forward(self, spatial: Tensor, temporal: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of shape (N, C, h, w) each; the two results are the same tensor."""
        total = spatial + temporal
        return total, total


class NoExchange(nn.Module):
    """The pathways stay apart: what the exchanges are compared with; published nowhere."""

    def forward(self, spatial: Tensor, temporal: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of shape (N, C, h, w) each, as given."""
        return spatial, temporal


def build_exchange(fusion: FusionName, channels: int) -> nn.Module:
    """The exchange of that name between two pathways whose maps have so many channels."""
    if fusion == "lateral":
        return LateralExchange(channels)
    return SumExchange() if fusion == "sum" else NoExchange()
