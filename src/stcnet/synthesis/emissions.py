"""What a plant emits, drawn from a seed: smoke, steam, and the further steam of a busy plant."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from stcnet.synthesis.draws import STEAM, PlumeRanges, random_plumes
from stcnet.synthesis.parameters import Plume, unstack_plumes

if TYPE_CHECKING:
    from stcnet.synthesis.plants import Plant

_VENT_STREAM: Final = 3
"""Of the first vent; a seed has eight streams of plumes, and smoke and steam are 1 and 2."""
_PARTS: Final = ("stack", "hall", "shed", "tank")


@dataclass(frozen=True, slots=True)
class Vent:
    """One way in which plants let off steam.

    Attributes:
        ranges: Of its plume.
        parts: Kinds of the parts of the plant that it leaves; empty: it leaves where ``ranges``
            say, inside the picture or beside it.
    """

    ranges: PlumeRanges
    parts: tuple[str, ...] = ()


_LEAK = replace(
    STEAM,
    extent=(0.05, 0.5),
    radius=(0.003, 0.018),
    strength=(2.0, 20.0),
    intermittency=(0.0, 1.0),
    evaporation=(0.05, 0.8),
    steady=0.7,
)
_BURST = replace(
    STEAM,
    extent=(0.4, 2.5),
    radius=(0.02, 0.07),
    strength=(6.0, 40.0),
    rise_share=(0.4, 1.0),
    texture=(0.5, 1.0),
    evaporation=(0.04, 0.5),
    steady=0.1,
)
_PASSING = replace(
    _BURST, down=(0.1, 0.7), rise_share=(0.05, 0.5), strength=(2.0, 25.0), steady=0.5
)
_MIST = replace(
    STEAM,
    extent=(0.4, 2.0),
    down=(0.55, 0.95),
    radius=(0.03, 0.09),
    opening=(0.1, 0.6),
    strength=(0.4, 4.0),
    spread=(0.15, 0.3),
    rise_share=(0.05, 0.7),
    evaporation=(0.02, 0.15),
    ambient=(0.5, 0.9),
    steady=0.7,
)

VENTS: Final[dict[str, Vent]] = {
    "leak": Vent(_LEAK, _PARTS),
    "burst": Vent(_BURST, ("stack", "hall", "shed")),
    "from the left": Vent(replace(_PASSING, across=(-0.35, -0.03))),
    "from the right": Vent(replace(_PASSING, across=(1.03, 1.35))),
    "mist": Vent(_MIST),
}
"""Steam by its source: small leaks; bursts as of a quench tower, that start and stop; steam of
sources beside the picture that the wind carries in; and thin, wide mist, which is white and shows
what lies behind it, as smoke does."""


def drawn_plume(seed: int, stream: int, ranges: PlumeRanges, duration_s: float) -> Plume:
    """One plume.

    Args:
        seed: Decides everything, 0 or more.
        stream: 0..7; one of another number draws another plume of the same seed.
        ranges: What may be drawn.
        duration_s: Length of the clip, in seconds; sources start and stop in it.
    """
    generator = torch.Generator().manual_seed(8 * seed + stream)
    parameters = random_plumes(1, generator, ranges=ranges, duration_s=duration_s)
    return unstack_plumes(parameters)[0]


def at_mouth(plume: Plume, plant: Plant, parts: tuple[str, ...], draw: float) -> Plume:
    """Let the plume leave tops of the plant that can be seen, one for each of its sources.

    Args:
        plume: Returned as it is where no top of these parts can be seen.
        plant: Whose tops.
        parts: Their kinds, see :class:`~stcnet.synthesis.plants.Block`.
        draw: Picks the first of them, 0 or more and below 1.
    """
    mouths = [mouth for kind in parts for mouth in plant.mouths(kind) if _in_picture(mouth)]
    if not mouths:
        return plume
    first = int(draw * len(mouths))
    chosen = [mouths[(first + k) % len(mouths)] for k in range(len(plume.sources))]
    sources = (
        replace(source, position=mouth, size=(0.0, 0.0))
        for source, mouth in zip(plume.sources, chosen, strict=True)
    )
    return replace(plume, sources=tuple(sources))


def random_vents(
    seed: int,
    chances: tuple[tuple[str, float], ...],
    plant: Plant,
    steam: Plume,
    duration_s: float,
) -> tuple[tuple[Plume, ...], tuple[Plume, ...]]:
    """Draw the further steam of a plant.

    Args:
        seed: Decides everything, 0 or more; what is drawn of a vent hangs on no other.
        chances: Names of ``VENTS``, each with its probability 0..1.
        plant: That emits it.
        steam: Already there; the vents have its colour, its sun and the direction of its wind.
        duration_s: Length of the clip, in seconds.

    Returns:
        Plumes behind the others, and plumes before them.

    Raises:
        ValueError: A name is unknown.
    """
    behind: list[Plume] = []
    before: list[Plume] = []
    for name, probability in chances:
        if name not in VENTS:
            raise ValueError(f"no vent is called {name!r}; known: {', '.join(VENTS)}")
        number = list(VENTS).index(name)
        rng = np.random.default_rng((seed, 9, number))
        if rng.random() < probability:
            vent = VENTS[name]
            plume = drawn_plume(seed, _VENT_STREAM + number, vent.ranges, duration_s)
            plume = _alike(at_mouth(plume, plant, vent.parts, rng.random()), steam)
            (behind if rng.random() < 0.5 else before).append(plume)
    return tuple(behind), tuple(before)


def _alike(plume: Plume, steam: Plume) -> Plume:
    """The plume in the light and the wind of another; what comes from beside still comes in."""
    optics = replace(plume.optics, albedo=steam.optics.albedo, sun=steam.optics.sun)
    (x, _), (across, down) = plume.sources[0].position, plume.wind.velocity
    if 0 <= x <= 1:
        across = math.copysign(across, steam.wind.velocity[0])
    return replace(plume, optics=optics, wind=replace(plume.wind, velocity=(across, down)))


def _in_picture(place: tuple[float, float]) -> bool:
    return 0.05 <= place[0] <= 0.95 and 0.1 <= place[1] <= 0.95
