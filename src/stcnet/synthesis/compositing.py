"""Light through smoke: pixels of a background and a plume in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.plumes import Opacity

_GAMMA = 2.2


def to_linear(pixels: Tensor) -> Tensor:
    """Display values 0..255 to linear light 0..1, by a gamma of 2.2."""
    return (pixels / 255).clamp(0, 1) ** _GAMMA


def to_display(light: Tensor) -> Tensor:
    """Linear light 0..1 to display values 0..255; brighter light is clipped.

    >>> import torch
    >>> to_display(to_linear(torch.tensor([0.0, 128.0, 255.0]))).round()
    tensor([  0., 128., 255.])
    """
    return 255 * light.clamp(0, 1) ** (1 / _GAMMA)


@torch.no_grad()
def composite(background: Tensor, plume: Opacity, radiance: Tensor) -> Tensor:
    """Put a plume before a background: background * transmittance + smoke * opacity.

    The sum is taken in linear light. A pixel that no smoke covers keeps its value to the bit.

    Args:
        background: Display values 0..255, uint8 or floating, shape (B, T, 3, H, W).
        plume: Optical depth and light, of shape (B, T, H, W).
        radiance: Linear RGB of fully lit, opaque smoke, 0..1, shape (B, 3), or (B, T, 3) where
            the daylight changes.

    Returns:
        Display values of the background's shape and dtype; integers are rounded.

    Raises:
        ValueError: The shapes do not belong together.
    """
    batch, times, _, height, width = background.shape
    fits = plume.optical_depth.shape == (batch, times, height, width)
    if not fits or radiance.shape not in ((batch, 3), (batch, times, 3)):
        raise ValueError(
            f"background {tuple(background.shape)}, plume {tuple(plume.optical_depth.shape)} and "
            f"radiance {tuple(radiance.shape)} do not belong together"
        )
    alpha = plume.alpha[:, :, None]
    radiance = radiance if radiance.ndim == 3 else radiance[:, None]
    smoke = radiance[..., None, None] * plume.light[:, :, None]
    display = to_display(torch.lerp(to_linear(background.to(alpha)), smoke, alpha))
    display = display if background.is_floating_point() else display.round()
    return torch.where(alpha > 0, display.to(background.dtype), background)
