"""Rendered scenes: a far plant before hills, under drifting clouds, seen by a fixed camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from stcnet.synthesis.compositing import composite, to_display, to_linear
from stcnet.synthesis.parameters import Optics, Plume, Source, Wind, stack_plumes
from stcnet.synthesis.plants import Plant, paint_plant, random_plant
from stcnet.synthesis.plumes import Opacity, render_opacity
from stcnet.synthesis.turbulence import sample_eddies

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Colour, Pair
    from stcnet.types import Picture

_ZENITH = (0.22, 0.38, 0.66)
_HORIZON = (0.62, 0.68, 0.74)
_FOREST = (0.075, 0.095, 0.055)
_GROUND = (0.14, 0.125, 0.10)
_CLOUD = (0.86, 0.87, 0.89)
_WHITE_LIGHT = (0.92, 0.93, 0.95)


@dataclass(frozen=True, slots=True)
class Camera:
    """What the camera and the weather do to the picture.

    Attributes:
        noise: Standard deviation of the sensor noise in display values 0..255.
        haze: Share of the hills' light that the air in between replaces, 0..1.
        cloud_cover: 0 (clear) to 1 (overcast).
        light_drift: Slow change of the daylight as a share of it, 0..1.
    """

    noise: float = 1.6
    haze: float = 0.3
    cloud_cover: float = 0.45
    light_drift: float = 0.08


@dataclass(frozen=True, slots=True)
class Scene:
    """A plant, the plumes it emits, and the camera that watches it."""

    plant: Plant
    plumes: tuple[Plume, ...] = ()
    camera: Camera = Camera()


def _colour(values: Colour) -> Tensor:
    return torch.tensor(values)[:, None, None]


def _grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres of the pixels in picture heights: x of shape (1, W) and y of shape (H, 1)."""
    x = (torch.arange(width) + 0.5) / height
    y = (torch.arange(height) + 0.5) / height
    return x[None, :], y[:, None]


def _noise(x: Tensor, y: Tensor, phase: float = 0.0) -> Tensor:
    """Fractal noise at points of its periodic plane, mean 0, standard deviation 1."""
    points = torch.stack([x + 0 * y, y + 0 * x], dim=-1)
    return sample_eddies(points, torch.tensor(phase)).density


def _sky(scene: Scene, time_s: float, height: int, width: int) -> Tensor:
    """Linear RGB of the sky with clouds that drift and change, shape (3, H, W)."""
    x, y = _grid(height, width)
    down = (y / scene.plant.skyline).clamp(0, 1)
    clear = torch.lerp(_colour(_ZENITH), _colour(_HORIZON), down[None] ** 0.8)
    far = 0.35 / (1.15 - down)
    drift = scene.plant.seed * 0.37 + time_s * 8e-4
    noise = _noise(x * far * 0.45 + drift, far * 1.3 + scene.plant.seed * 0.11, time_s / 700)
    cover = torch.sigmoid(3 * (noise + 2.4 * scene.camera.cloud_cover - 1.2))
    brightness = 1 - 0.18 * torch.sigmoid(2 * noise)
    return torch.lerp(clear, _colour(_CLOUD) * brightness, 0.8 * cover)


def _crowns(seed: int, height: int, width: int) -> Tensor:
    """Grain of a wood seen from afar, standard deviation about 1, shape (H, W)."""
    generator = torch.Generator().manual_seed(seed)
    fine = torch.randn(1, 1, height, width, generator=generator)
    coarse = torch.randn(1, 1, height // 4 + 1, width // 4 + 1, generator=generator)
    coarse = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return 0.7 * fine[0, 0] + 1.1 * coarse[0, 0]


def _hills(plant: Plant, height: int, width: int, haze: float) -> tuple[Tensor, Tensor]:
    """Linear RGB (3, H, W) and coverage (H, W) of two wooded ridges and the ground."""
    x, y = _grid(height, width)
    colour, covered = torch.zeros(3, height, width), torch.zeros(height, width)
    start = plant.seed * 0.173
    crowns = _crowns(plant.seed, height, width)
    for ridge, (depth, air) in enumerate(((0.0, haze), (0.35, 0.55 * haze))):
        outline = _noise(0.22 * x + start + ridge * 0.41, torch.full_like(x, 0.3 + 0.2 * ridge))
        top = plant.skyline + depth * (plant.ground - plant.skyline) + 0.022 * outline
        inside = ((y - top) * height + 0.5).clamp(0, 1)
        patches = _noise(1.6 * x + 0.7 * y + start, 2.2 * y - 0.5 * x + 0.3 * ridge)
        trees = torch.exp(0.2 * patches + 0.16 * crowns)
        wood = torch.lerp(_colour(_FOREST) * trees, _colour(_HORIZON), air)
        colour, covered = torch.lerp(colour, wood, inside), torch.maximum(covered, inside)
    inside = ((y - plant.ground) * height + 0.5).clamp(0, 1) * torch.ones_like(x)
    grain = torch.exp(0.35 * _noise(1.1 * x + start, 6.0 * y))
    return torch.lerp(colour, _colour(_GROUND) * grain, inside), covered


def _standing(scene: Scene, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Linear RGB (3, H, W) and coverage (H, W) of all that stands still."""
    colour, covered = _hills(scene.plant, height, width, scene.camera.haze)
    painted = torch.from_numpy(paint_plant(scene.plant, height, width)).permute(2, 0, 1)
    built = torch.lerp(to_linear(painted[:3] * 255), _colour(_HORIZON), 0.3 * scene.camera.haze)
    return torch.lerp(colour, built, painted[3]), torch.maximum(covered, painted[3])


def _daylight(scene: Scene, time_s: float, height: int, width: int) -> Tensor:
    """Light on the land: shadows of clouds that move over it, and the slow drift: (H, W)."""
    x, y = _grid(height, width)
    shadow = torch.sigmoid(2.5 * _noise(0.16 * x + time_s * 1.1e-3, 0.3 * y + scene.plant.seed))
    angle = 2 * math.pi * time_s / 600 + scene.plant.seed
    drift = 1 + scene.camera.light_drift * math.sin(angle)
    return drift * (1 - 0.3 * scene.camera.cloud_cover * shadow)


def render_background(scene: Scene, times_s: Tensor, height: int, width: int) -> Tensor:
    """Render the scene without plumes and without sensor noise.

    Args:
        scene: What to render; its plumes are left out.
        times_s: World time of the frames in seconds, shape (T,).
        height: Rows of the picture.
        width: Columns of the picture.

    Returns:
        Display values 0..255, float32, shape (T, 3, height, width).
    """
    land, covered = _standing(scene, height, width)
    frames = []
    for time_s in times_s.tolist():
        lit = land * _daylight(scene, time_s, height, width)
        frames.append(torch.lerp(_sky(scene, time_s, height, width), lit, covered))
    return to_display(torch.stack(frames))


def render_plume(plume: Plume, times_s: Tensor, height: int, width: int) -> Opacity:
    """Render one plume, float32; see :func:`~stcnet.synthesis.plumes.render_opacity`.

    Args:
        plume: What to render.
        times_s: World time of the frames in seconds, shape (T,).
        height: Rows of the picture, at least 8.
        width: Columns of the picture, at least 8.

    Returns:
        Optical depth and light of shape (1, T, height, width).
    """
    return render_opacity(stack_plumes([plume]), times_s[None], height, width)


def render_scene(scene: Scene, times_s: Tensor, height: int, width: int) -> Picture:
    """Render all frames of a scene, plumes and sensor noise included.

    Args:
        scene: What to render.
        times_s: World time of the frames in seconds, shape (T,).
        height: Rows of the picture, at least 8.
        width: Columns of the picture, at least 8.

    Returns:
        Frames, uint8, shape (T, height, width, 3).
    """
    frames = render_background(scene, times_s, height, width)[None]
    for plume in scene.plumes:
        radiance = torch.tensor([plume.optics.albedo]) * torch.tensor(_WHITE_LIGHT)
        frames = composite(frames, render_plume(plume, times_s, height, width), radiance)
    generator = torch.Generator().manual_seed(scene.plant.seed)
    frames = frames + scene.camera.noise * torch.randn(frames.shape, generator=generator)
    pixels = frames[0].round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())


def steam_plume(mouth: Pair, wind: Wind, seed: int = 0) -> Plume:
    """A steady plume of steam that leaves ``mouth``, fractions (x, y) of the picture."""
    source = Source(
        mouth,
        radius=0.011,
        strength=6.0,
        rise=0.016,
        rise_time_s=6.0,
        lifetime_s=25.0,
        intermittency=0.5,
        period_s=20.0,
    )
    optics = Optics(albedo=(0.93, 0.94, 0.95), ambient=0.55, texture=0.7, evaporation=0.9)
    return Plume((source,), wind, optics, seed)


def smoke_plume(
    mouth: Pair,
    wind: Wind,
    seed: int = 0,
    *,
    albedo: Colour = (0.20, 0.17, 0.14),
    strength: float = 3.5,
    start_s: float = -math.inf,
    stop_s: float = math.inf,
) -> Plume:
    """A clear plume of smoke.

    Args:
        mouth: Where it leaves, as fractions (x, y) of the picture.
        wind: The air that carries it.
        seed: Picks its turbulence.
        albedo: Its colour, linear RGB, 0..1.
        strength: Optical depth where it leaves.
        start_s: When it starts, in seconds.
        stop_s: When it ends, in seconds.
    """
    source = Source(
        mouth,
        radius=0.012,
        strength=strength,
        rise=0.012,
        rise_time_s=14.0,
        lifetime_s=70.0,
        start_s=start_s,
        stop_s=stop_s,
        intermittency=0.3,
    )
    return Plume((source,), wind, Optics(albedo=albedo, ambient=0.65, texture=0.6), seed)


def random_scene(seed: int, *, with_smoke: bool) -> Scene:
    """Draw a plant with steam from one stack and, if asked for, smoke from another.

    The same seed with and without smoke differs in the smoke alone.
    """
    rng = np.random.default_rng((seed, 2))
    plant = random_plant(seed)
    speed, side = rng.uniform(0.008, 0.025), rng.choice([-1.0, 1.0])
    wind = Wind((side * speed, 0.0), gustiness=rng.uniform(0.2, 0.6))
    camera = Camera(haze=rng.uniform(0.1, 0.45), cloud_cover=rng.uniform(0.1, 0.9))
    level, warmth = rng.uniform(0.08, 0.6), rng.uniform(0.0, 0.3)
    albedo = (level * (1 + warmth), level, level * (1 - warmth))
    smoking, steaming, _ = plant.mouths("stack")
    plumes = [steam_plume(steaming, wind, seed)]
    if with_smoke:
        plumes.append(smoke_plume(smoking, wind, seed, albedo=albedo))
    return Scene(plant, tuple(plumes), camera)


def render_clip(
    scene_seed: int,
    with_smoke: bool,
    frames: int = 36,
    interval_s: float = 5.0,
    size: tuple[int, int] = (180, 180),
) -> Picture:
    """Render a time-lapse clip of a random scene.

    Args:
        scene_seed: Picks plant, weather and plumes.
        with_smoke: Whether one of the stacks smokes.
        frames: Number of frames T, 1 or more.
        interval_s: World time between frames, in seconds.
        size: Height and width in pixels, at least 8 each.

    Returns:
        Frames, uint8, shape (T, H, W, 3).
    """
    times_s = torch.arange(frames) * float(interval_s)
    return render_scene(random_scene(scene_seed, with_smoke=with_smoke), times_s, *size)
