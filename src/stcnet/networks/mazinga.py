"""MazingaSmoke v2: two branches on GhostNetV2 with three supervised heads.

Source: Verde, "MazingaSmokeClassifier", Sapienza Universita di Roma, 2026, and the code released
with it (BSD-3), of which this is an independent description in our own words and names.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from stcnet.errors import ConfigError
from stcnet.networks.clip_network import CLASSES, ClipNetwork
from stcnet.networks.ghostnet import GhostNetV2
from stcnet.networks.mazinga_branches import (
    WIDTH,
    CrossAttention,
    StaticBranch,
    TemporalBranch,
    gather_frames,
)

FUSION_DROPOUT = 0.5
"""What share of the other dropout the fusion has: 0.05 where the branches have 0.1."""


@dataclass(frozen=True, slots=True)
class MazingaChoices:
    """What a MazingaSmoke v2 is made of.

    Attributes:
        frames: T, the number of frames of a clip; the network takes any other too.
        dropout: Share of the features dropped in training in branches and heads, 0..1.

    Raises:
        ConfigError: A choice has a value that is not allowed.
    """

    frames: int = 36
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.frames, int) or self.frames < 1:
            _refuse("frames", self.frames, "a whole number from 1")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout <= 1:
            _refuse("dropout", self.dropout, "0..1")


def _refuse(choice: str, got: object, allowed: str) -> None:
    raise ConfigError("not a value of this choice", where=choice, got=got, allowed=allowed)


class MazingaSmoke(ClipNetwork):
    """A temporal and a static branch on the maps of every frame, and a fusion of both.

    Clips of shape (B, T, 3, H, W) become logits of shape (B, 2). Source: Verde,
    "MazingaSmokeClassifier", 2026, and its code.

    GhostNetV2 up to its first bottleneck at /32 sees each frame by itself. Its 40 channels at /8
    and its last 160, projected to 128, feed both branches; RGB alone goes in, and what moves is
    the change of the maps at /8 from frame to frame. The temporal branch gives features of each
    frame, the static one maps, and the fusion asks the maps with the features. Each is gathered
    over time by attention and has a head.

    It departs from the released code as follows. Every head gives logits of both classes, where
    theirs give one of smoke. Parameters without any effect on the result are left out: a layer
    norm that nothing uses, biases that a softmax takes away, and learned temperatures beside
    learned scales. Other sizes than 224 pixels and other numbers of frames are taken too. The
    leading layers are free unless a recipe freezes them.

    Published are 1.9 M parameters and 12.3 G FLOPs a clip. This one has 1.89 M, and 5.53 G
    multiply-adds, which are 11.1 G operations without norms and activations.

    Args:
        choices: What it is made of; None for the defaults of :class:`MazingaChoices`.
    """

    takes_residuals = False
    channels = 3
    input_multiple = 32
    pixel_mean = GhostNetV2.pixel_mean
    pixel_std = GhostNetV2.pixel_std

    def __init__(self, choices: MazingaChoices | None = None) -> None:
        super().__init__()
        self.choices = choices = choices or MazingaChoices()
        self.frames, dropout = choices.frames, choices.dropout
        self.backbone = GhostNetV2(last_blocks=1)
        _, early, _, deep = self.backbone.stage_channels
        self.project = nn.Conv2d(deep, WIDTH, 1)
        self.temporal = TemporalBranch(early, dropout)
        self.static = StaticBranch(early, dropout)
        self.fusion = CrossAttention(FUSION_DROPOUT * dropout)
        # The softmax over frames takes away any bias of these.
        self.tell_temporal, self.tell_static, self.tell_joint = (
            nn.Linear(WIDTH, 1, bias=False) for _ in range(3)
        )
        self.temporal_head, self.static_head = (_pathway_head(dropout) for _ in range(2))
        self.joint_head = _joint_head(dropout)

    def maps(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Deep and early maps of every frame.

        Args:
            frames: Normalised frames, shape (B, T, 3, H, W).

        Returns:
            Shapes (B, T, 128, H / 32, W / 32) and (B, T, 40, H / 8, W / 8).

        Raises:
            ScoringError: H or W is not divisible by 32.
        """
        self.require_size(frames)
        first, second, third, fourth = self.backbone.stages
        assert isinstance(second, nn.Sequential)
        # The early maps are those of the first bottleneck at /8, not of the whole stage.
        early = second[0](first(frames.flatten(0, 1)))
        deep = self.project(fourth(third(second[1:](early))))
        batch, count = frames.shape[:2]
        return (
            deep.reshape(batch, count, *deep.shape[1:]),
            early.reshape(batch, count, *early.shape[1:]),
        )

    def supervised(self, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
        """Logits of all three heads: ``joint``, ``spatial`` and ``temporal``, each (B, 2)."""
        deep, early = self.maps(frames)
        sequence, maps = self.temporal(deep, early), self.static(deep, early)
        fused = self.fusion(sequence, maps)
        places = (maps.mean(dim=(3, 4)) + maps.amax(dim=(3, 4))) / 2
        return {
            "joint": self.joint_head(gather_frames(fused, self.tell_joint(fused))),
            "spatial": gather_frames(self.static_head(places), self.tell_static(places)),
            "temporal": self.temporal_head(gather_frames(sequence, self.tell_temporal(sequence))),
        }

    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Class logits of clips.

        Args:
            frames: Normalised frames, shape (B, T, 3, H, W), H and W divisible by 32.
            residuals: Ignored.

        Returns:
            Logits of shape (B, 2) for (none, smoke), of the joint head.
        """
        deep, early = self.maps(frames)
        fused = self.fusion(self.temporal(deep, early), self.static(deep, early))
        logits: Tensor = self.joint_head(gather_frames(fused, self.tell_joint(fused)))
        return logits

    def blocks(self) -> list[nn.Module]:
        """The four stages of the backbone, then everything behind it."""
        gates = [self.tell_temporal, self.tell_static, self.tell_joint]
        heads = [self.temporal_head, self.static_head, self.joint_head]
        branches = [self.project, self.temporal, self.static, self.fusion]
        return [*self.backbone.stages, nn.ModuleList([*branches, *gates, *heads])]


def _pathway_head(dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(WIDTH),
        nn.Linear(WIDTH, WIDTH // 2),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(WIDTH // 2, len(CLASSES)),
    )


def _joint_head(dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(WIDTH),
        nn.Linear(WIDTH, WIDTH // 2),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(WIDTH // 2, WIDTH // 4),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(WIDTH // 4, len(CLASSES)),
    )
