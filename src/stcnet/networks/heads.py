"""The heads of STCNet: from the features of a clip's frames to one map of the clip.

The mean of a clip map over the picture is what the classifier sees, so that a linear classifier on
the map gives class-activation maps that are exact.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from stcnet.errors import ScoringError
from stcnet.networks.backbone import ConvNormAct

HEAD_CHANNELS = 256
"""Channels of the features of a frame, and of the maps of a clip."""

HeadName = Literal["concat", "mean", "attention", "linear"]


class ConcatHead(nn.Module):
    """Frames concatenated on channels, then a 1x1 convolution, batch norm and ReLU.

    Source: ``cls_module`` of the code that Cao et al. (arXiv 2011.04863) released.

    Args:
        frames: T, the number of frames of a clip.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.aggregate = ConvNormAct(
            frames * HEAD_CHANNELS, HEAD_CHANNELS, activation=nn.ReLU(inplace=True)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Features of shape (B, T, 256, h, w) to clip maps of shape (B, 256, h, w).

        Raises:
            ScoringError: T is not the one that the head is built for.
        """
        if features.shape[1] != self.frames:
            raise ScoringError(
                "the network takes no clips of this length",
                got=f"{features.shape[1]} frames",
                allowed=self.frames,
                hint="build it with frames=N, or with the head mean or attention",
            )
        aggregated: Tensor = self.aggregate(features.flatten(1, 2))
        return aggregated


class MeanHead(nn.Module):
    """A linear 1x1 convolution of each frame, averaged over time; takes any number of frames.

    Source: the independent implementation by ChangyWen. It departs in that the mean is taken
    before the convolution, which gives the same numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Conv2d(HEAD_CHANNELS, HEAD_CHANNELS, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features of shape (B, T, 256, h, w) to clip maps of shape (B, 256, h, w)."""
        # The projection is linear, so projecting the mean equals averaging the projections.
        projected: Tensor = self.project(features.mean(dim=1))
        return projected


class AttentionHead(nn.Module):
    """Attention over all frames and places, then a linear 1x1 convolution.

    The attention pooling of Ilse et al. (ICML 2018, eq. 8), a clip being the bag and the places of
    its frames the instances. It starts as the plain mean. Takes any number of frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Conv2d(HEAD_CHANNELS, HEAD_CHANNELS, 1)
        self.tell = nn.Sequential(
            nn.Conv2d(HEAD_CHANNELS, HEAD_CHANNELS // 4, 1),
            nn.Tanh(),
            # The softmax would cancel a bias.
            nn.Conv2d(HEAD_CHANNELS // 4, 1, 1, bias=False),
        )
        last = self.tell[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.zeros_(last.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Features of shape (B, T, 256, h, w) to clip maps of shape (B, 256, h, w).

        The mean of a map is what attention gathers, so places that tell nothing add nothing.
        """
        batch, _, _, height, width = features.shape
        scores = self.tell(features.flatten(0, 1)).reshape(batch, -1)
        shares = scores.float().softmax(dim=1).to(features.dtype) * (height * width)
        shares = shares.reshape(batch, -1, 1, height, width)
        projected: Tensor = self.project((features * shares).sum(dim=1))
        return projected


def build_head(name: HeadName, frames: int) -> nn.Module:
    """The head of that name, for clips of ``frames`` frames."""
    if name == "concat":
        return ConcatHead(frames)
    return AttentionHead() if name == "attention" else MeanHead()


def build_reduction(name: HeadName, channels: int) -> nn.Sequential:
    """What stands before the head of that name: maps of a frame to its features.

    Args:
        name: With ``linear`` there is no ReLU, as in the independent implementation.
        channels: Of the maps.
    """
    convolution = nn.Conv2d(channels, HEAD_CHANNELS, 1)
    if name == "linear":
        return nn.Sequential(convolution)
    return nn.Sequential(convolution, nn.ReLU(inplace=True))
