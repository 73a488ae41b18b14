"""Movers drawn at random by their names: what a camera sees that has nothing to do with smoke."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stcnet.synthesis.drifts import Cumulus, FogBank, Foliage, Water
from stcnet.synthesis.movers import Birds, Gantry, Lamps, Precipitation, Specks, Traffic

if TYPE_CHECKING:
    from stcnet.synthesis.movers import Mover

Rng = np.random.Generator


def _rain(rng: Rng, seed: int) -> Mover:
    return Precipitation(rng.uniform(0.2, 1), rng.uniform(4, 9), rng.uniform(0.0008, 0.002), seed)


def _snow(rng: Rng, seed: int) -> Mover:
    return Precipitation(rng.uniform(0.2, 1), rng.uniform(0.3, 1), rng.uniform(0.002, 0.006), seed)


def _traffic(rng: Rng, seed: int) -> Mover:
    road, length = rng.uniform(0.82, 0.97), rng.uniform(0.02, 0.09)
    lamps = rng.uniform(0.3, 1) * (rng.random() < 0.5)
    return Traffic(rng.uniform(0.2, 0.8), road, rng.uniform(0.03, 0.3), length, lamps, seed)


def _birds(rng: Rng, seed: int) -> Mover:
    return Birds(rng.uniform(0.1, 0.8), rng.uniform(0.03, 0.3), rng.uniform(0.006, 0.025), seed)


def _drops(rng: Rng, seed: int) -> Mover:
    return Specks(
        rng.uniform(0.2, 0.8),
        rng.uniform(0.01, 0.06),
        stay_s=rng.uniform(20, 200),
        opacity=rng.uniform(0.2, 0.8),
        seed=seed,
    )


def _insects(rng: Rng, seed: int) -> Mover:
    return Specks(
        rng.uniform(0.05, 0.3),
        rng.uniform(0.008, 0.05),
        stay_s=rng.uniform(20, 120),
        crawl=rng.uniform(0.02, 0.2),
        opacity=rng.uniform(1, 4),
        seed=seed,
    )


def _crane(rng: Rng, seed: int) -> Mover:
    rail, period_s = rng.uniform(0.7, 0.95), rng.uniform(30, 240)
    return Gantry(1.0, rail, period_s, rng.uniform(0.08, 0.3), seed)


def _lamps(rng: Rng, seed: int) -> Mover:
    return Lamps(rng.uniform(0.3, 1), rng.uniform(8, 90), rng.uniform(0, 0.8), seed)


def _either_way(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high) * rng.choice((-1.0, 1.0)))


def _clouds(rng: Rng, seed: int) -> Mover:
    speed = _either_way(rng, 0.001, 0.012)
    return Cumulus(rng.uniform(0.4, 1), speed, rng.uniform(0.15, 0.6), seed)


def _fog(rng: Rng, seed: int) -> Mover:
    speed = _either_way(rng, 0.002, 0.03)
    return FogBank(rng.uniform(0.2, 0.9), speed, rng.uniform(0.0, 0.8), seed)


def _waves(rng: Rng, seed: int) -> Mover:
    speed = _either_way(rng, 0.005, 0.05)
    return Water(1.0, rng.uniform(0.7, 0.95), speed, rng.uniform(0, 0.8), seed)


def _foliage(rng: Rng, seed: int) -> Mover:
    return Foliage(rng.uniform(0.3, 1), rng.uniform(0.003, 0.04), bool(rng.random() < 0.5), seed)


MOVERS: dict[str, Callable[[Rng, int], Mover]] = {
    "rain": _rain,
    "snow": _snow,
    "traffic": _traffic,
    "birds": _birds,
    "drops": _drops,
    "insects": _insects,
    "crane": _crane,
    "lamps": _lamps,
    "clouds": _clouds,
    "fog": _fog,
    "waves": _waves,
    "foliage": _foliage,
}
"""How each kind of mover is drawn, by its name."""


def random_movers(seed: int, chances: tuple[tuple[str, float], ...]) -> tuple[Mover, ...]:
    """Draw movers.

    Args:
        seed: Decides everything, 0 or more; what is drawn of a kind hangs on no other kind.
        chances: Names of ``MOVERS``, each with its probability 0..1, in the order of the picture
            from back to front.

    Raises:
        ValueError: A name is unknown.
    """
    drawn = []
    for name, probability in chances:
        if name not in MOVERS:
            raise ValueError(f"no mover is called {name!r}; known: {', '.join(MOVERS)}")
        rng = np.random.default_rng((seed, 5, list(MOVERS).index(name)))
        if rng.random() < probability:
            drawn.append(MOVERS[name](rng, seed))
    return tuple(drawn)
