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
    """A network for ``frames`` frames, in evaluation mode, every batch norm of it in use.

    A fresh network has batch norms that change nothing, so that its signals fade with depth and
    comparisons of its outputs prove little. Here scales and shifts are random and the running
    statistics are those of a random batch.
    """
    torch.manual_seed(seed)
    model = build_model(preset, frames=frames, **choices)
    assert isinstance(model, STCNet)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(*random_input(2, frames, seed=seed))
    return model.eval()
