"""Wide things that move and are no smoke: clouds, banks of fog, water, leaves before the camera.

Made of fractal noise whose coordinates drift and whose phase turns with the time, so that each
frame follows from its time alone. Lengths are in picture heights, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from stcnet.synthesis.limits import require_within
from stcnet.synthesis.movers import SHARE, Canvas, Veil
from stcnet.synthesis.weather import fractal_noise, within_period

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_ANY = (-1e3, 1e3)
_LEAST = 0.02


def _over_time(frame: Callable[[float], Tensor], canvas: Canvas) -> Tensor:
    return torch.stack([frame(time_s) for time_s in canvas.times_s.tolist()])


@dataclass(frozen=True, slots=True)
class Cumulus:
    """Heaped clouds with bright, hard edges that drift behind the plant; much like steam.

    Attributes:
        strength: 0 (none) to 1 (half of the sky).
        speed: Of the drift to the right in picture heights per second; below 0 to the left.
        size: Of a cloud in picture heights, about 0.1 to 1.
        seed: Picks the clouds.
    """

    strength: float = 0.6
    speed: float = 0.005
    size: float = 0.35
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, speed=_ANY, size=(0.01, 10.0))

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Sky alone shows them; thick parts are bright, their feet are grey."""

        def heap(time_s: float) -> Tensor:
            x = (canvas.x - self.speed * time_s) / (4 * self.size) + within_period(self.seed * 0.37)
            return fractal_noise(
                x, canvas.y / (2.5 * self.size) + within_period(self.seed * 0.11), time_s / 400
            )

        noise = _over_time(heap, canvas)
        cover = torch.sigmoid(9 * (noise + 1.2 * self.strength - 1.2))
        thick = (4 * cover * canvas.sky * min(1.0, 4 * self.strength) - _LEAST).clamp(min=0)
        return (Veil(thick, 0.7 + 0.3 * torch.sigmoid(2 * noise), (0.93, 0.94, 0.95)),)


@dataclass(frozen=True, slots=True)
class FogBank:
    """Fog that rolls through the picture before everything, thicker near the ground.

    Attributes:
        strength: Opacity of its thick parts, 0..1.
        speed: Of the drift to the right in picture heights per second; below 0 to the left.
        top: Where it thins out, as a fraction of the picture from its top.
        seed: Picks its shape.
    """

    strength: float = 0.5
    speed: float = 0.01
    top: float = 0.5
    seed: int = 0
    before: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, speed=_ANY, top=SHARE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Wide, soft swathes that lie flat."""

        def swathe(time_s: float) -> Tensor:
            x = 0.12 * (canvas.x - self.speed * time_s) + within_period(self.seed * 0.29)
            return fractal_noise(x, 0.35 * canvas.y + within_period(self.seed * 0.17), time_s / 300)

        low = torch.sigmoid(12 * (canvas.y - self.top))
        thick = torch.sigmoid(1.5 * _over_time(swathe, canvas)) * low
        depth = (2 * self.strength * thick - _LEAST).clamp(min=0)
        return (Veil(depth, torch.ones_like(depth), (0.62, 0.65, 0.68)),)


@dataclass(frozen=True, slots=True)
class Water:
    """A river or harbour along the lower edge, with waves and the glitter of the sun.

    Attributes:
        strength: 0 (none) to 1.
        shore: Where it begins, as a fraction of the picture from its top.
        speed: Of the waves in picture heights per second.
        glitter: How much of it glitters, 0..1.
        seed: Picks the waves.
    """

    strength: float = 1.0
    shore: float = 0.88
    speed: float = 0.03
    glitter: float = 0.3
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, shore=SHARE, speed=_ANY, glitter=SHARE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Opaque water whose brightness follows the waves, and sparks on their crests."""

        def waves(time_s: float, fine: float) -> Tensor:
            x = fine * (canvas.x - self.speed * time_s) + within_period(self.seed * 0.23)
            return fractal_noise(
                x, 5 * fine * canvas.y + within_period(self.seed * 0.31), 1.3 * time_s * fine
            )

        inside = torch.sigmoid(200 * (canvas.y - self.shore)) * torch.ones_like(canvas.x)
        inside = self.strength * (inside - _LEAST).clamp(min=0)
        swell = _over_time(lambda time_s: waves(time_s, 0.8), canvas)
        light = 0.35 + 0.65 * torch.sigmoid(1.5 * swell)
        water = Veil((5 * inside).expand_as(light), light, (0.16, 0.20, 0.23))
        crests = _over_time(lambda time_s: waves(time_s, 2.1), canvas)
        sparks = ((crests - 2.2 + self.glitter).clamp(min=0) * 4 * self.glitter) * inside
        return water, Veil(sparks, torch.ones_like(sparks), (1.0, 0.98, 0.92))


@dataclass(frozen=True, slots=True)
class Foliage:
    """Leaves before the camera that sway in the wind, at one side of the picture.

    Attributes:
        strength: 0 (none) to 1 (reaching over a third of the picture).
        sway: How far they swing, in picture heights.
        right: Whether they hang in from the right; else from the left.
        seed: Picks the leaves.
    """

    strength: float = 0.6
    sway: float = 0.02
    right: bool = False
    seed: int = 0
    before: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, sway=(0.0, 1.0))

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Twigs swing with periods of 1 to 7 s, the more the further they reach in."""
        inward = canvas.aspect - canvas.x if self.right else canvas.x

        def leaves(time_s: float) -> Tensor:
            swing = sum(
                math.sin(2 * math.pi * time_s / period_s + self.seed + 4 * part)
                for part, period_s in enumerate((6.7, 2.9, 1.1))
            )
            moved = inward + self.sway * swing * (0.3 + inward)
            y = canvas.y + 0.3 * self.sway * swing
            noise = fractal_noise(
                0.9 * moved + within_period(self.seed * 0.19),
                0.9 * y + within_period(self.seed * 0.41),
            )
            return torch.sigmoid(8 * (noise + 6 * (0.4 * self.strength - moved)))

        cover = _over_time(leaves, canvas)
        depth = (6 * min(1.0, 4 * self.strength) * cover - _LEAST).clamp(min=0)
        grain = fractal_noise(5.0 * canvas.x + within_period(self.seed * 0.3), 5.0 * canvas.y)
        light = (0.3 + 0.7 * torch.sigmoid(1.5 * grain)).expand_as(depth)
        return (Veil(depth, light, (0.10, 0.16, 0.05)),)
