"""What is ready before the first real clip is trained on: rendered scenes, and what they taught."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from stcnet.datasets.clips import ClipSet, join_clips
from stcnet.networks import ClipNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Groundwork:
    """Rendered scenes, and the network to start from.

    Attributes:
        scenes: In the memory of the host; None: none.
        network: What training on the scenes gave; None: training starts from the weights that the
            recipe's settings name.
    """

    scenes: ClipSet | None = None
    network: ClipNetwork | None = None

    def beside(self, real: ClipSet, device: torch.device) -> ClipSet:
        """Real clips with the scenes after them.

        Args:
            real: Placed.
            device: Where the scenes are wanted.
        """
        return real if self.scenes is None else join_clips(real, self.scenes.to(device))

    def start(self, network: ClipNetwork) -> None:
        """Give a network, one of the same recipe, the weights to start from."""
        if self.network is not None:
            network.load_state_dict(self.network.state_dict())


BARE = Groundwork()
"""Nothing was made ready."""
