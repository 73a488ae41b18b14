"""What is ready before the first real clip is trained on: rendered scenes, and what they taught."""

from __future__ import annotations

from dataclasses import dataclass

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

    def beside(self, real: ClipSet) -> ClipSet:
        """Real clips, placed, with the scenes after them.

        Scenes stay in the memory of the host, which processes share: a batch holds few of them.
        """
        return real if self.scenes is None else join_clips(real, self.scenes)

    def start(self, network: ClipNetwork) -> None:
        """Give a network, one of the same recipe, the weights to start from."""
        if self.network is not None:
            network.load_state_dict(self.network.state_dict())


BARE = Groundwork()
"""Nothing was made ready."""
