"""Augmentation of RGB clips: from the world through air, lens and sensor to the file."""

from __future__ import annotations

from functools import partial
from typing import cast

import kornia.augmentation as ka
import torch
from torch import Tensor, nn

from stcnet.datasets.augmentation.colour import colour_transforms, infrared, white_balanced
from stcnet.datasets.augmentation.compression import block_coded, jpeg_coded
from stcnet.datasets.augmentation.draws import Effect, apply_effect, met, strengths
from stcnet.datasets.augmentation.flow import FlowAugmentation
from stcnet.datasets.augmentation.geometry import shaken, tilted, view_transforms
from stcnet.datasets.augmentation.occlusion import dirt_transforms, passed_by, spotted
from stcnet.datasets.augmentation.optics import blur_transform, defocused, hazed, smeared
from stcnet.datasets.augmentation.sensor import flickering, grained, noisy
from stcnet.datasets.augmentation.settings import AugmentationSettings
from stcnet.datasets.augmentation.time import permuted_some, reversed_some

FULL_LOSS = 100
"""JPEG's best quality, from which its loss is counted."""


class ClipAugmentation(nn.Module):
    """Augments batches of clips; randomness comes from torch's global generator.

    One draw a clip, the same for all of its frames, but for what changes between the frames of a
    real camera too: flicker, noise, shaking, what passes by, and coding.

    Args:
        settings: How much of each transform.
        size: Side of the frames in pixels.
    """

    def __init__(self, settings: AugmentationSettings, size: int) -> None:
        super().__init__()
        s = self.settings = settings
        self.view = _on_all_frames(view_transforms(s, size))
        self.seen = _on_all_frames([*colour_transforms(s), blur_transform(s), *dirt_transforms(s)])
        self.world: list[tuple[Effect, float]] = [
            (passed_by, s.passers), (hazed, s.haze), (shaken, s.shake)
        ]  # fmt: skip
        self.lens: list[tuple[Effect, float]] = [
            (partial(defocused, largest=s.defocus), s.defocus),
            (partial(smeared, largest=s.motion_blur), s.motion_blur),
            (spotted, s.drops),
        ]
        self.processing: list[tuple[Effect, float]] = [(white_balanced, s.white_balance)]
        self.coding: list[tuple[Effect, float]] = [
            (jpeg_coded, FULL_LOSS - s.jpeg), (block_coded, s.codec)
        ]  # fmt: skip

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Augmented clips.

        Args:
            clips: Pixels in 0..255 of any type, shape (B, T, 3, S, S).

        Returns:
            The same shape and range, float32.
        """
        s = self.settings
        clips = permuted_some(reversed_some(clips, s.reverse), s.permute)
        clips = cast("Tensor", self.view(clips.float() / 255.0))
        if s.tilt:
            clips = apply_effect(tilted, clips, s.tilt * met(len(clips), s.often))
        clips = self._with(self.world, clips)
        clips = cast("Tensor", self.seen(clips))
        clips = self._with(self.lens, clips)
        clips = self._with([(grained, s.grain)], flickering(clips, s.flicker))
        clips = self._with(self.processing, noisy(clips, s.noise))
        if s.infrared:
            clips = apply_effect(infrared, clips, met(len(clips), s.infrared))
        return self._with(self.coding, clips).clamp(0.0, 1.0) * 255.0

    def _with(self, effects: list[tuple[Effect, float]], clips: Tensor) -> Tensor:
        """Those of the effects that are switched on, in their order."""
        for effect, largest in effects:
            if largest:
                amounts = strengths(len(clips), largest, self.settings.often)
                clips = apply_effect(effect, clips, amounts)
        return clips


def build_augmentation(settings: AugmentationSettings, size: int, channels: int) -> nn.Module:
    """The augmentation of RGB clips (3 channels) or of optical flow (2)."""
    kind = ClipAugmentation if channels == 3 else FlowAugmentation
    return kind(settings, size)


def _on_all_frames(transforms: list[nn.Module]) -> nn.Module:
    """Transforms of kornia, each drawn once a clip."""
    return cast(
        "nn.Module", ka.VideoSequential(*transforms, data_format="BTCHW", same_on_frame=True)
    )
