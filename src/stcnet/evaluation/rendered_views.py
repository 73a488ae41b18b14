"""Rendered scenes filmed again under each condition: what recorded clips cannot give.

The same seeds are filmed under all conditions, so that plant, plumes and weather are the same and
the condition alone differs. Each seed gives four clips: nothing, steam, smoke, and both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
import torch

from stcnet.synthesis.camera import compress
from stcnet.synthesis.draws import PlumeRanges
from stcnet.synthesis.scenes import Scene, shoot
from stcnet.synthesis.views import (
    DAYLIGHT,
    NIGHT,
    VISIBLE_SMOKE,
    VISIBLE_STEAM,
    Situation,
    ViewRanges,
    random_view,
)
from stcnet.types import Picture

SITUATIONS: Final[tuple[Situation, ...]] = get_args(Situation)
FIRST_SEED: Final = 9000
SIDE: Final = 180
SPACING_S: Final = 20.0
MIDDLE_S: Final = 600.0
"""World time around which all clips of a scene lie; well after its plumes have grown."""

_STEADY_SMOKE: Final = replace(VISIBLE_SMOKE, steady=1.0, intermittency=(0.0, 0.3))
"""Smoke that shows however short the clip is."""
_STEADY_STEAM: Final = replace(VISIBLE_STEAM, steady=1.0)
_LEAST_OPACITY, _LEAST_CHANGE, _LEAST_SHARE = 0.1, 8.0, 0.003


@dataclass(frozen=True, slots=True)
class RenderedCondition:
    """How a rendered scene is filmed.

    Attributes:
        name: For tables; no two conditions share one.
        group: What differs.
        spacing_s: World time between the frames that the network compares, in seconds.
        side: Of the source's picture, in pixels, at least 8.
        ranges: Of weather, light and camera.
    """

    name: str
    group: str
    spacing_s: float = SPACING_S
    side: int = SIDE
    ranges: ViewRanges = DAYLIGHT


RENDERED_REFERENCE = RenderedCondition("frames 20 s apart, 180 pixels, by day", "reference")
"""What all other rendered conditions are compared with."""

_GREY_NIGHT = replace(NIGHT, grey=1.0)
_SPACINGS_S = (10.0, 5.0, 2.0, 1.0, 0.5, 0.2)
LIGHTS: Final = (
    RenderedCondition("infrared: grey, by day", "light", ranges=replace(DAYLIGHT, grey=1.0)),
    RenderedCondition("night", "light", ranges=NIGHT),
    RenderedCondition("infrared: grey, night", "light", ranges=_GREY_NIGHT),
)


def rendered_conditions(sides: tuple[int, ...]) -> tuple[RenderedCondition, ...]:
    """The reference, every cadence, each source of ``sides`` pixels, and lights.

    Args:
        sides: Beside the reference's own; the time to render grows with their square.
    """
    cadences = [
        RenderedCondition(f"frames {spacing_s:g} s apart", "time", spacing_s=spacing_s)
        for spacing_s in _SPACINGS_S
    ]
    sources = [
        RenderedCondition(f"{side} pixels", "source", side=side) for side in sides if side != SIDE
    ]
    return (RENDERED_REFERENCE, *cadences, *sources, *LIGHTS)


def film_scene(
    condition: RenderedCondition, seed: int, situation: Situation, count: int
) -> Picture:
    """Film a scene frame by frame, so that large pictures need the memory of one.

    Args:
        condition: How.
        seed: Of the scene, 0 or more.
        situation: What the plant emits.
        count: Number of frames, around the same moment whatever their spacing.

    Returns:
        uint8, shape (count, side, side, 3).
    """
    scene = _scene(seed, situation, condition.ranges)
    raw = replace(scene, camera=replace(scene.camera, compression=None))
    frames = [
        shoot(raw, moment[None], condition.side, condition.side, grain=grain).frames[0]
        for grain, moment in enumerate(_moments_s(condition.spacing_s, count))
    ]
    film = np.stack(frames)
    rate_factor = scene.camera.compression
    return film if rate_factor is None else compress(film, rate_factor)


def seeds_with_smoke(count: int, frames: int) -> Iterator[int]:
    """The first ``count`` seeds whose smoke can be seen in half of the reference's frames.

    Args:
        count: How many scenes are wanted.
        frames: Of a clip.
    """
    seed = FIRST_SEED
    while count > 0:
        if _shows_smoke(seed, frames):
            yield seed
            count -= 1
        seed += 1


def _shows_smoke(seed: int, frames: int) -> bool:
    """Whether smoke changes enough of the picture in half of the frames, by the truth of it."""
    scene = _scene(seed, "smoke", DAYLIGHT)
    shot = shoot(scene, _moments_s(SPACING_S, frames), SIDE, SIDE)
    change = (shot.clean() - shot.background).abs().amax(1) > _LEAST_CHANGE
    seen = (change & (shot.alpha() > _LEAST_OPACITY)).float().mean((1, 2)) > _LEAST_SHARE
    return bool(seen.float().mean() >= 0.5)


def _scene(seed: int, situation: Situation, ranges: ViewRanges) -> Scene:
    smoke: PlumeRanges = _STEADY_SMOKE
    return random_view(seed, situation, ranges, smoke=smoke, steam=_STEADY_STEAM)


def _moments_s(spacing_s: float, count: int) -> torch.Tensor:
    return MIDDLE_S + spacing_s * (torch.arange(count) - count // 2)
