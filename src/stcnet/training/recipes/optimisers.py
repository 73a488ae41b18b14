"""Optimisers, and the learning rate and weight decay of each parameter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from stcnet.networks import ClipNetwork, STCNet
from stcnet.training.recipes.schedules import CosineSettings, ScheduleSettings
from stcnet.training.recipes.settings import Settings

ParameterGroups: TypeAlias = list[dict[str, object]]


class OptimiserSettings(Settings, ABC):
    """How the weights move, whichever optimiser moves them.

    Attributes:
        learning_rate: Peak rate of the trunk: the backbones of an STCNet, all blocks but the last
            of another network.
        head_multiplier: The rate of everything else, as a multiple.
        layer_decay: Factor of the rate from each block to the one before it, so that early
            blocks move less; 1: all alike.
        weight_decay: Of convolution and linear weights; norms and biases have none.
        warmup: Share of all steps in which the rate rises linearly from zero.
        schedule: How the rate falls afterwards.
        clip_norm: Largest norm of the gradient; None: any.
    """

    learning_rate: float = Field(3e-4, gt=0)
    head_multiplier: float = Field(3.0, gt=0)
    layer_decay: float = Field(1.0, gt=0, le=1)
    weight_decay: float = Field(0.05, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    schedule: ScheduleSettings = CosineSettings()
    clip_norm: float | None = Field(5.0, gt=0)

    @abstractmethod
    def build(self, groups: ParameterGroups) -> Optimizer:
        """The optimiser of parameters grouped by :func:`parameter_groups`."""


class AdamWSettings(OptimiserSettings):
    """Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019."""

    kind: Literal["adamw"] = "adamw"

    def build(self, groups: ParameterGroups) -> Optimizer:
        """AdamW with the moments that PyTorch has by default."""
        return AdamW(groups)


class SGDSettings(OptimiserSettings):
    """Stochastic gradient descent.

    Attributes:
        momentum: Share of the last step that goes on.
        nesterov: Look ahead along the momentum; needs one.
    """

    kind: Literal["sgd"]
    learning_rate: float = Field(0.1, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = False

    @model_validator(mode="after")
    def _check_momentum(self) -> SGDSettings:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self

    def build(self, groups: ParameterGroups) -> Optimizer:
        """SGD with the weight decay in the gradient."""
        return SGD(groups, momentum=self.momentum, nesterov=self.nesterov)


def _kind_of(settings: Any) -> str:
    """AdamW unless it is said otherwise: recipes from before there was a choice name none."""
    if isinstance(settings, dict):
        return str(settings.get("kind", "adamw"))
    return str(getattr(settings, "kind", "adamw"))


AnyOptimiserSettings = Annotated[
    Annotated[AdamWSettings, Tag("adamw")] | Annotated[SGDSettings, Tag("sgd")],
    Discriminator(
        _kind_of,
        custom_error_type="optimiser",
        custom_error_message="kind is not one of adamw, sgd",
    ),
]


def parameter_groups(network: ClipNetwork, settings: OptimiserSettings) -> ParameterGroups:
    """Trainable parameters by learning rate and weight decay."""
    trunk = {id(parameter) for parameter in _trunk(network)}
    scales = _layer_scales(network, settings.layer_decay)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if not parameter.requires_grad:
            continue
        multiplier = 1.0 if id(parameter) in trunk else settings.head_multiplier
        rate = settings.learning_rate * multiplier * scales[id(parameter)]
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": p, "lr": lr, "weight_decay": wd} for (lr, wd), p in groups.items()]


def _trunk(network: ClipNetwork) -> list[nn.Parameter]:
    """What pretraining can fill; the exchanges of an STCNet are new, wherever they stand."""
    parts = network.backbones() if isinstance(network, STCNet) else network.blocks()[:-1]
    return [parameter for part in parts for parameter in part.parameters()]


def _layer_scales(network: ClipNetwork, decay: float) -> dict[int, float]:
    blocks = network.blocks()
    return {
        id(parameter): decay ** (len(blocks) - 1 - depth)
        for depth, block in enumerate(blocks)
        for parameter in block.parameters()
    }
