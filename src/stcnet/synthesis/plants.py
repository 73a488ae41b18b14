"""A plant on paper: what stands before the camera, drawn at random and painted once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from stcnet.synthesis.parameters import Colour, Pair

if TYPE_CHECKING:
    from stcnet.types import FloatArray

_SUPERSAMPLE = 3
_SHADED = 0.62
FOREST: Colour = (0.075, 0.095, 0.055)
"""Linear RGB of a wood in summer."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that stands on the ground, lit from the left; fractions of the picture, y down.

    Attributes:
        left, right, top, bottom: Its outline.
        colour: Linear RGB, 0..1.
        kind: ``hall`` has a roof line and windows, ``shed`` the roof line alone, ``tank`` a round
            top; ``stack`` tapers and carries a dark rim.
    """

    left: float
    right: float
    top: float
    bottom: float
    colour: Colour
    kind: str

    @property
    def mouth(self) -> Pair:
        """Where smoke leaves it: the middle of its top, as fractions of the picture."""
        return (self.left + self.right) / 2, self.top


@dataclass(frozen=True, slots=True)
class Plant:
    """What stands before the camera.

    Attributes:
        seed: Picks the shape of the hills and the grain of the surfaces.
        skyline: Height of the hills, as a fraction of the picture from its top.
        ground: Where the ground of the plant begins, likewise.
        blocks: From back to front.
        forest: Linear RGB of the wood on the hills.
        patches, crowns: Contrast of its glades and of its single trees, 0 (even) to about 1.
        grime: Depth of the stains on what was built, 0 (as painted) to about 0.5.
        lamps: Where lamps stand, as fractions of the picture.
    """

    seed: int
    skyline: float
    ground: float
    blocks: tuple[Block, ...]
    forest: Colour = FOREST
    patches: float = 0.2
    crowns: float = 0.16
    grime: float = 0.0
    lamps: tuple[Pair, ...] = ()

    def mouths(self, kind: str) -> tuple[Pair, ...]:
        """Tops of all blocks of a kind, as fractions of the picture."""
        return tuple(block.mouth for block in self.blocks if block.kind == kind)


def _shade(rng: np.random.Generator, low: float, high: float) -> Colour:
    """A greyish colour with a little warmth or cold, linear RGB."""
    level, warmth = rng.uniform(low, high), rng.normal(0, 0.08)
    return level * (1 + warmth), level, level * (1 - warmth)


def _halls(rng: np.random.Generator, ground: float) -> list[Block]:
    halls = []
    for _ in range(int(rng.integers(6, 10))):
        width, height = rng.uniform(0.06, 0.24), rng.uniform(0.05, 0.17)
        left, bottom = rng.uniform(-0.05, 0.95), ground + rng.uniform(0.02, 0.07)
        colour = _shade(rng, 0.12, 0.45)
        halls.append(Block(left, left + width, bottom - height, bottom, colour, "hall"))
    return sorted(halls, key=lambda block: block.bottom)


def _tanks(rng: np.random.Generator, ground: float) -> list[Block]:
    left, size = rng.uniform(0.05, 0.6), rng.uniform(0.05, 0.08)
    colour, bottom = _shade(rng, 0.4, 0.65), ground + 0.09
    return [
        Block(x, x + size, bottom - 0.9 * size, bottom, colour, "tank")
        for x in left + 1.15 * size * np.arange(int(rng.integers(2, 5)))
    ]


def _stacks(rng: np.random.Generator, ground: float) -> list[Block]:
    slots = rng.permutation(np.linspace(0.14, 0.86, 5))[:3] + rng.uniform(-0.04, 0.04, 3)
    stacks = []
    for x in slots:
        width, height = rng.uniform(0.022, 0.034), rng.uniform(0.26, 0.42)
        colour, bottom = _shade(rng, 0.25, 0.5), ground + 0.03
        stacks.append(Block(x, x + width, bottom - height, bottom, colour, "stack"))
    return stacks


def random_plant(seed: int) -> Plant:
    """Draw a plant with three stacks, some halls and a row of tanks."""
    rng = np.random.default_rng(seed)
    skyline, ground = rng.uniform(0.34, 0.5), rng.uniform(0.72, 0.8)
    blocks = (*_stacks(rng, ground), *_halls(rng, ground), *_tanks(rng, ground))
    return Plant(seed, skyline, ground, blocks)


def _paint(draw: ImageDraw.ImageDraw, block: Block, width: int, height: int) -> None:
    """Paint one block: a lit face, a shaded face, and what marks its kind."""
    x0, x1 = block.left * width, block.right * width
    y0, y1 = block.top * height, block.bottom * height
    lit = tuple(round(255 * channel ** (1 / 2.2)) for channel in block.colour)
    dark = tuple(round(channel * _SHADED) for channel in lit)
    split = x0 + 0.6 * (x1 - x0)
    if block.kind == "stack":
        inset = 0.18 * (x1 - x0)
        draw.polygon([(x0 + inset, y0), (split, y0), (split, y1), (x0, y1)], fill=lit)
        draw.polygon([(split, y0), (x1 - inset, y0), (x1, y1), (split, y1)], fill=dark)
        draw.rectangle([x0 + inset, y0, x1 - inset, y0 + 0.012 * height], fill=(58, 46, 42))
        return
    draw.rectangle([x0, y0, split, y1], fill=lit)
    draw.rectangle([split, y0, x1, y1], fill=dark)
    if block.kind == "tank":
        draw.ellipse([x0, y0 - 0.14 * (x1 - x0), x1, y0 + 0.14 * (x1 - x0)], fill=dark)
        return
    draw.rectangle([x0, y0, x1, y0 + 0.008 * height], fill=dark)
    if block.kind == "shed":
        return
    for row in np.arange(y0 + 0.03 * height, y1 - 0.01 * height, 0.028 * height):
        draw.line([x0 + 2, row, x1 - 2, row], fill=dark, width=_SUPERSAMPLE)


def _paint_pipes(draw: ImageDraw.ImageDraw, plant: Plant, width: int, height: int) -> None:
    """Pipe bridges, a conveyor and lamp posts in front of everything."""
    rng = np.random.default_rng((plant.seed, 1))
    for offset in (0.055, 0.075, 0.12):
        y = (plant.ground + offset) * height
        draw.line([0, y, width, y], fill=(74, 70, 68), width=_SUPERSAMPLE)
    for x in np.arange(rng.uniform(0, 0.06), 1, 0.085) * width:
        y = plant.ground * height
        draw.line([x, y + 0.05 * height, x, y + 0.13 * height], fill=(60, 58, 58), width=2)
    x, y = rng.uniform(0.1, 0.6) * width, plant.ground * height
    line = [x, y + 0.05 * height, x + 0.3 * width, y - 0.1 * height]
    draw.line(line, fill=(96, 84, 72), width=2 * _SUPERSAMPLE)
    for x in rng.uniform(0, 1, 7) * width:
        y = (plant.ground + rng.uniform(-0.02, 0.05)) * height
        draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=(255, 238, 196))


def paint_plant(plant: Plant, height: int, width: int) -> FloatArray:
    """Paint everything that was built, without hills, ground and sky.

    Args:
        plant: What to paint.
        height: Rows of the picture.
        width: Columns of the picture.

    Returns:
        Display values 0..1 and coverage 0..1 as RGBA, float32, shape (height, width, 4).
    """
    large = (width * _SUPERSAMPLE, height * _SUPERSAMPLE)
    canvas = Image.new("RGBA", large, (90, 86, 84, 0))
    draw = ImageDraw.Draw(canvas)
    for block in plant.blocks:
        _paint(draw, block, *large)
    _paint_pipes(draw, plant, *large)
    small = canvas.convert("RGBa").resize((width, height), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32) / 255
    coverage = pixels[..., 3:]
    colour = np.divide(pixels[..., :3], coverage, where=coverage > 0, out=pixels[..., :3] * 0)
    return np.concatenate([colour, coverage], axis=-1).astype(np.float32)
