"""Networks of random weights whose signals neither fade nor blow up, and random input for them."""

from typing import Any

import torch
from torch import Tensor, nn

from stcnet.networks import STCNet, build_model


def random_input(
    batch: int, frames: int, height: int = 64, width: int = 64, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Frames and residuals, each (batch, frames, 3, height, width)."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, frames, 3, height, width)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def settled_network(preset: str, *, frames: int = 2, seed: int = 0, **choices: Any) -> STCNet:
    """An STCNet for ``frames`` frames, in evaluation mode, every batch norm of it in use."""
    torch.manual_seed(seed)
    model = build_model(preset, frames=frames, **choices)
    assert isinstance(model, STCNet)
    settle(model, *random_input(2, frames, seed=seed))
    return model


def settle(model: nn.Module, *inputs: Tensor) -> None:
    """Put every batch norm of a network to use, and the network into evaluation mode.

    A fresh network has batch norms that change nothing, so that its signals fade with depth and
    comparisons of its outputs prove little. Here scales and shifts are random and the running
    statistics are those of a random batch.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(*inputs)
    model.eval()
