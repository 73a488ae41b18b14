"""Parameters and multiply-adds of every network, as a table in Markdown.

    python benchmarks/network_costs.py

Everything is computed on shapes alone, so that no weights are made. Multiply-adds are those of
convolutions, linear layers and matrix products for one clip of the published frames and size, in
evaluation mode; layers that only training uses count as parameters, not as multiply-adds.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from stcnet.networks import NETWORKS, ClipNetwork, build_model

HEADER = ("network", "parameters", "multiply-adds a clip", "frames", "channels", "side")


@dataclass(frozen=True, slots=True)
class Cost:
    """A line of the table.

    Attributes:
        name: Of the network.
        parameters: In millions.
        multiply_adds: Of one clip, in billions.
        frames: T, of a clip.
        channels: Of a frame.
        side: Height and width of a frame in pixels.
    """

    name: str
    parameters: str
    multiply_adds: str
    frames: int
    channels: int
    side: int


def multiply_adds(network: ClipNetwork, size: int) -> float:
    """Multiply-adds of one clip in billions, for a network on the meta device."""
    shape = (1, network.frames, network.channels, size, size)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network.eval()(torch.empty(shape), torch.empty(shape))
    return float(counter.get_total_flops()) / 2e9


def cost(name: str) -> Cost:
    """Parameters and multiply-adds of the network of that name."""
    with torch.device("meta"):
        network = build_model(name)
    parameters = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    side = NETWORKS[name].input_size
    return Cost(
        f"`{name}`",
        f"{parameters:.2f} M",
        f"{multiply_adds(network, side):.2f} G",
        network.frames,
        network.channels,
        side,
    )


def table() -> str:
    """The costs of all networks as a table in Markdown."""
    rows = [HEADER, ("---",) * len(HEADER), *(astuple(cost(name)) for name in NETWORKS)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


if __name__ == "__main__":
    print(table())
