"""The contract of a network that judges clips: STCNet and the baselines keep it alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from torch import Tensor, nn

from stcnet.errors import ScoringError

CLASSES = ("none", "smoke")


class NetworkChoices(Protocol):
    """What all frozen dataclasses of choices have in common."""

    @property
    def frames(self) -> int:
        """T, the number of frames of a clip."""


class ClipNetwork(nn.Module, ABC):
    """A network that says of clips whether they show smoke.

    Training, statistics and prediction know no more of a network than this.

    Attributes:
        frames: T, how many frames of each clip it judges.
        takes_residuals: True: T + 1 frames are sampled and each of the first T goes in with its
            residual (the next one less it). False: T frames are sampled and the residuals are
            ignored; an empty tensor will do.
        channels: C, 3 for RGB or 2 for optical flow.
        pixel_mean, pixel_std: Normalisation of each channel, in 8-bit units.
        input_multiple: H and W must be multiples of this.
    """

    frames: int
    takes_residuals: bool
    channels: int
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]
    input_multiple: int

    @abstractmethod
    def forward(self, frames: Tensor, residuals: Tensor) -> Tensor:
        """Class logits of clips.

        Args:
            frames: Normalised frames, shape (B, T, C, H, W).
            residuals: Residual frame of each, shape (B, T, C, H, W); ignored, and of any shape,
                where the network takes none.

        Returns:
            Logits of shape (B, 2) for (none, smoke).
        """

    def supervised(self, frames: Tensor, residuals: Tensor) -> dict[str, Tensor]:
        """Logits of every head that can be trained, by its name.

        Args:
            frames: As in :meth:`forward`.
            residuals: As in :meth:`forward`.

        Returns:
            ``joint`` is what :meth:`forward` gives, shape (B, 2). Others are there where the
            network has them: ``spatial`` and ``temporal``, shape (B, 2), of one pathway each;
            ``frames``, shape (B, T, 2), of each frame.
        """
        return {"joint": self(frames, residuals)}

    def require_size(self, pictures: Tensor) -> None:
        """Refuse pictures, shape (..., H, W), whose sides are no multiples of the allowed one.

        Raises:
            ScoringError: They are not.
        """
        height, width = pictures.shape[-2:]
        if height % self.input_multiple or width % self.input_multiple:
            raise ScoringError(
                "the network takes no pictures of this height and width",
                got=f"{height} x {width} pixels",
                allowed=f"multiples of {self.input_multiple}",
            )

    @abstractmethod
    def blocks(self) -> list[nn.Module]:
        """The parts from input to head, in order; together they hold every parameter once."""
