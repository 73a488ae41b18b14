"""Augmentation of clips on the device: one draw a clip, the same for all of its frames.

RISE's published set is colour jitter, random resized crop, perspective, flip and erasing (dirt and
insects on the lens). What is added here makes a model hold on cameras it has not seen: colour
cast, gamma, blur, noise and exposure flicker. Residual frames are taken afterwards, so they see
the same transform.
"""

from __future__ import annotations

from typing import cast

import kornia.augmentation as ka
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

STILL = 127.5
"""Level of no displacement in a flow of 0..255."""


class AugmentationSettings(BaseModel):
    """How much of each; 0 switches a transform off, 1 does so for crop, zoom and gamma.

    Attributes:
        crop_scale: Smallest share of the picture's area that a random crop keeps.
        zoom_out: Smallest share of its side to which half of the pictures shrink before the crop,
            as if seen from farther away; reflections fill the margin.
        perspective: Distortion scale of the perspective, share of half the picture.
        flip: Chance of a horizontal flip.
        brightness, contrast, saturation: Largest relative change, either way.
        hue: Largest shift of the hue, share of the colour circle.
        cast: Largest shift of a single colour channel, share of the full range.
        gamma: Largest exponent; the smallest is its inverse.
        blur: Chance of a Gaussian blur of 3 to 5 pixels.
        noise: Largest standard deviation of pixel noise, share of the full range.
        flicker: Largest standard deviation of the exposure between frames of a clip, relative.
        erasing: Chance that a small rectangle is hidden, tried twice.
        reverse: Chance that the clip runs backwards.
        permute: Chance that the frames of the clip stand in random order (RISE's "FP": what a
            model still knows then, it does not know from motion).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    crop_scale: float = Field(0.6, gt=0, le=1)
    zoom_out: float = Field(1.0, gt=0, le=1)
    perspective: float = Field(0.1, ge=0, le=1)
    flip: float = Field(0.5, ge=0, le=1)
    brightness: float = Field(0.3, ge=0, lt=1)
    contrast: float = Field(0.3, ge=0, lt=1)
    saturation: float = Field(0.3, ge=0, lt=1)
    hue: float = Field(0.05, ge=0, le=0.5)
    cast: float = Field(0.08, ge=0, lt=1)
    gamma: float = Field(1.4, ge=1)
    blur: float = Field(0.1, ge=0, le=1)
    noise: float = Field(0.01, ge=0, lt=1)
    flicker: float = Field(0.02, ge=0, lt=1)
    erasing: float = Field(0.2, ge=0, le=1)
    reverse: float = Field(0.0, ge=0, le=1)
    permute: float = Field(0.0, ge=0, le=1)


class ClipAugmentation(nn.Module):
    """Augments batches of clips; randomness comes from torch's global generator.

    Args:
        settings: How much of each transform.
        size: Side of the frames in pixels.
    """

    def __init__(self, settings: AugmentationSettings, size: int) -> None:
        super().__init__()
        self.settings = settings
        self.transforms = ka.VideoSequential(
            *_transforms(settings, size), data_format="BTCHW", same_on_frame=True
        )

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Augmented clips.

        Args:
            clips: Floating pixels in 0..255, shape (B, T, 3, S, S).

        Returns:
            The same shape and range.
        """
        clips = _permute(_reverse(clips, self.settings.reverse), self.settings.permute)
        clips = cast("Tensor", self.transforms(clips / 255.0))
        clips = clips * _flicker(clips, self.settings.flicker)
        clips = clips + _amounts(clips, self.settings.noise) * torch.randn_like(clips)
        return clips.clamp(0.0, 1.0) * 255.0


class FlowAugmentation(nn.Module):
    """Augments batches of optical flow; randomness comes from torch's global generator.

    A flow has no colours, so of the settings only crop, perspective, flip, erasing, reverse and
    permute have a say. What a flip or reversal turns round, it turns round in the displacements
    too. Those of a crop that is scaled up, or of a tilted picture, stay as they are.

    Args:
        settings: How much of each transform.
        size: Side of the frames in pixels.
    """

    def __init__(self, settings: AugmentationSettings, size: int) -> None:
        super().__init__()
        self.settings = settings
        self.transforms = ka.VideoSequential(
            *_geometry(settings, size), *_dirt(settings), data_format="BTCHW", same_on_frame=True
        )

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Augmented flows.

        Args:
            clips: Displacements to the right and down, floating, 0..255 with none at 127.5, shape
                (B, T, 2, S, S).

        Returns:
            The same shape and range.
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
        flow = cast("Tensor", self.transforms(_permute(flow, self.settings.permute)))
        return (flow + STILL).clamp(0.0, 255.0)


def build_augmentation(settings: AugmentationSettings, size: int, channels: int) -> nn.Module:
    """The augmentation of RGB clips (3 channels) or of optical flow (2)."""
    kind = ClipAugmentation if channels == 3 else FlowAugmentation
    return kind(settings, size)


def _transforms(settings: AugmentationSettings, size: int) -> list[nn.Module]:
    s = settings
    gamma = (1 / s.gamma, s.gamma)
    return [
        *_geometry(s, size),
        ka.RandomHorizontalFlip(p=s.flip),
        ka.ColorJiggle(s.brightness, s.contrast, s.saturation, s.hue, p=0.8),
        ka.RandomRGBShift(s.cast, s.cast, s.cast, p=0.5 if s.cast else 0.0),
        ka.RandomGamma(gamma, p=0.5 if s.gamma > 1 else 0.0),
        ka.RandomGaussianBlur((5, 5), (0.3, 1.5), p=s.blur),
        *_dirt(s),
    ]


def _geometry(settings: AugmentationSettings, size: int) -> list[nn.Module]:
    s = settings
    farther = ka.RandomAffine(0.0, scale=(s.zoom_out, 1.0), padding_mode="reflection", p=0.5)
    return [
        *([farther] if s.zoom_out < 1 else []),
        ka.RandomResizedCrop((size, size), scale=(s.crop_scale, 1.0), ratio=(3 / 4, 4 / 3)),
        ka.RandomPerspective(s.perspective, p=0.5 if s.perspective else 0.0),
    ]


def _dirt(settings: AugmentationSettings) -> list[nn.Module]:
    p = settings.erasing
    return [ka.RandomErasing(scale=(0.002, 0.02), ratio=(0.3, 3.3), p=p) for _ in range(2)]


def _reverse(clips: Tensor, chance: float) -> Tensor:
    """Turn the time of some clips round."""
    turned = torch.rand(len(clips), 1, 1, 1, 1, device=clips.device) < chance
    return torch.where(turned, clips.flip(1), clips)


def _permute(clips: Tensor, chance: float) -> Tensor:
    """Put the frames of some clips in random order."""
    if not chance:
        return clips
    count, length = clips.shape[:2]
    chosen = torch.rand(count, 1, device=clips.device) < chance
    shuffled = torch.rand(count, length, device=clips.device).argsort(dim=1)
    order = torch.where(chosen, shuffled, torch.arange(length, device=clips.device))
    return clips[torch.arange(count, device=clips.device)[:, None], order]


def _flicker(clips: Tensor, deviation: float) -> Tensor:
    """A gain for each frame, shape (B, T, 1, 1, 1)."""
    shape = (*clips.shape[:2], 1, 1, 1)
    gains = torch.randn(shape, device=clips.device, dtype=clips.dtype)
    return 1.0 + _amounts(clips, deviation) * gains


def _amounts(clips: Tensor, largest: float) -> Tensor:
    """How much of a disturbance each clip gets, mostly little; shape (B, 1, 1, 1, 1)."""
    shape = (len(clips), 1, 1, 1, 1)
    return largest * torch.rand(shape, device=clips.device, dtype=clips.dtype) ** 3
