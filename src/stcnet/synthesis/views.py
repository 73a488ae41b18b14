"""Views drawn at random from one seed: what stands, emits and moves, weather, light and camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from stcnet.synthesis.bustle import random_movers
from stcnet.synthesis.camera import Camera
from stcnet.synthesis.draws import SMOKE, STEAM, PlumeRanges
from stcnet.synthesis.emissions import at_mouth, drawn_plume, random_vents
from stcnet.synthesis.scenes import Scene
from stcnet.synthesis.sites import random_site
from stcnet.synthesis.weather import Light, Weather

if TYPE_CHECKING:
    from stcnet.synthesis.parameters import Colour
    from stcnet.synthesis.randomness import Range

Situation = Literal["empty", "steam", "smoke", "mixed"]
"""What the plant emits: nothing, steam alone, smoke alone, or both."""

VISIBLE_SMOKE = replace(
    SMOKE, extent=(0.2, 2.2), radius=(0.006, 0.045), strength=(0.5, 8.0), steady=0.6
)
"""Smoke that is mostly seen at 180 pixels."""
VISIBLE_STEAM = replace(
    STEAM,
    extent=(0.15, 1.6),
    radius=(0.008, 0.06),
    strength=(6.0, 40.0),
    evaporation=(0.2, 1.0),
    brightness=(0.95, 1.15),
    steady=0.95,
)
"""Steam likewise."""

_CASTS: tuple[tuple[Colour, float], ...] = (
    ((1.0, 1.0, 1.0), 4.0),
    ((0.45, 0.75, 1.6), 3.0),
    ((0.75, 0.9, 1.25), 2.0),
    ((1.12, 1.0, 0.8), 1.5),
)
_SUN_UP = 0.3
_DIRECT = (0.3, 0.8)
_FARTHEST_CAST = 0.4
_AIRS: tuple[Colour, ...] = ((0.55, 0.6, 0.66), (0.30, 0.42, 0.62), (0.42, 0.45, 0.5))


@dataclass(frozen=True, slots=True)
class ViewRanges:
    """From where to where weather, light and camera are drawn, evenly; see the classes so named.

    Neither ``shadow_edge`` nor ``trend``, ``sunlit``, ``movers`` and ``vents`` change what else is
    drawn.

    Attributes:
        casts: White balances, each with its weight.
        trend: Growth of the daylight per minute, as the logarithm of its factor.
        movers: Names of ``stcnet.synthesis.bustle.MOVERS``, each with its probability, from back
            to front.
        vents: Names of ``stcnet.synthesis.emissions.VENTS``, each with its probability: further
            steam, where the situation has steam.
        compression: Rate factors of H.264, both ends included; None: uncompressed.
        grey: Probability of a grey picture.
        sunlit: Probability that plumes cast shadows on the land, where the sun is up.
    """

    haze: Range = (0.02, 0.4)
    cloud_cover: Range = (0.0, 1.0)
    light_drift: Range = (0.0, 0.15)
    fog: Range = (0.0, 0.2)
    cloud_speed: Range = (0.3, 6.0)
    shadow: Range = (0.1, 0.6)
    shadow_edge: Range = (0.1, 0.6)
    level: Range = (0.5, 1.0)
    lamps: Range = (0.0, 0.0)
    noise: Range = (0.5, 2.5)
    shake: Range = (0.0, 0.0015)
    flicker: Range = (0.0, 0.02)
    exposure: Range = (0.3, 1.3)
    blur: Range = (0.0008, 0.004)
    casts: tuple[tuple[Colour, float], ...] = _CASTS
    compression: tuple[int, int] | None = (20, 30)
    grey: float = 0.0
    trend: Range = (0.0, 0.0)
    sunlit: float = 0.0
    movers: tuple[tuple[str, float], ...] = ()
    vents: tuple[tuple[str, float], ...] = ()


DAYLIGHT = ViewRanges()
"""Days of any weather."""
CLEAR = replace(
    DAYLIGHT, haze=(0.03, 0.15), cloud_cover=(0.0, 0.15), fog=(0.0, 0.0), exposure=(0.7, 1.2)
)
"""Clear days, well exposed."""
NIGHT = replace(
    DAYLIGHT, level=(0.002, 0.03), lamps=(0.1, 0.4), exposure=(0.8, 2.0), noise=(1.5, 5.0)
)
"""Nights, with lamps in the plant."""
RESTLESS = replace(
    DAYLIGHT,
    cloud_cover=(0.3, 0.8),
    cloud_speed=(3.0, 10.0),
    shadow=(0.4, 0.8),
    flicker=(0.01, 0.05),
    shake=(0.0005, 0.003),
)
"""Clouds and shadows in a hurry before a camera that flickers and shakes."""
BUSY = replace(
    DAYLIGHT,
    movers=(
        ("clouds", 0.3),
        ("waves", 0.15),
        ("traffic", 0.3),
        ("crane", 0.2),
        ("lamps", 0.15),
        ("birds", 0.2),
        ("fog", 0.15),
        ("foliage", 0.2),
        ("rain", 0.12),
        ("snow", 0.08),
        ("drops", 0.15),
        ("insects", 0.1),
    ),
)
"""Days on which much moves that is no smoke."""
DUSK = replace(DAYLIGHT, level=(0.1, 0.5), lamps=(0.0, 0.2), trend=(-0.5, 0.5), exposure=(0.7, 1.6))
"""Sunrise and sunset: light that changes while one looks."""
STEAMING = (
    ("leak", 0.6),
    ("burst", 0.35),
    ("from the left", 0.25),
    ("from the right", 0.25),
    ("mist", 0.3),
)
"""Vents of a plant that lets off steam in many places, as coke works do."""


def _weather(rng: np.random.Generator, ranges: ViewRanges, seed: int) -> Weather:
    return Weather(
        haze=rng.uniform(*ranges.haze),
        cloud_cover=rng.uniform(*ranges.cloud_cover),
        light_drift=rng.uniform(*ranges.light_drift),
        haze_colour=_AIRS[rng.integers(len(_AIRS))],
        fog=rng.uniform(*ranges.fog) * (rng.random() < 0.5),
        cloud_speed=rng.uniform(*ranges.cloud_speed),
        shadow=rng.uniform(*ranges.shadow),
        shadow_edge=np.random.default_rng((seed, 7)).uniform(*ranges.shadow_edge),
    )


def _light(rng: np.random.Generator, ranges: ViewRanges, seed: int) -> Light:
    light = Light(
        level=rng.uniform(*ranges.level),
        shaded=rng.uniform(0.3, 1),
        lamps=rng.uniform(*ranges.lamps),
        trend=np.random.default_rng((seed, 6)).uniform(*ranges.trend),
    )
    sun = np.random.default_rng((seed, 8))
    if light.level < _SUN_UP or sun.random() >= ranges.sunlit:
        return light
    cast = sun.uniform(-_FARTHEST_CAST, _FARTHEST_CAST), sun.uniform(-0.1, _FARTHEST_CAST)
    return replace(light, direct=sun.uniform(*_DIRECT), cast=cast)


def _camera(rng: np.random.Generator, ranges: ViewRanges, seed: int) -> Camera:
    weights = np.array([weight for _, weight in ranges.casts])
    cast = ranges.casts[rng.choice(len(weights), p=weights / weights.sum())][0]
    low, high = ranges.compression or (0, 0)
    rate_factor = int(rng.integers(low, high + 1))
    return Camera(
        noise=rng.uniform(*ranges.noise),
        shake=rng.uniform(*ranges.shake),
        flicker=rng.uniform(*ranges.flicker),
        exposure=rng.uniform(*ranges.exposure),
        cast=cast,
        blur=rng.uniform(*ranges.blur),
        grey=bool(rng.random() < ranges.grey),
        compression=rate_factor if ranges.compression else None,
        seed=seed,
    )


def random_view(
    seed: int,
    situation: Situation,
    ranges: ViewRanges = DAYLIGHT,
    *,
    smoke: PlumeRanges = VISIBLE_SMOKE,
    steam: PlumeRanges = VISIBLE_STEAM,
    duration_s: float = 175.0,
) -> Scene:
    """Draw a scene as a real camera may see it.

    The same seed with another situation differs in the plumes alone.

    Args:
        seed: Decides everything, 0 or more.
        situation: What the plant emits.
        ranges: Of weather, light and camera.
        smoke: Of the smoke.
        steam: Of the steam.
        duration_s: Length of the clip, in seconds: smoke that starts or stops does it in between.
    """
    rng = np.random.default_rng((seed, 4))
    plant = random_site(seed)
    weather, camera = _weather(rng, ranges, seed), _camera(rng, ranges, seed)
    light = _light(rng, ranges, seed)
    at_steam, at_smoke = rng.random(2)
    plumes = []
    if situation in ("smoke", "mixed"):
        drawn = drawn_plume(seed, 1, smoke, duration_s)
        plumes.append(at_mouth(drawn, plant, ("stack", "hall", "shed", "tank"), at_smoke))
    if situation in ("steam", "mixed"):
        drawn = drawn_plume(seed, 2, steam, duration_s)
        plumes.append(at_mouth(drawn, plant, ("stack", "hall", "shed"), at_steam))
        behind, before = random_vents(seed, ranges.vents, plant, plumes[-1], duration_s)
        plumes = [*behind, *plumes, *before]
    movers = random_movers(seed, ranges.movers)
    return Scene(plant, tuple(plumes), weather, light, camera, movers)
