"""Parameters and multiply-adds of networks, computed on shapes: no weights are made."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from stcnet.networks.clip_network import ClipNetwork
from stcnet.networks.registry import build_model, find_network


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What a network costs, whatever its weights.

    Attributes:
        name: Of the network.
        parameters: How many, those of layers that only training uses included.
        multiply_adds: Of convolutions, linear layers and matrix products for one clip in
            evaluation mode.
        frames: T, of a clip.
        channels: Of a frame.
        size: Height and width of a frame in pixels.
    """

    name: str
    parameters: int
    multiply_adds: int
    frames: int
    channels: int
    size: int


def network_cost(name: str, size: int | None = None) -> NetworkCost:
    """Parameters and multiply-adds of the network of that name.

    Args:
        name: A name of :data:`stcnet.networks.NETWORKS`.
        size: Side of the input in pixels; None for the published one.

    Raises:
        ConfigError: There is no such network.

    >>> cost = network_cost("plain-lite0")
    >>> f"{cost.parameters / 1e6:.2f} M, {cost.multiply_adds / 1e9:.2f} G"
    '3.57 M, 2.97 G'
    """
    with torch.device("meta"):
        network = build_model(name)
    size = size or find_network(name).input_size
    parameters = count_parameters(network)
    additions = count_multiply_adds(network, size)
    return NetworkCost(name, parameters, additions, network.frames, network.channels, size)


def count_parameters(network: nn.Module) -> int:
    """Number of parameters; shared ones count once."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_multiply_adds(network: ClipNetwork, size: int) -> int:
    """Multiply-adds of one clip, for a network on the meta device.

    Args:
        network: Put into evaluation mode.
        size: Side of the input in pixels.
    """
    shape = (1, network.frames, network.channels, size, size)
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.empty(shape), torch.empty(shape))
    return int(counter.get_total_flops()) // 2
