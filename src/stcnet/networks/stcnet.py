"""The Spatio-Temporal Cross Network of Cao et al. (arXiv 2011.04863), composed of named choices.

Two pathways look at T sampled frames: the spatial one at the frames (RGB), the temporal one at the
residual frames. After every backbone stage they exchange feature maps, at /4, /8, /16 and /32 of
the input ("dual pyramid"); the head aggregates the fused maps over time.

Every stage before the head works on one frame and its residual. So a window that moves on by one
frame needs one new frame through the pathways and the head again: streaming is exact.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.errors import ConfigError
from stcnet.networks.backbone import Backbone
from stcnet.networks.backbones import BACKBONES, build_backbone
from stcnet.networks.clip_network import CLASSES, ClipNetwork
from stcnet.networks.exchanges import FusionName, build_exchange
from stcnet.networks.heads import HEAD_CHANNELS, HeadName, build_head, build_reduction

STAGES = 4

Pathways = Literal["both", "spatial", "temporal"]


@dataclass(frozen=True, slots=True)
class STCNetChoices:
    """What an STCNet is made of.

    Attributes:
        backbone: A name of :data:`stcnet.networks.backbones.BACKBONES`.
        pathways: ``both`` as published, ``spatial`` (RGB only) or ``temporal`` (residuals only).
        fusion: ``sum``: both pathways go on with the sum of their maps, as the authors released
            it; ``lateral``: each adds what a 1x1 convolution, batch norm and ReLU make of the
            other's map, as the paper describes it; ``none``: they meet only after the last stage.
        head: ``concat``: frames concatenated on channels, as the authors released it; ``mean``:
            averaged over time; ``attention``: averaged over time and place by how telling each
            is, so that a small plume is not drowned; ``linear``: as ``mean``, without the ReLU
            before it, as the independent implementation has it.
        frames: T, the number of sampled frames of a clip; all heads but ``concat`` take any other.
        shared_stages: How many leading stages the two pathways share, 0..4 (3 in the authors'
            MobileNetV2 variant, 0 in the SE-ResNeXt ones).
        dropout: Share of the pooled features dropped in training, 0..1.
        auxiliary_heads: Give each pathway a classifier of its own on its last map, for training
            only: what the network says and costs without them stays the same. Needs both.

    With a single pathway there is nothing to fuse or share.

    Raises:
        ConfigError: A choice has a value that is not allowed.
    """

    backbone: str = "efficientnet_lite0"
    pathways: Pathways = "both"
    fusion: FusionName = "sum"
    head: HeadName = "concat"
    frames: int = 8
    shared_stages: int = 0
    dropout: float = 0.0
    auxiliary_heads: bool = False

    def __post_init__(self) -> None:
        names = {"pathways": Pathways, "fusion": FusionName, "head": HeadName}
        self._allow("backbone", BACKBONES)
        for choice, literal in names.items():
            self._allow(choice, get_args(literal))
        shared = isinstance(self.shared_stages, int) and 0 <= self.shared_stages <= STAGES
        _require(shared, "shared_stages", self.shared_stages, f"a whole number, 0..{STAGES}")
        counted = isinstance(self.frames, int) and self.frames >= 1
        _require(counted, "frames", self.frames, "a whole number from 1")
        share = isinstance(self.dropout, int | float) and 0 <= self.dropout <= 1
        _require(share, "dropout", self.dropout, "0..1")
        heads = self.auxiliary_heads in {False, self.pathways == "both"}
        _require(
            heads, "auxiliary_heads", self.auxiliary_heads, "true with pathways both, or false"
        )

    def _allow(self, choice: str, allowed: Collection[object]) -> None:
        value = getattr(self, choice)
        _require(value in allowed, choice, value, ", ".join(map(str, allowed)))


def _require(fulfilled: bool, choice: str, got: object, allowed: str) -> None:
    if not fulfilled:
        raise ConfigError("not a value of this choice", where=choice, got=got, allowed=allowed)


class CrossPathways(nn.Module):
    """The backbones of the pathways and the exchange between them.

    Args:
        choices: What the network is made of.
        spatial, temporal: Backbones of equal layout, None for a pathway that is left out.
    """

    def __init__(
        self, choices: STCNetChoices, spatial: Backbone | None, temporal: Backbone | None
    ) -> None:
        super().__init__()
        if spatial is not None and temporal is not None:
            for number in range(choices.shared_stages):
                temporal.stages[number] = spatial.stages[number]
        self.spatial = spatial
        self.temporal = temporal
        backbone = spatial or temporal
        assert backbone is not None
        self.channels = backbone.stage_channels[-1]
        self.exchanges = nn.ModuleList()
        if choices.pathways == "both":
            self.exchanges.extend(
                build_exchange(choices.fusion, channels)
                for channels in backbone.stage_channels[:-1]
            )

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Fused maps of frames and their residuals.

        Args:
            frames: Normalised frames, shape (N, 3, H, W).
            residuals: Residual frame of each, shape (N, 3, H, W).

        Returns:
            Maps of shape (N, C, H / 32, W / 32), the sum of the pathways' last maps.
        """
        if self.spatial is None or self.temporal is None:
            only, inputs = (
                (self.temporal, residuals) if self.spatial is None else (self.spatial, frames)
            )
            assert only is not None
            last: Tensor = only(inputs)[-1]
            return last
        spatial, temporal = self.last_maps(frames, residuals)
        return spatial + temporal

    def last_maps(self, frames: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor]:
        """Last maps of the spatial and the temporal pathway, before they are summed.

        Args:
            frames: As in :meth:`forward`; both pathways must be there.
            residuals: As in :meth:`forward`.
        """
        assert self.spatial is not None
        assert self.temporal is not None
        spatial, temporal = frames, residuals
        for number, (look, watch) in enumerate(
            zip(self.spatial.stages, self.temporal.stages, strict=True)
        ):
            spatial, temporal = _stage(look, watch, spatial, temporal)
            if number < len(self.exchanges):
                spatial, temporal = self.exchanges[number](spatial, temporal)
        return spatial, temporal


def _stage(
    look: nn.Module, watch: nn.Module, spatial: Tensor, temporal: Tensor
) -> tuple[Tensor, Tensor]:
    """Run one stage of both pathways, once where stage and input are the same (exact)."""
    looked = look(spatial)
    return looked, looked if look is watch and spatial is temporal else watch(temporal)


class STCNet(ClipNetwork):
    """Spatio-Temporal Cross Network: frames and residuals of clips to logits of shape (B, 2).

    Source: Cao et al. (arXiv 2011.04863), section III, and their released code. With the presets
    ``stcnet-mobilenetv2`` and ``stcnet-seresnext50`` it computes what that code does, and departs
    from it in this alone: stages that both pathways share and that get the same input are computed
    once, which is exact; every part is trained; no batch norm is frozen unless a recipe asks.

    Args:
        choices: What it is made of; None for the defaults of :class:`STCNetChoices`.
    """

    takes_residuals = True
    channels = 3
    input_multiple = 32

    def __init__(self, choices: STCNetChoices | None = None) -> None:
        super().__init__()
        self.choices = choices = choices or STCNetChoices()
        spatial = build_backbone(choices.backbone) if choices.pathways != "temporal" else None
        temporal = build_backbone(choices.backbone) if choices.pathways != "spatial" else None
        self.pathways = CrossPathways(choices, spatial, temporal)
        self.reduce = build_reduction(choices.head, self.pathways.channels)
        self.head = build_head(choices.head, choices.frames)
        self.dropout = nn.Dropout(choices.dropout)
        self.classifier = nn.Linear(HEAD_CHANNELS, len(CLASSES))
        self.frames = choices.frames
        backbone = self.backbones()[0]
        self.pixel_mean, self.pixel_std = backbone.pixel_mean, backbone.pixel_std
        self.auxiliary = nn.ModuleDict()
        if choices.auxiliary_heads:
            for pathway in ("spatial", "temporal"):
                self.auxiliary[pathway] = nn.Linear(self.pathways.channels, len(CLASSES))

    def blocks(self) -> list[nn.Module]:
        """The four stages, each with the exchange behind it, then everything of the head."""
        stages = [list(level) for level in zip(*(b.stages for b in self.backbones()), strict=True)]
        for level, exchange in zip(stages, self.pathways.exchanges, strict=False):
            level.append(exchange)
        head = [self.reduce, self.head, self.classifier, *self.auxiliary.values()]
        # A stage that both pathways share stands in its block once.
        return [nn.ModuleList(dict.fromkeys(parts)) for parts in (*stages, head)]

    def backbones(self) -> list[Backbone]:
        """The backbones of the pathways in use."""
        return [b for b in (self.pathways.spatial, self.pathways.temporal) if b is not None]

    def frame_features(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """What the head needs of each frame; depends on no other frame.

        Args:
            frames: Normalised frames, shape (N, 3, H, W), H and W divisible by 32.
            residuals: Residual frame of each, shape (N, 3, H, W).

        Returns:
            Features of shape (N, 256, H / 32, W / 32).

        Raises:
            ScoringError: H or W is not divisible by 32.
        """
        self.require_size(frames)
        features: Tensor = self.reduce(self.pathways(frames, residuals))
        return features

    def class_maps(self, features: Tensor) -> Tensor:
        """Class-activation maps, exact: the classifier is linear after the pooling.

        Args:
            features: Frame features of shape (B, T, 256, h, w).

        Returns:
            Maps of shape (B, 2, h, w) for (none, smoke), whose means over h and w are the logits.
        """
        weight = self.classifier.weight[:, :, None, None]
        return F.conv2d(self.head(features), weight, self.classifier.bias)

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Class logits of clips.

        Args:
            frames: Normalised frames, shape (B, T, 3, H, W), H and W divisible by 32.
            residuals: Residual frame of each, shape (B, T, 3, H, W).

        Returns:
            Logits of shape (B, 2) for (none, smoke).
        """
        features = self.frame_features(frames.flatten(0, 1), residuals.flatten(0, 1))
        return self._judge(features, len(frames))

    def _judge(self, features: Tensor, batch: int) -> Tensor:
        """Logits (batch, 2) of frame features (batch * T, 256, h, w)."""
        maps = self.head(features.reshape(batch, -1, *features.shape[1:]))
        logits: Tensor = self.classifier(self.dropout(maps.mean(dim=(2, 3))))
        return logits

    def supervised(self, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
        """Logits by head, shape (B, 2): ``joint``, and with auxiliary heads each pathway's own.

        A pathway's head is linear on its last map averaged over time and picture, so that it alone
        must tell smoke; as with the three heads of later work on RISE.
        """
        if not self.auxiliary:
            return super().supervised(frames, residuals)
        self.require_size(frames)
        batch = len(frames)
        maps = self.pathways.last_maps(frames.flatten(0, 1), residuals.flatten(0, 1))
        heads = {"joint": self._judge(self.reduce(maps[0] + maps[1]), batch)}
        for (pathway, classify), own in zip(self.auxiliary.items(), maps, strict=True):
            pooled = own.mean(dim=(2, 3)).reshape(batch, -1, own.shape[1]).mean(dim=1)
            heads[pathway] = classify(self.dropout(pooled))
        return heads


def smoke_logit(class_scores: Tensor) -> Tensor:
    """Log-odds of smoke against none, from scores with classes on dimension 1.

    >>> import torch
    >>> smoke_logit(torch.tensor([[1.0, 3.0]]))
    tensor([2.])
    """
    return class_scores[:, 1] - class_scores[:, 0]
