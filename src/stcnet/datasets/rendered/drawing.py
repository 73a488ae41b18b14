"""Which scenes a bank holds, and whether their smoke can be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch

from stcnet.synthesis.draws import COLOURS, DENSE_SMOKE, SMOKE, PlumeRanges
from stcnet.synthesis.scenes import Scene, Shot, shoot
from stcnet.synthesis.views import (
    BUSY,
    CLEAR,
    DAYLIGHT,
    DUSK,
    NIGHT,
    RESTLESS,
    VISIBLE_SMOKE,
    Situation,
    ViewRanges,
    random_view,
)

FIRST_SEED: Final = 1_000_000
"""Of the scenes that are learned from; benchmarks and tests draw theirs below."""
SEEDS_A_BANK: Final = 1_000_000
ATTEMPTS: Final = 16
"""How often a scene is drawn anew, another each time, where its smoke cannot be seen."""

VISIBLE_CHANGE: Final = 9.0
VISIBLE_AREA: Final = 0.004
VISIBLE_FRAMES: Final = 1 / 3

_GREY: Final = 0.08
_SUNLIT: Final = 0.4
_OPAQUE: Final = replace(DENSE_SMOKE, palette=SMOKE.palette)
"""Smoke as dense as steam, of every colour: it thins with the way but does not vanish."""
_WHITE: Final = replace(DENSE_SMOKE, palette=((COLOURS["white"], 1.0),))
"""Of these the hardest to tell from steam, which alone vanishes."""
_KINDS: Final[tuple[tuple[Situation, ViewRanges, PlumeRanges, float], ...]] = (
    ("empty", DAYLIGHT, VISIBLE_SMOKE, 0.06),
    ("empty", CLEAR, VISIBLE_SMOKE, 0.02),
    ("empty", RESTLESS, VISIBLE_SMOKE, 0.09),
    ("empty", BUSY, VISIBLE_SMOKE, 0.10),
    ("empty", DUSK, VISIBLE_SMOKE, 0.03),
    ("empty", NIGHT, VISIBLE_SMOKE, 0.03),
    ("steam", DAYLIGHT, VISIBLE_SMOKE, 0.10),
    ("steam", CLEAR, VISIBLE_SMOKE, 0.07),
    ("steam", RESTLESS, VISIBLE_SMOKE, 0.04),
    ("steam", BUSY, VISIBLE_SMOKE, 0.03),
    ("steam", NIGHT, VISIBLE_SMOKE, 0.05),
    ("smoke", CLEAR, _OPAQUE, 0.09),
    ("smoke", CLEAR, _WHITE, 0.05),
    ("smoke", CLEAR, VISIBLE_SMOKE, 0.03),
    ("smoke", DAYLIGHT, _OPAQUE, 0.04),
    ("smoke", DAYLIGHT, VISIBLE_SMOKE, 0.05),
    ("smoke", RESTLESS, VISIBLE_SMOKE, 0.03),
    ("smoke", BUSY, VISIBLE_SMOKE, 0.03),
    ("smoke", NIGHT, VISIBLE_SMOKE, 0.03),
    ("mixed", DAYLIGHT, VISIBLE_SMOKE, 0.03),
    ("mixed", RESTLESS, VISIBLE_SMOKE, 0.005),
    ("mixed", DUSK, VISIBLE_SMOKE, 0.005),
)
"""What the plant emits, weather and light, what smoke, and its weight in the bank."""


def draw_scene(number: int, bank: int = 0, attempt: int = 0) -> tuple[Situation, Scene]:
    """The scene of a number.

    Args:
        number: Of the scene in its bank, 0 or more.
        bank: Seed of the bank; two banks share no scene.
        attempt: Another draw of the same kind.

    Returns:
        What the plant emits, and the scene.
    """
    rng = np.random.default_rng((bank, number))
    weights = np.array([weight for *_, weight in _KINDS])
    situation, ranges, smoke, _ = _KINDS[rng.choice(len(_KINDS), p=weights / weights.sum())]
    seed = FIRST_SEED + SEEDS_A_BANK * bank + ATTEMPTS * number + attempt
    ranges = replace(ranges, grey=_GREY, sunlit=_SUNLIT)
    return situation, random_view(seed, situation, ranges, smoke=smoke)


def shoot_scene(
    number: int, times_s: torch.Tensor, size: int, *, bank: int = 0
) -> tuple[Situation, Shot]:
    """Render the scene of a number; scenes said to smoke are drawn until their smoke is seen.

    Args:
        number: Of the scene in its bank.
        times_s: World time of the frames in seconds, shape (T,).
        size: Side of the picture in pixels.
        bank: Seed of the bank.

    Returns:
        What the plant emits: ``smoke`` and ``mixed`` only where :func:`shows_smoke`, else
        ``empty`` or ``steam``; and the clip.
    """
    for attempt in range(ATTEMPTS):
        situation, scene = draw_scene(number, bank, attempt)
        shot = shoot(scene, times_s, size, size)
        if situation in ("empty", "steam") or shows_smoke(shot):
            return situation, shot
    # Sixteen plumes that cannot be seen: what is left without them is a clip of none.
    without = tuple(plume for plume in scene.plumes if plume.optics.evaporation > 0)
    shot = shoot(replace(scene, plumes=without), times_s, size, size)
    return ("steam" if without else "empty"), shot


def shows_smoke(shot: Shot) -> bool:
    """Whether a viewer could see the smoke of a clip.

    It must change a 250th of the picture by nine display values or more, in a third of the frames.
    """
    without = replace(shot, layers=tuple(x for x in shot.layers if x.substance != "smoke"))
    change = (shot.clean() - without.clean()).abs().amax(1)
    area = (change >= VISIBLE_CHANGE).float().mean((1, 2))
    return bool((area >= VISIBLE_AREA).float().mean() >= VISIBLE_FRAMES)
