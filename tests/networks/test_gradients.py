"""Nothing is built that training cannot reach."""

from typing import Any

import pytest
import torch
from torch import nn

from random_networks import random_input
from stcnet.networks import PRESETS, ClipNetwork, build_model


def unreached(model: ClipNetwork) -> list[str]:
    """Names of the trainable parameters without a gradient, or with one of zeros."""
    return [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
        and (parameter.grad is None or not (parameter.is_meta or parameter.grad.any()))
    ]


def take_gradient(model: ClipNetwork, frames: int) -> None:
    inputs = random_input(2, frames)
    device = next(model.parameters()).device
    logits = model.train()(*(given.to(device) for given in inputs))
    (logits * torch.tensor([[1.0, 2.0], [-3.0, 1.0]], device=device)).sum().backward()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_parameter_of_a_preset_is_connected(preset: str) -> None:
    with torch.device("meta"):
        model = build_model(preset)
    assert len(unreached(model)) == len(list(model.parameters()))
    take_gradient(model, frames=8)
    assert unreached(model) == []


@pytest.mark.parametrize("head", ["concat", "mean"])
@pytest.mark.parametrize(
    "choices",
    [
        {"fusion": "sum"},
        {"fusion": "lateral"},
        {"fusion": "none"},
        {"fusion": "sum", "shared_stages": 3},
        {"fusion": "lateral", "shared_stages": 3},
        {"fusion": "sum", "shared_stages": 4},
        {"pathways": "spatial"},
        {"pathways": "temporal"},
        {"pathways": "temporal", "fusion": "lateral"},
    ],
    ids=lambda choices: "-".join(map(str, choices.values())),
)
def test_every_parameter_gets_a_gradient(choices: dict[str, Any], head: str) -> None:
    torch.manual_seed(0)
    model = build_model("stcnet-lite0", head=head, frames=2, **choices)
    take_gradient(model, frames=2)
    assert unreached(model) == []


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "se_resnext50"])
def test_every_parameter_of_other_backbones_gets_a_gradient(backbone: str) -> None:
    torch.manual_seed(0)
    model = build_model("stcnet-lite0-lateral", backbone=backbone, frames=2)
    take_gradient(model, frames=2)
    assert unreached(model) == []


def test_a_parameter_out_of_reach_is_noticed() -> None:
    model = build_model("stcnet-lite0", pathways="spatial", frames=2)
    model.forgotten = nn.Parameter(torch.zeros(1))
    take_gradient(model, frames=2)
    assert unreached(model) == ["forgotten"]
