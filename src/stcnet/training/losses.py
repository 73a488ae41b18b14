"""Losses: what each clip of a batch costs, by the logits of each head and the soft target.

All of them take logits of shape (B, 2), or (B, T, 2) of each frame, for (none, smoke), and targets
of shape (B, 2) that sum to 1; they give one loss a clip, shape (B,), in nats. A head that judges
frames is held to the clip's target at each of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn import functional as F

from stcnet.training.recipes.settings import Settings

Share = Annotated[float, Field(ge=0, le=1)]
HeadWeight = Annotated[float, Field(gt=0)]


class BootstrapSettings(Settings):
    """Targets that the network's own judgement moves (soft bootstrapping).

    Reed et al., "Training deep neural networks on noisy labels with bootstrapping", ICLR workshop
    2015, equation 6: the target becomes ``beta * target + (1 - beta) * probability``. The gradient
    passes through the probability, as the paper's equivalence to minimum-entropy regularisation
    asks; without it the second term would have no gradient at all.

    Attributes:
        beta: Trust in the label; 1 changes nothing.
        from_epoch: First epoch, from 1, that does so; before it a network knows too little.
    """

    beta: Share = 0.95
    from_epoch: int = Field(1, ge=1)


class _LossSettings(Settings, ABC):
    """What every loss can be combined with.

    Attributes:
        heads: Weight of each supervised head by its name, ``joint`` or ``frames`` among them; see
            :meth:`stcnet.networks.ClipNetwork.supervised`.
        label_weights: Multiply each clip's loss by how sure its label is.
        population_exponent: Multiply it by the population weight to this power, scaled to a mean
            of 1 over the training clips. The other way of saying so is ``sampling_exponent``.
        bootstrap: Soft bootstrapping; None: targets are the labels'.
    """

    heads: dict[str, HeadWeight] = Field({"joint": 1.0}, min_length=1)
    label_weights: bool = False
    population_exponent: float = Field(0.0, ge=0)
    bootstrap: BootstrapSettings | None = None

    @field_validator("heads")
    @classmethod
    def _check_heads(cls, heads: dict[str, float]) -> dict[str, float]:
        if not heads.keys() & {"joint", "frames"}:
            raise ValueError("heads must weigh joint or frames, from which predictions come")
        return heads

    @abstractmethod
    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Loss of each clip, shape (B,).

        Args:
            logits: Shape (B, 2) or (B, T, 2).
            targets: Of the same shape.
        """

    def probabilities(self, logits: Tensor) -> Tensor:
        """What the network believes of each class, in the sense of this loss."""
        return logits.softmax(dim=-1)


class CrossEntropySettings(_LossSettings):
    """Cross-entropy of the softmax over (none, smoke)."""

    kind: Literal["cross-entropy"] = "cross-entropy"

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """``-sum(target * log(probability))``, averaged over the frames of a head that has some."""
        return _mean_over_frames(-(targets * logits.log_softmax(dim=-1)).sum(dim=-1))


class FocalSettings(_LossSettings):
    """Cross-entropy that well-judged clips hardly enter.

    Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5, summed over the
    classes with their soft targets as weights.

    Attributes:
        gamma: Focus; 0 is the cross-entropy.
        alpha: Weight of the smoke class, 1 - alpha that of the other; None: both 1.
    """

    kind: Literal["focal"]
    gamma: float = Field(2.0, ge=0)
    alpha: float | None = Field(None, gt=0, lt=1)

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """``-sum(weight * target * (1 - probability) ** gamma * log(probability))``."""
        log_probabilities = logits.log_softmax(dim=-1)
        # Of two classes, one is as improbable as the other is probable; exact near 0 and 1.
        focus = (self.gamma * log_probabilities.flip(-1)).exp()
        alpha = self.alpha
        weights = logits.new_tensor([1.0, 1.0] if alpha is None else [1 - alpha, alpha])
        return _mean_over_frames(-(weights * targets * focus * log_probabilities).sum(dim=-1))


class FramesSettings(_LossSettings):
    """The loss of RISE's I3D: binary cross-entropy of each frame, and of their maximum over time.

    Hsu et al., "Project RISE", AAAI 2021, as coded: one half each, both classes as independent
    yes-or-no questions, mean over classes and frames.

    Attributes:
        frame_share: Share of the frames' term; the rest is the maximum's.
    """

    kind: Literal["frames"]
    heads: dict[str, HeadWeight] = Field({"frames": 1.0}, min_length=1)
    frame_share: Share = 0.5

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """A head without frames counts as one of a single frame."""
        if logits.ndim == 2:
            logits, targets = logits.unsqueeze(1), targets.unsqueeze(1)
        every = _binary(logits, targets).mean(dim=(1, 2))
        most = _binary(logits.amax(dim=1), targets.amax(dim=1)).mean(dim=1)
        return every.lerp(most, 1 - self.frame_share)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Of each class for itself; they need not sum to 1."""
        return logits.sigmoid()


LossSettings = Annotated[
    CrossEntropySettings | FocalSettings | FramesSettings, Field(discriminator="kind")
]


def _binary(logits: Tensor, targets: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def _mean_over_frames(losses: Tensor) -> Tensor:
    return losses if losses.ndim == 1 else losses.mean(dim=1)


class Objective:
    """What training makes small: the losses of all heads, weighted and summed.

    Args:
        settings: Which loss, of which heads.
        label_smoothing: Share of each target spread evenly over the classes.
    """

    def __init__(self, settings: LossSettings, label_smoothing: float) -> None:
        self.settings = settings
        self.label_smoothing = label_smoothing

    def losses(
        self, heads: Mapping[str, Tensor], targets: Tensor, weights: Tensor, epoch: int
    ) -> Tensor:
        """The weighted loss of each clip.

        Args:
            heads: Logits by name, shape (B, 2) or (B, T, 2).
            targets: Probability of each class, shape (B, 2).
            weights: Of the clips, shape (B,).
            epoch: Finished epochs.

        Returns:
            Losses in 32 bits, shape (B,).
        """
        if self.label_smoothing:
            classes = targets.shape[-1]
            targets = targets * (1 - self.label_smoothing) + self.label_smoothing / classes
        terms = [
            self._head(heads[name].float(), targets, epoch) * weight
            for name, weight in self.settings.heads.items()
        ]
        return torch.stack(terms).sum(dim=0) * weights

    def _head(self, logits: Tensor, targets: Tensor, epoch: int) -> Tensor:
        if logits.ndim == 3:
            targets = targets.unsqueeze(1).expand_as(logits)
        bootstrap = self.settings.bootstrap
        if bootstrap is not None and epoch + 1 >= bootstrap.from_epoch:
            believed = self.settings.probabilities(logits)
            targets = believed.lerp(targets, bootstrap.beta)
        return self.settings.losses(logits, targets)
