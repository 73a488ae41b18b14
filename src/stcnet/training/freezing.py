"""Leading parts of a network that keep their weights, and some of them their statistics too."""

from __future__ import annotations

from torch import nn

from stcnet.networks import ClipNetwork, STCNet


def freeze(network: ClipNetwork, stages: int) -> None:
    """Keep the weights of the leading parts as they are.

    Args:
        network: Of an STCNet, each backbone's stages are meant, not the exchange behind them; of
            another network, its blocks.
        stages: How many.
    """
    backbones = network.backbones() if isinstance(network, STCNet) else []
    frozen = [stage for backbone in backbones for stage in backbone.stages[:stages]]
    for part in frozen if backbones else network.blocks()[:stages]:
        part.requires_grad_(requires_grad=False)


def settled_parts(network: ClipNetwork, stages: int) -> list[nn.Module]:
    """The frozen parts whose batch-norm statistics stay too.

    Of an STCNet only the spatial pathway's: they are those of ordinary pictures, which is what it
    sees. Residual frames look nothing like pictures, so the temporal pathway takes its own.
    """
    if not isinstance(network, STCNet):
        return network.blocks()[:stages]
    spatial = network.pathways.spatial
    return list(spatial.stages[:stages]) if spatial is not None else []


def set_training(model: nn.Module, network: ClipNetwork, stages: int) -> None:
    """Training mode for all of ``model`` but the settled parts of the network in it."""
    model.train()
    for part in settled_parts(network, stages):
        part.eval()
