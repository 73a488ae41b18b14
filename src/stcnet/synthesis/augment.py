"""Smoke in clips that have none: plumes rendered into real clips, a whole batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from stcnet.synthesis.compositing import composite, to_display, to_linear
from stcnet.synthesis.draws import SMOKE, STEAM, PlumeRanges, random_plumes
from stcnet.synthesis.plumes import SMALLEST, Opacity, render_opacity
from stcnet.synthesis.randomness import log_uniform, uniform

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import PlumeParameters

_DETAIL = 160
_THUMB = 32
_WHITE_QUANTILE = 0.95
_LEAST_CONTRAST = 25.0
_MOST_GAIN = 10.0
VISIBLE_CHANGE: tuple[float, float] = (8.0, 30.0)
"""Least change of a pixel within the plume, in display values 0..255: drawn in this range."""
VISIBLE_AREA: tuple[float, float] = (0.01, 0.35)
"""Share of the pixels that change by as much, where the plume is long enough: drawn as well."""


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """How a plume is to stand in its clip; each number of shape (B, 1)."""

    sunlit: Tensor
    airlight: Tensor
    least_change: Tensor
    area: Tensor


def _draw_look(generator: torch.Generator, batch: int, device: torch.device) -> _Look:
    shape = (batch, 1)
    return _Look(
        sunlit=uniform(generator, shape, (0.0, 0.6)).to(device),
        airlight=uniform(generator, shape, (0.0, 0.7)).to(device),
        least_change=log_uniform(generator, shape, VISIBLE_CHANGE).to(device),
        area=log_uniform(generator, shape, VISIBLE_AREA).to(device),
    )


def _thumbnails(clips: Tensor) -> Tensor:
    """Clips (B, T, 3, H, W) in display values to linear light, (B, T, 3, 32, 32)."""
    small = F.adaptive_avg_pool2d(clips.flatten(0, 1).float(), _THUMB)
    return to_linear(small).reshape(*clips.shape[:3], _THUMB, _THUMB)


def _illuminant(thumbnails: Tensor, sunlit: Tensor) -> Tensor:
    """Linear RGB of white in each clip: the colour of its brightest parts, shape (B, 3).

    ``sunlit``, shape (B, 1), 0..1, says how far white lies between those parts and full scale;
    a scene of dark things alone does not show its white.
    """
    pixels = thumbnails.mean(1).flatten(2)
    brightest = torch.quantile(pixels, _WHITE_QUANTILE, dim=-1).clamp(min=0.03)
    level = brightest.amax(-1, keepdim=True)
    return brightest * torch.lerp(torch.ones_like(level), 1 / level, sunlit)


def _daylight(thumbnails: Tensor) -> Tensor:
    """Light of each frame as a share of its clip's, from the median pixel: shape (B, T)."""
    level = thumbnails.mean(2).flatten(2).median(-1).values
    return (level / level.mean(1, keepdim=True).clamp(min=1e-4)).clamp(0.3, 2.0)


def _behind(thumbnails: Tensor, weight: Tensor) -> Tensor:
    """Mean linear RGB of what the plume covers, shape (B, 3)."""
    covered = (thumbnails * weight[:, :, None]).sum((1, 3, 4))
    return covered / weight.sum((1, 2, 3)).clamp(min=1e-6)[:, None]


def _contrast(radiance: Tensor, behind: Tensor) -> Tensor:
    """Largest difference over the channels, in display values: (B, 3), (B, 3) -> (B,)."""
    return (to_display(radiance) - to_display(behind)).abs().amax(-1)


def _stand_out(radiance: Tensor, behind: Tensor) -> Tensor:
    """Darken or brighten smoke that has the brightness of what is behind it."""
    luminance = behind.mean(-1, keepdim=True)
    level = radiance.mean(-1, keepdim=True).clamp(min=1e-4)
    darker, brighter = 0.5 * luminance / level, (2.0 * luminance + 0.04) / level
    moved = radiance * torch.where(luminance > 0.45, darker, brighter)
    weak = _contrast(radiance, behind) < _LEAST_CONTRAST
    return torch.where(weak[:, None], moved.clamp(0, 1), radiance)


def _visible_gain(weight: Tensor, needed: Tensor, area: Tensor) -> Tensor:
    """Factor on the optical depth, 1 or more, that makes a plume visible.

    Args:
        weight: Optical depth of the plumes on a coarse grid, shape (B, T, h, w).
        needed: Optical depth that can just be seen, shape (B,).
        area: Share of the clip's pixels that should show it if the plume is long enough, (B,).

    Returns:
        Factor of shape (B,).
    """
    typical = weight.square().sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1e-6)
    ranked = weight.flatten(1).sort(dim=-1, descending=True).values
    rank = (area * ranked.shape[1]).long().clamp(max=ranked.shape[1] - 1)
    edge = ranked.gather(1, rank[:, None])[:, 0]
    spread_out = (needed / edge.clamp(min=1e-6)).clamp(max=_MOST_GAIN)
    return torch.maximum(needed / typical.clamp(min=1e-3), spread_out).clamp(min=1.0)


def _detailed(plume: Opacity, height: int, width: int) -> Opacity:
    """Enlarge a plume to the size of the clip."""
    if plume.optical_depth.shape[-2:] == (height, width):
        return plume

    def enlarge(field: Tensor) -> Tensor:
        return F.interpolate(field, (height, width), mode="bilinear", align_corners=False)

    return Opacity(enlarge(plume.optical_depth), enlarge(plume.light))


def _draw(
    generator: torch.Generator,
    times_s: Tensor,
    steam: Tensor,
    smoke_ranges: PlumeRanges,
    steam_ranges: PlumeRanges,
) -> PlumeParameters:
    """Smoke, or steam where ``steam`` holds; both are drawn, so that the choice changes no draw."""
    batch, last_s = times_s.shape[0], times_s.amax(1).cpu()
    smoke = random_plumes(batch, generator, ranges=smoke_ranges, duration_s=last_s)
    other = random_plumes(batch, generator, ranges=steam_ranges, duration_s=last_s)
    return other.where(steam, smoke).to(times_s.device)


def _adapt(
    plume: Opacity, albedo: Tensor, clips: Tensor, look: _Look, is_smoke: Tensor
) -> tuple[Opacity, Tensor]:
    """Fit a plume to its clip: its strength, and its linear RGB in each frame, (B, T, 3)."""
    thumbnails = _thumbnails(clips)
    weight = F.adaptive_avg_pool2d(plume.optical_depth, _THUMB)
    behind = _behind(thumbnails, weight)
    radiance = (albedo * _illuminant(thumbnails, look.sunlit)).clamp(0, 1)
    radiance = torch.lerp(radiance, thumbnails.mean((1, 3, 4)), look.airlight)
    radiance = _stand_out(radiance, behind)
    contrast = _contrast(radiance, behind).clamp(min=1.0)
    opacity = (look.least_change[:, 0] / contrast).clamp(max=0.9)
    gain = _visible_gain(weight, -torch.log1p(-opacity), look.area[:, 0] * is_smoke)
    daylight = _daylight(thumbnails)[..., None]
    return plume.scaled(gain), (radiance[:, None] * daylight).clamp(0, 1)


@torch.no_grad()
def paste_plumes(
    clips: Tensor,
    times_s: Tensor,
    generator: torch.Generator,
    *,
    steam: bool | Tensor = False,
    smoke_ranges: PlumeRanges = SMOKE,
    steam_ranges: PlumeRanges = STEAM,
) -> tuple[Tensor, Tensor]:
    """Render one random plume into each clip of a batch.

    The plume takes the colour of the scene's light and is made strong enough to be seen before
    what it covers, so that the label "smoke" is honest.

    Args:
        clips: Display values 0..255, floating, on any device, shape (B, T, 3, H, W); at least 8
            pixels each way.
        times_s: World time of the frames in seconds, shape (B, T). Only differences matter.
        generator: On the CPU; it alone decides what is drawn.
        steam: Paste steam instead: for all clips, or bool of shape (B,) for some.
        smoke_ranges: What smoke may be drawn.
        steam_ranges: What steam may be drawn.

    Returns:
        The clips with plumes, of the same shape and dtype, and the opacity, 0..1, of the same
        dtype, shape (B, T, 1, H, W).
    """
    batch, _, _, height, width = clips.shape
    times_s = (times_s - times_s[:, :1]).to(device=clips.device, dtype=torch.float32)
    choice = torch.as_tensor(steam).cpu().expand(batch)
    parameters = _draw(generator, times_s, choice, smoke_ranges, steam_ranges)
    look = _draw_look(generator, batch, clips.device)
    scale = min(1.0, max(_DETAIL / max(height, width), SMALLEST / min(height, width)))
    plume = render_opacity(parameters, times_s, round(height * scale), round(width * scale))
    is_smoke = (~choice).to(clips.device)
    plume, radiance = _adapt(plume, parameters.albedo, clips, look, is_smoke)
    plume = _detailed(plume, height, width)
    return composite(clips, plume, radiance), plume.alpha[:, :, None].to(clips.dtype)
