"""Colours and light: kornia's jitter, white balance, and the grey of a camera at night."""

from __future__ import annotations

import kornia.augmentation as ka
import torch
from torch import Tensor, nn

from stcnet.datasets.augmentation.draws import drawn, for_clips, pixel_places
from stcnet.datasets.augmentation.settings import AugmentationSettings

TONE_CURVE = 2.2
"""Exponent from display values to linear light, of which things are added in the world."""

_PHOTON_NOISE, _READ_NOISE = 0.015, 0.003

_GREATEST_GAIN = 6.0
"""Of a dark scene, in linear light."""


def to_light(pixels: Tensor) -> Tensor:
    """Display values to linear light, both 0..1; values beyond are cut off."""
    return pixels.clamp(0.0, 1.0) ** TONE_CURVE


def to_display(light: Tensor) -> Tensor:
    """Linear light to display values, both 0..1; values beyond are cut off."""
    return light.clamp(0.0, 1.0) ** (1 / TONE_CURVE)


def colour_transforms(settings: AugmentationSettings) -> list[nn.Module]:
    """Flip, colour jitter, colour cast and gamma, as kornia's transforms."""
    s = settings
    amounts = (s.brightness, s.contrast, s.saturation, s.hue)
    return [
        ka.RandomHorizontalFlip(p=s.flip),
        ka.ColorJitter(*amounts, p=1.0) if s.relative_jitter else ka.ColorJiggle(*amounts, p=0.8),
        ka.RandomRGBShift(s.cast, s.cast, s.cast, p=0.5 if s.cast else 0.0),
        ka.RandomGamma((1 / s.gamma, s.gamma), p=0.5 if s.gamma > 1 else 0.0),
    ]


def white_balanced(clips: Tensor, amounts: Tensor) -> Tensor:
    """Effect: the camera takes another light for white: warmer or colder, and a tint.

    Gains of the channels in linear light, alike for all frames and of mean 1.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        amounts: Size of the exponent of the gain of red and its inverse of blue, shape (B,).
    """
    warmth = torch.where(drawn(clips, amounts.shape, 0.0, 1.0) < 0.5, amounts, -amounts)
    tint = amounts * drawn(clips, amounts.shape, -0.3, 0.3)
    gains = torch.stack([warmth, tint, -warmth], dim=-1).exp()
    gains = gains / gains.mean(dim=-1, keepdim=True)
    return to_display(to_light(clips) * gains[:, None, :, None, None])


def infrared(clips: Tensor, amounts: Tensor) -> Tensor:
    """Effect: the dim grey picture of a camera that has swung its infrared filter away.

    Channels are added with weights that favour red, corners are darker, and the exposure is set to
    what a night mode makes of bright parts, so that little light is left beside the sensor's noise.
    The sun is not put out: skies stay bright.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        amounts: Share of the effect, 0..1, shape (B,).
    """
    count = len(clips)
    weights = drawn(clips, (count, 1, 3, 1, 1), 0.1, 0.6)
    weights = weights + weights.new_tensor([0.5, 0.1, 0.0]).reshape(3, 1, 1)
    light = (to_light(clips) * weights / weights.sum(dim=2, keepdim=True)).sum(2, keepdim=True)
    across, down = pixel_places(clips)
    from_middle = (across - 0.5) ** 2 + (down - 0.5) ** 2
    light = light * (1 - from_middle * for_clips(drawn(clips, (count,), 0.2, 1.2)))
    bright = light.mean(dim=(1, 2)).flatten(1).quantile(0.9, dim=1)
    gain = drawn(clips, (count,), 0.1, 0.4) / bright.clamp(min=1e-6)
    exposed = light * for_clips(gain.clamp(max=_GREATEST_GAIN))
    noisy = exposed + (_PHOTON_NOISE * exposed.sqrt() + _READ_NOISE) * torch.randn_like(exposed)
    return clips + for_clips(amounts) * (to_display(noisy) - clips)
