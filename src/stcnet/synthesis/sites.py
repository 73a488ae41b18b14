"""Plants as real cameras see them: near, dark, stained, often without any sky."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stcnet.synthesis.parameters import Colour, Pair
from stcnet.synthesis.plants import Block, Plant

_WOODS: tuple[Colour, ...] = ((0.030, 0.042, 0.022), (0.050, 0.040, 0.030), (0.022, 0.024, 0.026))
_AIM = (0.5, 0.84)
_GROUND = 0.78
_PLAIN = 0.7


def _grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    level, warmth = rng.uniform(low, high), rng.normal(0, 0.1)
    return float(level * (1 + warmth)), float(level), float(level * (1 - warmth))


def _row(rng: np.random.Generator, count: int, kind: str, bottom: float) -> list[Block]:
    """Blocks side by side, here and there with a gap."""
    widths = {"hall": (0.05, 0.22), "tank": (0.03, 0.06)}[kind]
    heights = {"hall": (0.03, 0.16), "tank": (0.03, 0.06)}[kind]
    blocks, left = [], rng.uniform(-0.2, 0.05)
    for _ in range(count):
        width, height = rng.uniform(*widths), rng.uniform(*heights)
        colour = _grey(rng, 0.03, 0.3)
        plain = kind == "hall" and rng.random() < _PLAIN
        name = "shed" if plain else kind
        blocks.append(Block(left, left + width, bottom - height, bottom, colour, name))
        left += width * rng.uniform(0.9, 1.6)
    return blocks


def _stacks(rng: np.random.Generator, bottom: float) -> list[Block]:
    stacks = []
    for x in rng.uniform(0.1, 0.9, int(rng.integers(1, 5))):
        width, height = rng.uniform(0.012, 0.03), rng.uniform(0.15, 0.4)
        colour = _grey(rng, 0.06, 0.4)
        stacks.append(Block(x, x + width, bottom - height, bottom, colour, "stack"))
    return stacks


def zoomed(plant: Plant, focus: Pair, zoom: float) -> Plant:
    """The plant as a longer lens sees it.

    Args:
        plant: What is there.
        focus: What is to stand a little below the middle, as fractions (x, y) of the picture.
        zoom: Factor on all lengths, above 0.
    """

    def across(x: float) -> float:
        return _AIM[0] + (x - focus[0]) * zoom

    def down(y: float) -> float:
        return _AIM[1] + (y - focus[1]) * zoom

    blocks = tuple(
        replace(
            block,
            left=across(block.left),
            right=across(block.right),
            top=down(block.top),
            bottom=down(block.bottom),
        )
        for block in plant.blocks
    )
    lamps = tuple((across(x), down(y)) for x, y in plant.lamps)
    return replace(
        plant, skyline=down(plant.skyline), ground=down(plant.ground), blocks=blocks, lamps=lamps
    )


def random_site(seed: int) -> Plant:
    """Draw a plant seen from near: one to four stacks, halls and tanks, lamps, a wood behind."""
    rng = np.random.default_rng((seed, 3))
    ground = _GROUND + rng.uniform(-0.03, 0.03)
    blocks = _row(rng, int(rng.integers(4, 8)), "hall", ground) + _stacks(rng, ground + 0.02)
    blocks += _row(rng, int(rng.integers(5, 11)), "hall", ground + 0.06)
    blocks += _row(rng, int(rng.integers(0, 7)), "tank", ground + 0.1)
    plant = Plant(
        seed=seed,
        skyline=ground - rng.uniform(0.25, 0.6),
        ground=ground + 0.05,
        blocks=tuple(blocks),
        forest=_WOODS[rng.integers(len(_WOODS))],
        patches=rng.uniform(0.15, 0.4),
        crowns=rng.uniform(0.08, 0.28),
        grime=rng.uniform(0.15, 0.45),
        lamps=tuple((x, ground + rng.uniform(-0.1, 0.08)) for x in rng.uniform(0, 1, 8)),
    )
    stacks = [block for block in plant.blocks if block.kind == "stack"]
    aim = stacks[rng.integers(len(stacks))]
    return zoomed(plant, (aim.left, ground - rng.uniform(-0.04, 0.08)), rng.uniform(1.0, 2.6))
