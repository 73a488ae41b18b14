"""Things that move and are no smoke: rain and snow, vehicles, birds, specks on the lens, lamps.

Each follows from its seed and the time alone, as plumes do. What it covers is told as optical
depth and light, so that it is put into the picture as a plume is: behind the plumes, or before.
Lengths are in picture heights, times in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import torch

from stcnet.synthesis.limits import require_within
from stcnet.synthesis.randomness import hashed_uniform

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Colour

_FAINTEST = 2e-3
_SHUTTER_S = 0.02
_DARK: Colour = (0.03, 0.03, 0.03)
_PALE: Colour = (0.75, 0.77, 0.80)
_LAMP: Colour = (1.0, 0.85, 0.6)
SHARE = (0.0, 1.0)
POSITIVE = (1e-6, math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Where and when movers are rendered.

    Attributes:
        times_s: World time of the frames, float32, shape (T,).
        x, y: Centres of the pixels in picture heights, shape (1, W) and (H, 1).
        sky: Share of each pixel that is sky, 0..1, shape (H, W).
    """

    times_s: Tensor
    x: Tensor
    y: Tensor
    sky: Tensor

    @property
    def aspect(self) -> float:
        """Width of the picture over its height."""
        return float(self.x[0, -1] + self.x[0, 0])


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """What a mover puts before that which lies behind it.

    Attributes:
        depth: Optical depth, 0 or more, shape (T, H, W).
        light: Its brightness as a share of its colour, 0..1, shape (T, H, W).
        colour: Linear RGB, 0..1.
        shines: Whether it gives its own light; else it takes that of the scene.
    """

    depth: Tensor
    light: Tensor
    colour: Colour
    shines: bool = False


class Mover(Protocol):
    """Anything that moves; ``strength`` 0 leaves every bit of the picture."""

    @property
    def before(self) -> bool:
        """Whether it stands before plumes and fog; else behind them."""

    @property
    def strength(self) -> float:
        """How much there is of it, 0..1."""

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """What it puts into the picture, from back to front."""


def spots(centre: Tensor, size: Tensor, weight: Tensor, canvas: Canvas, *, edge: int = 2) -> Tensor:
    """Sum of soft boxes: optical depth of shape (T, H, W), what is too faint taken away.

    Args:
        centre: Places (x, y) of N boxes, shape (T, N, 2).
        size: Half width and half height of each, shape (N, 2), or (1, 2) for all.
        weight: Optical depth of each, 0 or more, shape (T, N).
        canvas: Where they are.
        edge: 2 for a Gaussian, an even number above it for a box with sharper edges.
    """
    least = 0.4 * float(canvas.y[0, 0]) * 2
    half = size.clamp(min=least)
    # A box narrower than a pixel covers a part of it.
    thin = (size / half).prod(-1)
    across = ((canvas.x[:, None] - centre[..., :1]) / half[:, :1]) ** edge
    down = ((canvas.y.T[:, None] - centre[..., 1:]) / half[:, 1:]) ** edge
    columns, rows = torch.exp(-0.5 * across), torch.exp(-0.5 * down)
    depth = (rows * (weight * thin)[..., None]).transpose(1, 2) @ columns
    return (depth - _FAINTEST).clamp(min=0)


def _rounds(seed: int, count: int, times_s: Tensor, period_s: Tensor) -> tuple[Tensor, Tensor]:
    """How far each of N things is on its round, 0..1, and a key of each round: both (T, N)."""
    number = torch.arange(count, device=times_s.device)
    turns = times_s[:, None] / period_s + hashed_uniform(number, seed, 71)
    rounds = torch.floor(turns)
    return turns - rounds, rounds.to(torch.int64) * count + number


@dataclass(frozen=True, slots=True)
class Precipitation:
    """Rain or snow before everything: streaks as long as the shutter is open.

    Attributes:
        strength: 0 (none) to 1 (a downpour).
        speed: Of the fall, in picture heights per second: about 8 for rain, 1 for snow.
        radius: Of a drop or flake in picture heights.
        seed: Picks the drops.
    """

    strength: float = 0.5
    speed: float = 8.0
    radius: float = 0.0015
    seed: int = 0
    before: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, speed=POSITIVE, radius=POSITIVE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Drops that are new in every round of their fall."""
        count = 40 + round(400 * self.strength)
        period_s = torch.full((count,), 1.3 / self.speed, device=canvas.times_s.device)
        fallen, key = _rounds(self.seed, count, canvas.times_s, period_s)
        across = hashed_uniform(key, self.seed, 72) * canvas.aspect
        near = 0.5 + hashed_uniform(key, self.seed, 73)
        centre = torch.stack([across, 1.3 * fallen - 0.15], -1)
        size = fallen.new_tensor([[self.radius, self.radius + self.speed * _SHUTTER_S / 2]])
        depth = spots(centre, size, 0.9 * self.strength * near, canvas)
        return (Veil(depth, torch.ones_like(depth), _PALE),)


@dataclass(frozen=True, slots=True)
class Traffic:
    """A road with vehicles both ways, before the plant and behind its plumes.

    Attributes:
        strength: Share of the places on the road that are taken, 0..1.
        road: Height of the road as a fraction of the picture from its top.
        speed: Of the vehicles in picture heights per second.
        length: Of a vehicle in picture heights.
        headlamps: Light of their lamps, 0 (off) to 1.
        seed: Picks the vehicles.
    """

    strength: float = 0.5
    road: float = 0.92
    speed: float = 0.15
    length: float = 0.05
    headlamps: float = 0.0
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        share = SHARE
        require_within(self, strength=share, road=share, headlamps=share)
        require_within(self, speed=POSITIVE, length=POSITIVE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Bodies, and before them their lamps."""
        number = torch.arange(16, device=canvas.times_s.device)
        way = canvas.aspect + 4 * self.length
        pace = self.speed * (0.7 + 0.6 * hashed_uniform(number, self.seed, 74))
        gone, key = _rounds(self.seed, 16, canvas.times_s, way / pace)
        side = (number % 2) * 2.0 - 1
        along = torch.where(side > 0, gone, 1 - gone) * way - 2 * self.length
        down = self.road + 0.3 * self.length * side
        centre = torch.stack([along, down.expand_as(along)], -1)
        there = (hashed_uniform(key, self.seed, 75) < self.strength).float()
        body = along.new_tensor([[0.5 * self.length, 0.2 * self.length]])
        depth = spots(centre, body, 6 * there, canvas, edge=6)
        paint = 0.1 + 0.9 * hashed_uniform(key, self.seed, 76)
        light = spots(centre, body, there * paint, canvas, edge=6).clamp(max=1)
        bodies = Veil(depth, light, _PALE)
        if self.headlamps == 0:
            return (bodies,)
        front = centre + torch.stack([0.5 * self.length * side, 0 * side], -1)
        glow = along.new_tensor([[0.2 * self.length, 0.15 * self.length]])
        shine = spots(front, glow, 3 * self.headlamps * there, canvas)
        return bodies, Veil(shine, torch.ones_like(shine), _LAMP, shines=True)


@dataclass(frozen=True, slots=True)
class Birds:
    """Birds that cross the picture, behind the plumes.

    Attributes:
        strength: 0 (none) to 1 (a dozen in the picture).
        speed: In picture heights per second.
        size: Of a bird in picture heights.
        seed: Picks the birds.
    """

    strength: float = 0.3
    speed: float = 0.12
    size: float = 0.01
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, speed=POSITIVE, size=POSITIVE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Each on a bowed way of its own in every crossing."""
        number = torch.arange(12, device=canvas.times_s.device)
        pace = self.speed * (0.5 + hashed_uniform(number, self.seed, 77))
        gone, key = _rounds(self.seed, 12, canvas.times_s, 1.2 * canvas.aspect / pace)
        start, end = hashed_uniform(key, self.seed, 78), hashed_uniform(key, self.seed, 79)
        bow = 0.1 * torch.sin(2 * math.pi * (gone + start))
        across = torch.where(start > end, gone, 1 - gone) * 1.2 - 0.1
        centre = torch.stack([across * canvas.aspect, torch.lerp(start, end, gone) + bow], -1)
        there = (hashed_uniform(key, self.seed, 80) < self.strength).float()
        size = gone.new_tensor([[self.size, 0.35 * self.size]])
        depth = spots(centre, size, 3 * there, canvas)
        return (Veil(depth, torch.ones_like(depth), _DARK),)


@dataclass(frozen=True, slots=True)
class Specks:
    """Drops and insects on the lens: blurred, each for its time in its place.

    Attributes:
        strength: 0 (none) to 1 (a dozen).
        radius: In picture heights.
        stay_s: How long each stays, in seconds.
        crawl: How far they wander meanwhile, in picture heights: 0 for drops.
        opacity: Optical depth of each: about 0.6 for drops, 3 for insects.
        seed: Picks them.
    """

    strength: float = 0.5
    radius: float = 0.03
    stay_s: float = 90.0
    crawl: float = 0.0
    opacity: float = 0.6
    seed: int = 0
    before: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, radius=POSITIVE, stay_s=POSITIVE)
        require_within(self, crawl=(0.0, math.inf), opacity=(0.0, math.inf))

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Drops are brighter than insects, as the sky shows in them."""
        number = torch.arange(12, device=canvas.times_s.device)
        stay_s = self.stay_s * (0.5 + hashed_uniform(number, self.seed, 81))
        gone, key = _rounds(self.seed, 12, canvas.times_s, stay_s)
        place = torch.stack([hashed_uniform(key, self.seed, k) for k in (82, 83)], -1)
        angle = 2 * math.pi * (3 * gone[..., None] + place.flip(-1))
        centre = place * place.new_tensor([canvas.aspect, 1.0]) + self.crawl * torch.sin(angle)
        there = (hashed_uniform(key, self.seed, 84) < self.strength).float()
        size = self.radius * (0.5 + hashed_uniform(number, self.seed, 85))[:, None].expand(-1, 2)
        # Flat in the middle, so that a drop has an edge.
        depth = self.opacity * spots(centre, 0.7 * size, 3 * there, canvas).clamp(max=1)
        return (Veil(depth, torch.ones_like(depth), _DARK if self.crawl else _PALE),)


@dataclass(frozen=True, slots=True)
class Gantry:
    """A crane that travels along its rail and back, with a trolley, behind the plumes.

    Attributes:
        strength: 0 (not there) to 1.
        rail: Height of the rail as a fraction of the picture from its top.
        period_s: Time there and back, in seconds.
        height: Of the crane in picture heights.
        seed: Picks where it goes.
    """

    strength: float = 1.0
    rail: float = 0.9
    period_s: float = 120.0
    height: float = 0.2
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, rail=SHARE, period_s=POSITIVE, height=POSITIVE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Two legs, a girder and the trolley under it."""
        start = hashed_uniform(torch.tensor(self.seed, device=canvas.times_s.device), 86)
        swing = torch.sin(2 * math.pi * (canvas.times_s / self.period_s + start))
        hoist = torch.sin(2 * math.pi * (3.7 * canvas.times_s / self.period_s + start))
        middle = canvas.aspect * (0.3 + 0.4 * start) + 0.2 * swing
        still, up = torch.zeros_like(swing), self.rail - self.height
        h = self.height
        across = torch.stack([still - 0.4 * h, still + 0.4 * h, still, 0.3 * h * hoist], -1)
        down = still[:, None] + still.new_tensor([self.rail - h / 2] * 2 + [up, up + 0.1 * h])
        centre = torch.stack([middle[:, None] + across, down], -1)
        slim = [0.03 * h, 0.5 * h]
        size = still.new_tensor([slim, slim, [0.55 * h, 0.04 * h], [0.07 * h, 0.07 * h]])
        weight = torch.full_like(down, 5 * self.strength)
        depth = spots(centre, size, weight, canvas, edge=8)
        return (Veil(depth, torch.ones_like(depth), (0.35, 0.27, 0.10)),)


@dataclass(frozen=True, slots=True)
class Lamps:
    """Lamps that switch on and off or flicker, with a halo, behind the plumes.

    Attributes:
        strength: Of their light, 0..1.
        period_s: Typical time between switches, in seconds.
        flicker: Share of the light that trembles, 0..1.
        seed: Picks the lamps.
    """

    strength: float = 1.0
    period_s: float = 40.0
    flicker: float = 0.3
    seed: int = 0
    before: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_within(self, strength=SHARE, period_s=POSITIVE, flicker=SHARE)

    def veils(self, canvas: Canvas) -> tuple[Veil, ...]:
        """Eight lamps in the lower half."""
        number = torch.arange(8, device=canvas.times_s.device)
        period_s = self.period_s * (0.5 + hashed_uniform(number, self.seed, 87))
        _, key = _rounds(self.seed, 8, canvas.times_s, period_s)
        lit = (hashed_uniform(key, self.seed, 88) < 0.6).float()
        moment = (canvas.times_s.double() * 1000).round().to(torch.int64)[:, None]
        level = lit * (1 - self.flicker * hashed_uniform(moment, number, self.seed, 89))
        across = hashed_uniform(number, self.seed, 90) * canvas.aspect
        down = 0.5 + 0.45 * hashed_uniform(number, self.seed, 91)
        centre = torch.stack([across, down], -1).expand(*level.shape, 2)
        core, halo = (level.new_tensor([[r, r]]) for r in (0.006, 0.06))
        light = spots(centre, core, 3 * self.strength * level, canvas)
        depth = light + spots(centre, halo, 0.25 * self.strength * level, canvas)
        return (Veil(depth, torch.ones_like(depth), _LAMP, shines=True),)
