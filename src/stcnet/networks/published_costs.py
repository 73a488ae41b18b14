"""What was published of the cost of networks, to be set beside what ours cost.

The figures are those of the README of Cao et al. (STCNet), a clip on one RTX 2080 Ti. MazingaSmoke
v2 prints no latency, and 12.3 G of operations that it does not say how it counts. The rows of
STCNet on SE-ResNeXt-50 and on MobileNetV2 cannot be of the code that was released: as coded, the
former has 52.07 M parameters in use and takes 67.9 G, the latter 4.53 G.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedCost:
    """What was printed of a network.

    Attributes:
        parameters_m: In millions.
        multiply_adds_g: Of a clip, in billions, None where nothing comparable was printed.
        latency_ms: Of a clip on one RTX 2080 Ti, None where none was printed.
    """

    parameters_m: float
    multiply_adds_g: float | None = None
    latency_ms: float | None = None


PUBLISHED_COSTS: Mapping[str, PublishedCost] = {
    "stcnet-mobilenetv2": PublishedCost(3.7, 2.4, 9.12),
    "stcnet-seresnext50": PublishedCost(27.2, 34.6, 23.49),
    "plain-seresnext50": PublishedCost(26.6, 34.4, 22.10),
    "i3d": PublishedCost(12.3, 62.7, 30.56),
    "i3d-tsm": PublishedCost(12.3, 62.7, 31.85),
    "i3d-lstm": PublishedCost(38.0, 62.9, 31.01),
    "i3d-nl": PublishedCost(12.3, 62.7, 30.32),
    "i3d-tc": PublishedCost(12.3, 62.7, 30.41),
    "mazinga-v2": PublishedCost(1.9),
}
"""By the name of the network."""
