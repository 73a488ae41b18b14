"""From batches of pixels on the device to the two inputs of the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stcnet.preprocess import Normalisation, ResidualForm, residual_frames, standardise


class NetworkInput(nn.Module):
    """Normalises sampled frames and takes their residuals, by the definitions of preprocessing.

    Args:
        normalisation: Of the network.
        residual: ``signed`` or ``absolute``; None for a network that takes no residuals.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, normalisation: Normalisation, residual: ResidualForm | None) -> None:
        super().__init__()
        self.residual = residual
        self.register_buffer("mean", torch.tensor(normalisation.mean).reshape(-1, 1, 1))
        self.register_buffer("std", torch.tensor(normalisation.std).reshape(-1, 1, 1))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Network input of T + 1 sampled frames, or of T where no residuals are taken.

        Args:
            pixels: Pixels in 0..255, any type, shape (B, T + 1, C, S, S) or (B, T, C, S, S).

        Returns:
            Normalised frames 0..T-1 and their residual frames, each (B, T, C, S, S), float32;
            without residuals the second is empty, shape (B, 0, C, S, S).
        """
        frames = standardise(pixels.float(), self.mean, self.std)
        if self.residual is None:
            return frames, frames[:, :0]
        return frames[:, :-1], residual_frames(frames, self.residual)
