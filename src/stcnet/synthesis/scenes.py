"""Rendered scenes: a far plant before hills, under drifting clouds, seen by a fixed camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from stcnet.synthesis.camera import Camera, film, shaken, sway
from stcnet.synthesis.compositing import composite, to_display
from stcnet.synthesis.movers import Canvas, Mover, Veil
from stcnet.synthesis.parameters import Optics, Plume, Source, Wind, stack_plumes
from stcnet.synthesis.plants import Plant, random_plant
from stcnet.synthesis.plumes import Opacity, render_opacity
from stcnet.synthesis.terrain import paint_land
from stcnet.synthesis.weather import (
    Light,
    Weather,
    daylight,
    lamp_glow,
    lamp_light,
    pixel_grid,
    plume_light,
    plume_white,
    sky,
)

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Colour, Pair
    from stcnet.types import Picture

Substance = Literal["smoke", "steam", "fog", "mover", "shadow"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A plant, the plumes it emits, the weather and light around it, and the camera before it.

    ``movers`` have nothing to do with smoke; each knows whether it stands before the plumes.
    """

    plant: Plant
    plumes: tuple[Plume, ...] = ()
    weather: Weather = field(default_factory=Weather)
    light: Light = field(default_factory=Light)
    camera: Camera = field(default_factory=Camera)
    movers: tuple[Mover, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Something before what lies behind it, translucent or not.

    Attributes:
        substance: What it is.
        opacity: Optical depth and light, each of shape (1, T, H, W).
        radiance: Linear RGB of it, fully lit and opaque, shape (1, 3).
    """

    substance: Substance
    opacity: Opacity
    radiance: Tensor

    def before(self, background: Tensor) -> Tensor:
        """Put it before display values 0..255, shape (1, T, 3, H, W)."""
        return composite(background, self.opacity, self.radiance)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A rendered clip and the truth about it.

    Attributes:
        frames: What the camera gives, uint8, shape (T, H, W, 3).
        background: The scene without plumes, fog and movers, before lens and sensor: display
            values 0..255, float32, shape (T, 3, H, W). The camera's shake has moved it.
        layers: Movers, shadows, plumes and fog from back to front; the shake has moved them too.
    """

    frames: Picture
    background: Tensor
    layers: tuple[Layer, ...]

    def clean(self) -> Tensor:
        """The background with all layers before it, before lens and sensor, (T, 3, H, W)."""
        return _through(self.background, self.layers)

    def alpha(self, substance: Substance = "smoke") -> Tensor:
        """True opacity 0..1 of all there is of a substance, (T, H, W), whatever hides it."""
        count, _, height, width = self.background.shape
        depth = torch.zeros(count, height, width, device=self.background.device)
        for layer in self.layers:
            if layer.substance == substance:
                depth = depth + layer.opacity.optical_depth[0]
        return -torch.expm1(-depth)

    def mask(self, substance: Substance = "smoke", threshold: float = 0.05) -> Tensor:
        """Where the true opacity reaches ``threshold``: bool, shape (T, H, W)."""
        return self.alpha(substance) >= threshold


def _through(background: Tensor, layers: tuple[Layer, ...]) -> Tensor:
    return reduce(lambda behind, layer: layer.before(behind), layers, background[None])[0]


def render_background(scene: Scene, times_s: Tensor, height: int, width: int) -> Tensor:
    """Render the scene without plumes, fog and movers, before a camera that stands still.

    Args:
        scene: What to render; its plumes and movers are left out.
        times_s: World time of the frames in seconds, shape (T,); on their device it is rendered.
        height: Rows of the picture.
        width: Columns of the picture.

    Returns:
        Display values 0..255, float32, shape (T, 3, height, width).
    """
    plant, weather, light = scene.plant, scene.weather, scene.light
    x, y = pixel_grid(height, width, times_s)
    land, covered = paint_land(plant, weather, height, width, times_s)
    lamps, glow = lamp_light(plant, light, x, y), lamp_glow(plant, light, x, y)
    frames = []
    for time_s in times_s.tolist():
        level = light.at(time_s).level
        shade = level * daylight(plant, weather, time_s, x, y)
        above = level * sky(plant, weather, time_s, x, y)
        frames.append(torch.lerp(above, land * (shade + lamps), covered) + glow)
    return to_display(torch.stack(frames))


def render_plume(plume: Plume, times_s: Tensor, height: int, width: int) -> Opacity:
    """Render one plume, float32; see :func:`~stcnet.synthesis.plumes.render_opacity`.

    Args:
        plume: What to render.
        times_s: World time of the frames in seconds, shape (T,); on their device it is rendered.
        height: Rows of the picture, at least 8.
        width: Columns of the picture, at least 8.

    Returns:
        Optical depth and light of shape (1, T, height, width).
    """
    parameters = stack_plumes([plume]).to(times_s.device)
    return render_opacity(parameters, times_s[None], height, width)


def _falling_light(scene: Scene, times_s: Tensor, height: int, width: int) -> Tensor:
    """Light that falls on plumes and movers, as a share of full daylight, shape (T, H, W)."""
    x, y = pixel_grid(height, width, times_s)
    lamps, plant = lamp_light(scene.plant, scene.light, x, y), scene.plant
    lights = [
        plume_light(scene.light.at(t), daylight(plant, scene.weather, t, x, y), lamps)
        for t in times_s.tolist()
    ]
    return torch.stack(lights)


def _fog(scene: Scene, light: Tensor, white: Tensor) -> Layer:
    """The air before everything, lit as plumes are."""
    depth = torch.full_like(light, -math.log1p(-scene.weather.fog))
    colour = torch.tensor([scene.weather.haze_colour], device=light.device)
    return Layer("fog", Opacity(depth[None], light[None]), colour * white)


def _canvas(scene: Scene, times_s: Tensor, height: int, width: int) -> Canvas:
    x, y = pixel_grid(height, width, times_s)
    _, covered = paint_land(scene.plant, scene.weather, height, width, times_s)
    return Canvas(times_s.float(), x, y, 1 - covered)


def _veil_layer(veil: Veil, falling: Tensor, white: Tensor) -> Layer:
    """A part of a mover in the light of the scene, or in its own."""
    light = veil.light if veil.shines else veil.light * falling
    colour = torch.tensor([veil.colour], device=light.device)
    radiance = colour if veil.shines else colour * white
    return Layer("mover", Opacity(veil.depth[None], light[None]), radiance)


def _shadow(opacity: Opacity, light: Light, canvas: Canvas) -> Layer:
    """What a plume takes from the light of the land, as something black before it."""
    alpha = opacity.alpha.movedim(0, 1)
    offset = alpha.new_tensor([light.cast]).expand(len(alpha), 2)
    there = shaken(alpha, offset, "zeros").movedim(1, 0)
    depth = -torch.log1p(-light.direct * (1 - canvas.sky) * there)
    return Layer("shadow", Opacity(depth, torch.zeros_like(depth)), depth.new_zeros(1, 3))


def _mover_layers(
    scene: Scene, falling: Tensor, white: Tensor, canvas: Canvas, *, before: bool
) -> list[Layer]:
    """Movers that stand before the plumes, or those behind them."""
    some = [mover for mover in scene.movers if mover.before == before and mover.strength > 0]
    return [_veil_layer(veil, falling, white) for mover in some for veil in mover.veils(canvas)]


def _moved(layer: Layer, offset: Tensor) -> Layer:
    fields = torch.cat([layer.opacity.optical_depth, layer.opacity.light]).movedim(0, 1)
    depth, light = shaken(fields, offset).movedim(1, 0)[:, None]
    return Layer(layer.substance, Opacity(depth, light), layer.radiance)


def render_layers(scene: Scene, times_s: Tensor, height: int, width: int) -> tuple[Layer, ...]:
    """Render movers, plumes and fog of a scene, for a camera that stands still.

    From back to front: movers behind the plumes, shadows of the plumes, plumes, fog, movers before
    them. Arguments as for :func:`render_background`.
    """
    if not scene.plumes and scene.weather.fog == 0 and not scene.movers:
        return ()
    falling = _falling_light(scene, times_s, height, width)
    white = plume_white(scene.light, times_s)
    layers = []
    opacities = [render_plume(plume, times_s, height, width) for plume in scene.plumes]
    for plume, opacity in zip(scene.plumes, opacities, strict=True):
        lit = Opacity(opacity.optical_depth, opacity.light * falling)
        radiance = torch.tensor([plume.optics.albedo], device=times_s.device) * white
        layers.append(Layer("steam" if plume.optics.evaporation > 0 else "smoke", lit, radiance))
    if scene.weather.fog > 0:
        layers.append(_fog(scene, falling, white))
    if not scene.movers and scene.light.direct == 0:
        return tuple(layers)
    canvas = _canvas(scene, times_s, height, width)
    behind, front = (
        _mover_layers(scene, falling, white, canvas, before=before) for before in (False, True)
    )
    if scene.light.direct > 0:
        behind += [_shadow(opacity, scene.light, canvas) for opacity in opacities]
    return (*behind, *layers, *front)


def shoot(scene: Scene, times_s: Tensor, height: int, width: int, *, grain: int = 0) -> Shot:
    """Render all frames of a scene with the truth about them.

    Args:
        scene: What to render.
        times_s: World time of the frames in seconds, shape (T,), 0.1 s to 20 s apart or more;
            rendered on their device.
        height: Rows of the picture, at least 8.
        width: Columns of the picture, at least 8.
        grain: Picks the sensor noise: another number for each part of a long film.
    """
    offset = sway(scene.camera, times_s)
    background = shaken(render_background(scene, times_s, height, width), offset)
    layers = render_layers(scene, times_s, height, width)
    if offset.any():
        layers = tuple(_moved(layer, offset) for layer in layers)
    clean = _through(background, layers)
    frames = film(clean, times_s, scene.camera, grain=scene.plant.seed + 7919 * grain)
    return Shot(frames, background, layers)


def render_scene(scene: Scene, times_s: Tensor, height: int, width: int) -> Picture:
    """Render all frames of a scene, plumes and camera included; see :func:`shoot`.

    Returns:
        Frames, uint8, shape (T, height, width, 3).
    """
    return shoot(scene, times_s, height, width).frames


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
    weather = Weather(haze=rng.uniform(0.1, 0.45), cloud_cover=rng.uniform(0.1, 0.9))
    level, warmth = rng.uniform(0.08, 0.6), rng.uniform(0.0, 0.3)
    albedo = (level * (1 + warmth), level, level * (1 - warmth))
    smoking, steaming, _ = plant.mouths("stack")
    plumes = [steam_plume(steaming, wind, seed)]
    if with_smoke:
        plumes.append(smoke_plume(smoking, wind, seed, albedo=albedo))
    return Scene(plant, tuple(plumes), weather)


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
