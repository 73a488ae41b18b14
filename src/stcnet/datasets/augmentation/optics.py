"""Between the scene and the sensor: haze in the air, a lens out of focus, a smear of movement."""

from __future__ import annotations

import math

import kornia.augmentation as ka
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.datasets.augmentation.colour import to_display, to_light
from stcnet.datasets.augmentation.draws import drawn, for_clips, pixel_places
from stcnet.datasets.augmentation.settings import AugmentationSettings

_COARSE = 16
"""Side in cells of the coarse picture in which the colour of the air is looked for."""

_BRIGHT = 0.9
"""Quantile of the cells whose brightness the air has: that of the sky at the horizon, mostly."""


def blur_transform(settings: AugmentationSettings) -> nn.Module:
    """A small Gaussian blur, as kornia's transform."""
    blur: nn.Module = ka.RandomGaussianBlur((5, 5), (0.3, 1.5), p=settings.blur)
    return blur


def hazed(clips: Tensor, depths: Tensor) -> Tensor:
    """Effect: light is lost on its way, and light of the air takes its place.

    Koschmieder's law in linear light, ``scene * t + air * (1 - t)`` with the transmission
    ``t = exp(-depth * distance)``. The distance is 1 from a drawn horizon upwards and falls
    towards the bottom of the picture; air and transmission are those of the whole clip.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        depths: Optical depth at distance 1, shape (B,).
    """
    light = to_light(clips)
    transmission = torch.exp(-for_clips(depths) * _distances(clips))
    return to_display(torch.lerp(_airlight(light), light, transmission))


def defocused(clips: Tensor, radii: Tensor, largest: float) -> Tensor:
    """Effect: every point becomes a disc.

    Args:
        clips: Shape (B, T, 3, S, S).
        radii: Of the disc, share of the side, shape (B,).
        largest: Bound of the radii.
    """
    across, down = _kernel_places(clips, largest)
    distance = torch.sqrt(across**2 + down**2)
    pixels = (radii * clips.shape[-1])[:, None, None]
    return convolved(clips, (pixels - distance + 0.5).clamp(0.0, 1.0))


def smeared(clips: Tensor, lengths: Tensor, largest: float) -> Tensor:
    """Effect: every point becomes a line of a drawn direction, alike in all frames.

    Args:
        clips: Shape (B, T, 3, S, S).
        lengths: Of the line, share of the side, shape (B,).
        largest: Bound of the lengths.
    """
    across, down = _kernel_places(clips, largest / 2)
    angle = drawn(clips, (len(clips), 1, 1), 0.0, math.pi)
    half = (0.5 * lengths * clips.shape[-1])[:, None, None]
    along = across * angle.cos() + down * angle.sin()
    beside = down * angle.cos() - across * angle.sin()
    beyond = (along.abs() - half).clamp(min=0.0)
    return convolved(clips, (1 - torch.sqrt(beside**2 + beyond**2)).clamp(min=0.0))


def convolved(clips: Tensor, kernels: Tensor) -> Tensor:
    """Every clip with a kernel of its own, the border pixels repeated beyond the border.

    Args:
        clips: Shape (B, T, 3, S, S).
        kernels: Shape (B, K, K), K odd; made to sum to 1.
    """
    count, side = len(clips), kernels.shape[-1]
    kernels = kernels / kernels.sum(dim=(1, 2), keepdim=True)
    layers = clips.flatten(1, 2).transpose(0, 1)
    margin = side // 2
    padded = F.pad(layers, (margin, margin, margin, margin), mode="replicate")
    blurred = F.conv2d(padded, kernels[:, None], groups=count)
    return blurred.transpose(0, 1).reshape(clips.shape)


def _airlight(light: Tensor) -> Tensor:
    """Colour of the air: of bright parts of the scene, more or less grey; (B, 1, 3, 1, 1)."""
    coarse = F.adaptive_avg_pool2d(light.mean(dim=1), _COARSE).flatten(2)
    colour = torch.quantile(coarse.float(), _BRIGHT, dim=2).to(light.dtype)
    paleness = drawn(light, (len(light), 1), 0.3, 1.0)
    colour = torch.lerp(colour, colour.mean(dim=1, keepdim=True), paleness)
    return (colour * drawn(light, (len(light), 1), 0.85, 1.1)).clamp(max=1.0)[
        :, None, :, None, None
    ]


def _distances(clips: Tensor) -> Tensor:
    """How far what each row shows is, as a share of the farthest; (B, 1, 1, S, 1)."""
    horizon = for_clips(drawn(clips, (len(clips),), 0.2, 0.6))
    nearest = for_clips(drawn(clips, (len(clips),), 0.2, 0.9))
    below = ((pixel_places(clips)[1] - horizon) / (1 - horizon)).clamp(min=0.0)
    return 1 - (1 - nearest) * below


def _kernel_places(clips: Tensor, reach: float) -> tuple[Tensor, Tensor]:
    """Offsets in pixels of a kernel that reaches a share of the side, (K,) and (K, 1)."""
    most = math.ceil(reach * clips.shape[-1]) + 1
    offsets = torch.arange(-most, most + 1, device=clips.device, dtype=clips.dtype)
    return offsets, offsets[:, None]
