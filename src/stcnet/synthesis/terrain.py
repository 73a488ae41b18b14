"""The land of a scene: wooded ridges, the ground, and what was built on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from stcnet.synthesis.compositing import to_linear
from stcnet.synthesis.plants import Plant, paint_plant
from stcnet.synthesis.weather import Weather, colour_field, fractal_noise, pixel_grid, within_period

if TYPE_CHECKING:
    from torch import Tensor

_GROUND = (0.14, 0.125, 0.10)


def _crowns(seed: int, height: int, width: int) -> Tensor:
    """Grain of a wood seen from afar, standard deviation about 1, shape (H, W)."""
    generator = torch.Generator().manual_seed(seed)
    fine = torch.randn(1, 1, height, width, generator=generator)
    coarse = torch.randn(1, 1, height // 4 + 1, width // 4 + 1, generator=generator)
    coarse = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return 0.7 * fine[0, 0] + 1.1 * coarse[0, 0]


def _hills(plant: Plant, weather: Weather, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Linear RGB (3, H, W) and coverage (H, W) of two wooded ridges and the ground."""
    height, width = y.shape[0], x.shape[1]
    colour = torch.zeros(3, height, width, device=x.device)
    covered = torch.zeros(height, width, device=x.device)
    start, haze = within_period(plant.seed * 0.173), weather.haze
    crowns = _crowns(plant.seed, height, width).to(x.device)
    air_colour = colour_field(weather.haze_colour, x)
    for ridge, (depth, air) in enumerate(((0.0, haze), (0.35, 0.55 * haze))):
        outline = fractal_noise(
            0.22 * x + start + ridge * 0.41, torch.full_like(x, 0.3 + 0.2 * ridge)
        )
        top = plant.skyline + depth * (plant.ground - plant.skyline) + 0.022 * outline
        inside = ((y - top) * height + 0.5).clamp(0, 1)
        patches = fractal_noise(1.6 * x + 0.7 * y + start, 2.2 * y - 0.5 * x + 0.3 * ridge)
        trees = torch.exp(plant.patches * patches + plant.crowns * crowns)
        wood = torch.lerp(colour_field(plant.forest, x) * trees, air_colour, air)
        colour, covered = torch.lerp(colour, wood, inside), torch.maximum(covered, inside)
    inside = ((y - plant.ground) * height + 0.5).clamp(0, 1) * torch.ones_like(x)
    grain = torch.exp(0.35 * fractal_noise(1.1 * x + start, 6.0 * y))
    return torch.lerp(colour, colour_field(_GROUND, x) * grain, inside), covered


def _grimy(built: Tensor, plant: Plant, x: Tensor, y: Tensor) -> Tensor:
    """Stains and wear on what was built; a grime of 0 leaves it as painted."""
    if plant.grime == 0:
        return built
    wear = fractal_noise(2.1 * x + within_period(plant.seed * 0.31), 1.3 * y)
    return built * torch.exp(plant.grime * wear)


def paint_land(
    plant: Plant, weather: Weather, height: int, width: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Paint all that stands still, in full daylight, on the device of ``like``.

    Returns:
        Linear RGB of shape (3, height, width) and coverage 0..1 of shape (height, width): the
        rest is sky.
    """
    x, y = pixel_grid(height, width, like)
    colour, covered = _hills(plant, weather, x, y)
    painted = torch.from_numpy(paint_plant(plant, height, width)).permute(2, 0, 1).to(x.device)
    built = _grimy(to_linear(painted[:3] * 255), plant, x, y)
    built = torch.lerp(built, colour_field(weather.haze_colour, x), 0.3 * weather.haze)
    return torch.lerp(colour, built, painted[3]), torch.maximum(covered, painted[3])
