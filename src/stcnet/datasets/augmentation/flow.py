"""Augmentation of optical flow: where things are and go, and nothing of colours."""

from __future__ import annotations

from typing import cast

import kornia.augmentation as ka
import torch
from torch import Tensor, nn

from stcnet.datasets.augmentation.geometry import view_transforms
from stcnet.datasets.augmentation.occlusion import dirt_transforms
from stcnet.datasets.augmentation.settings import AugmentationSettings
from stcnet.datasets.augmentation.time import permuted_some

STILL = 127.5
"""Level of no displacement in a flow of 0..255."""


class FlowAugmentation(nn.Module):
    """Augments batches of optical flow; randomness comes from torch's global generator.

    A flow has no colours, so of the settings only zoom, crop, perspective, flip, erasing, reverse
    and permute have a say. What a flip or reversal turns round, it turns round in the
    displacements too. Those of a crop that is scaled up, or of a picture seen from another place,
    stay as they are.

    Args:
        settings: How much of each transform.
        size: Side of the frames in pixels.
    """

    def __init__(self, settings: AugmentationSettings, size: int) -> None:
        super().__init__()
        self.settings = settings
        self.transforms = ka.VideoSequential(
            *view_transforms(settings, size),
            *dirt_transforms(settings),
            data_format="BTCHW",
            same_on_frame=True,
        )

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Augmented flows.

        Args:
            clips: Displacements to the right and down, 0..255 with none at 127.5, shape
                (B, T, 2, S, S).

        Returns:
            The same shape and range, floating.
        """
        flow = clips - STILL
        backwards, mirrored = (
            torch.rand(len(flow), 1, 1, 1, 1, device=flow.device) < chance
            for chance in (self.settings.reverse, self.settings.flip)
        )
        flow = torch.where(backwards, -flow.flip(1), flow)
        sides = flow.new_tensor([-1.0, 1.0]).reshape(2, 1, 1)
        flow = torch.where(mirrored, flow.flip(-1) * sides, flow)
        # What the transforms fill with zeros is left standing still.
        flow = cast("Tensor", self.transforms(permuted_some(flow, self.settings.permute)))
        return (flow + STILL).clamp(0.0, 255.0)
