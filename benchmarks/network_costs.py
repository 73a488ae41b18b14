"""Parameters and multiply-adds of every network, as a table in Markdown.

    python benchmarks/network_costs.py

Everything is computed on shapes alone, so that no weights are made. Multiply-adds are those of
convolutions, linear layers and matrix products for one clip of the published frames and size, in
evaluation mode; layers that only training uses count as parameters, not as multiply-adds.
"""

from __future__ import annotations

from stcnet.networks import NETWORKS
from stcnet.networks.costs import NetworkCost, network_cost

HEADER = ("network", "parameters", "multiply-adds a clip", "frames", "channels", "side")


def line(cost: NetworkCost) -> tuple[str, ...]:
    """The cells of one network."""
    return (
        f"`{cost.name}`",
        f"{cost.parameters / 1e6:.2f} M",
        f"{cost.multiply_adds / 1e9:.2f} G",
        *map(str, (cost.frames, cost.channels, cost.size)),
    )


def table() -> str:
    """The costs of all networks as a table in Markdown."""
    rows = [HEADER, ("---",) * len(HEADER), *(line(network_cost(name)) for name in NETWORKS)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    print(table())
