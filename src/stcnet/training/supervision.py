"""The network as training calls it: logits of the heads that the loss names."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn

from stcnet.networks import ClipNetwork


class SupervisedNetwork(nn.Module):
    """Gives logits by the name of the head.

    A module of its own, so that compilation and the exchange of gradients between processes wrap
    the call that training makes.

    Args:
        network: What is trained.
        heads: Names of the heads that are wanted; ``joint`` alone costs no more than a prediction.
    """

    def __init__(self, network: ClipNetwork, heads: Collection[str]) -> None:
        super().__init__()
        self.network = network
        self.plain = set(heads) == {"joint"}

    def forward(self, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
        """Logits of shape (B, 2), or (B, T, 2) of each frame, by the name of the head."""
        if self.plain:
            return {"joint": self.network(frames, residuals)}
        return self.network.supervised(frames, residuals)
