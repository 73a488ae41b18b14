"""Sky and light: clouds that drift, their shadows on the land, haze, fog, day and night."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from stcnet.synthesis.limits import require_within
from stcnet.synthesis.turbulence import sample_density, sample_patches

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Colour, Pair
    from stcnet.synthesis.plants import Plant

HORIZON: Colour = (0.62, 0.68, 0.74)
WHITE_LIGHT: Colour = (0.92, 0.93, 0.95)
_ZENITH = (0.22, 0.38, 0.66)
_CLOUD = (0.86, 0.87, 0.89)
_LAMP: Colour = (1.0, 0.74, 0.42)
_HALO = 0.14
_CORE = 0.006
_DIMMEST = 1e-6
_SHADOW_SCALE = (0.16, 0.3)
_SHADOW_CONTRAST = 8.0
_EDGE_IN_DEVIATIONS = 2.563
"""Width over which a Gaussian blur lets a sharp edge pass from 10 to 90 %."""


@dataclass(frozen=True, slots=True)
class Weather:
    """The air before the camera and the clouds above.

    Attributes:
        haze: Share of the hills' light that the air in between replaces, 0..1.
        cloud_cover: 0 (clear) to 1 (overcast).
        light_drift: Slow change of the daylight as a share of it, 0..1.
        haze_colour: Linear RGB of the air, 0..1.
        fog: Opacity of the air before everything, plumes included, 0..0.99.
        cloud_speed: Factor on the speed at which clouds and their shadows move, 0 or more.
        shadow: Share of the light that the shadow of a cloud takes under a full cover, 0..1.
        shadow_edge: Width over which a shadow fades from 10 to 90 %, in picture heights, 0 or more:
            the sun is a disc, whose penumbra is a hundredth as wide as the cloud is high, and
            clouds let light through at their edges, so that shadows have no detail below some
            hundred metres (Mol et al., Journal of Geophysical Research: Atmospheres, 2023).

    Raises:
        ValueError: A number is out of its range.
    """

    haze: float = 0.3
    cloud_cover: float = 0.45
    light_drift: float = 0.08
    haze_colour: Colour = HORIZON
    fog: float = 0.0
    cloud_speed: float = 1.0
    shadow: float = 0.3
    shadow_edge: float = 0.4

    def __post_init__(self) -> None:
        share = (0.0, 1.0)
        require_within(
            self,
            haze=share,
            cloud_cover=share,
            light_drift=share,
            haze_colour=share,
            fog=(0.0, 0.99),
            cloud_speed=(0.0, math.inf),
            shadow=share,
            shadow_edge=(0.0, math.inf),
        )


@dataclass(frozen=True, slots=True)
class Light:
    """What lights the scene.

    Attributes:
        level: Daylight as a share of full daylight, 0..1: 1 at noon, about 0.1 at dusk, below
            0.02 at night.
        white: Linear RGB of a white thing in that light, 0..1.
        shaded: Share of the shadows and of the slow drift on the land that plumes take as well,
            0..1; 0 lights plumes evenly.
        lamps: Light beside a lamp of the plant as a share of full daylight, 0 or more.
        trend: Growth of the daylight per minute, as the logarithm of its factor: above 0 the sun
            rises, below 0 it sets.
        direct: Share of the daylight that comes straight from the sun, so that a plume takes it
            from the land, 0..0.99; 0: plumes cast no shadows.
        cast: From a plume to its shadow on the land, x and y in picture heights, -2..2.

    Raises:
        ValueError: A number is out of its range.
    """

    level: float = 1.0
    white: Colour = WHITE_LIGHT
    shaded: float = 0.0
    lamps: float = 0.0
    trend: float = 0.0
    direct: float = 0.0
    cast: Pair = (0.0, 0.0)

    def __post_init__(self) -> None:
        share = (0.0, 1.0)
        require_within(self, level=share, white=share, shaded=share, lamps=(0.0, math.inf))
        require_within(self, trend=(-10.0, 10.0), direct=(0.0, 0.99), cast=(-2.0, 2.0))

    def at(self, time_s: float) -> Light:
        """The light at a time, without its trend; never more than full daylight."""
        if self.trend == 0:
            return self
        # Far from the start the exponent would overflow; by then it is full day or night.
        factor = math.exp(max(-50.0, min(50.0, self.trend * time_s / 60)))
        return replace(self, level=min(1.0, self.level * factor), trend=0.0)


def colour_field(values: Colour, like: Tensor) -> Tensor:
    """A colour as float32 of shape (3, 1, 1) on the device of ``like``."""
    return torch.tensor(values, device=like.device)[:, None, None]


def pixel_grid(height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Centres of the pixels in picture heights: x of shape (1, W) and y of shape (H, 1)."""
    x = (torch.arange(width, device=like.device) + 0.5) / height
    y = (torch.arange(height, device=like.device) + 0.5) / height
    return x[None, :], y[:, None]


def within_period(way: float) -> float:
    """A way through the plane of the noise, whose period is 1, as the shortest one: 0..1.

    What is added to coordinates in float32 costs them precision: a way of 370,000 leaves steps of
    a 32nd of the period.
    """
    return way % 1.0


def fractal_noise(x: Tensor, y: Tensor, phase: float = 0.0) -> Tensor:
    """Fractal noise at points of its periodic plane, mean 0, standard deviation 1."""
    points = torch.stack([x + 0 * y, y + 0 * x], dim=-1)
    return sample_density(points, torch.tensor(phase, device=x.device))


def sky(plant: Plant, weather: Weather, time_s: float, x: Tensor, y: Tensor) -> Tensor:
    """Linear RGB of the sky in full daylight, with clouds that drift and change, (3, H, W)."""
    down = (y / max(plant.skyline, 1e-3)).clamp(0, 1)
    clear = torch.lerp(colour_field(_ZENITH, x), colour_field(HORIZON, x), down[None] ** 0.8)
    far = 0.35 / (1.15 - down)
    time_s = time_s * weather.cloud_speed
    drift = within_period(plant.seed * 0.37 + time_s * 8e-4)
    below = within_period(plant.seed * 0.11)
    noise = fractal_noise(x * far * 0.45 + drift, far * 1.3 + below, time_s / 700)
    cover = torch.sigmoid(3 * (noise + 2.4 * weather.cloud_cover - 1.2))
    brightness = 1 - 0.18 * torch.sigmoid(2 * noise)
    return torch.lerp(clear, colour_field(_CLOUD, x) * brightness, 0.8 * cover)


def daylight(plant: Plant, weather: Weather, time_s: float, x: Tensor, y: Tensor) -> Tensor:
    """Light on the land as a share of the daylight: moving shadows and slow drift, (H, W)."""
    moved = within_period(time_s * weather.cloud_speed * 1.1e-3)
    place = within_period(plant.seed * 0.53)
    shadow = _shadows(weather.shadow_edge, x, y, (moved, place))
    angle = 2 * math.pi * time_s / 600 + plant.seed
    drift = 1 + weather.light_drift * math.sin(angle)
    return drift * (1 - weather.shadow * weather.cloud_cover * shadow)


def _shadows(edge: float, x: Tensor, y: Tensor, offset: Pair) -> Tensor:
    """Share of the sky that clouds hide from each point, 0..1, shape (H, W)."""
    along_x, along_y = _SHADOW_SCALE
    blur = edge / _EDGE_IN_DEVIATIONS
    points = torch.stack([along_x * x + offset[0] + 0 * y, along_y * y + offset[1] + 0 * x], dim=-1)
    return sample_patches(points, _SHADOW_CONTRAST, (along_x * blur, along_y * blur))


def _around(places: tuple[Pair, ...], radius: float, x: Tensor, y: Tensor) -> Tensor:
    """Sum of Gaussians of the given radius around places, fractions of the picture: (H, W)."""
    aspect = float(x[0, -1] + x[0, 0])
    field = 0 * x + 0 * y
    for across, down in places:
        apart = (x - across * aspect).square() + (y - down).square()
        field = field + torch.exp(-0.5 * apart / radius**2)
    return field


def lamp_light(plant: Plant, light: Light, x: Tensor, y: Tensor) -> Tensor:
    """Light of the plant's lamps on what is near them, as a share of full daylight, (H, W)."""
    return light.lamps * _around(plant.lamps, _HALO, x, y).clamp(max=1)


def lamp_glow(plant: Plant, light: Light, x: Tensor, y: Tensor) -> Tensor:
    """Linear RGB of the lamps themselves, shape (3, H, W)."""
    core = 6 * light.lamps * _around(plant.lamps, _CORE, x, y)
    return colour_field(_LAMP, x) * core


def plume_light(light: Light, shades: Tensor, lamps: Tensor) -> Tensor:
    """Light that falls on plumes, as a share of full daylight: (H, W), (H, W) -> (H, W)."""
    return light.level * (1 + light.shaded * (shades - 1)) + lamps


def plume_white(light: Light, like: Tensor) -> Tensor:
    """Linear RGB of white smoke: between daylight and lamplight by their shares, shape (3,)."""
    day, lamps = max(light.level, _DIMMEST), light.lamps
    white, lamp = (torch.tensor(colour, device=like.device) for colour in (light.white, _LAMP))
    return (white * day + lamp * lamps) / (day + lamps)
