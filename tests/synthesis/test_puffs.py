"""Puffs against the same physics written out for one puff at a time, number by number."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stcnet.synthesis.parameters import Plume, Source, Wind, stack_plumes
from stcnet.synthesis.puffs import PUFFS, release_puffs, wind_path
from stcnet.synthesis.randomness import hashed_normal_pair, hashed_uniform

Vector = NDArray[np.float64]
ASPECT = 1.25
TIMES_S = torch.tensor([[0.0, 31.0, 404.5]], dtype=torch.float64)
FIRST = Source((0.3, 0.7), (0.1, 0.04), radius=0.02, strength=2.0, lifetime_s=40.0)
SECOND = Source((0.6, 0.5), rise=0.03, rise_time_s=4.0, intermittency=0.8, period_s=9.0,
                lifetime_s=25.0, start_s=-15.0, stop_s=410.0)  # fmt: skip
PLUME = Plume((FIRST, SECOND), Wind((0.02, -0.003), gustiness=0.6, veer=0.4), seed=77)
GUSTS = [(97.0, 0.6), (41.0, 0.6), (17.0, 0.6), (7.0, 0.6), (420.0, 0.4), (190.0, 0.4)]
"""Period in seconds and strength as a share of the mean wind."""


def draw(*keys: int) -> float:
    first, *rest = keys
    return hashed_uniform(torch.tensor(first), *rest).item()


def draw_pair(*keys: int) -> Vector:
    first, *rest = keys
    return hashed_normal_pair(torch.tensor(first), *rest).double().numpy()


def blown(plume: Plume, time_s: float) -> Vector:
    """Way of the air since time 0, one swing after the other."""
    wind = np.array(plume.wind.velocity)
    way, speed = wind * time_s, float(np.hypot(*wind))
    for k, (period_s, share) in enumerate(GUSTS):
        rate = 2 * math.pi / period_s * (0.8 + 0.4 * draw(plume.seed, 11, k))
        phase = 2 * math.pi * draw(plume.seed, 12, k)
        swung = (math.cos(phase) - math.cos(rate * time_s + phase)) / rate
        way = way + 0.5 * share * speed * draw_pair(plume.seed, 13, k) * swung
    return way


def test_the_wind_is_the_sum_of_its_swings() -> None:
    parameters = stack_plumes([PLUME]).to("cpu", torch.float64)
    found = wind_path(parameters, TIMES_S)[0].numpy()
    expected = [blown(PLUME, time_s) for time_s in TIMES_S[0].tolist()]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def puff(source: int, back: int, time_s: float) -> tuple[Vector, float, float]:
    """Centre, radius and mass of the puff that a source released ``back`` puffs ago."""
    own, wind, key = PLUME.sources[source], PLUME.wind, PLUME.seed * 131 + source
    interval_s = own.lifetime_s / PUFFS
    number = math.floor(time_s / interval_s) - back
    late, share, across, down = (draw(key, trait, number) for trait in (1, 2, 3, 4))
    emitted_s = (number + late) * interval_s
    age_s = time_s - emitted_s
    aged_s, speed = max(age_s, 0.0), own.rise + math.hypot(*wind.velocity)
    growth = wind.spread * (speed * aged_s) ** 0.9
    sway = np.zeros(2)
    for k, count in enumerate((2.5, 6.0, 14.0)):
        angle = 2 * math.pi * (count * emitted_s / own.lifetime_s + draw_pair(key, 31, k))
        sway += wind.turbulence * growth * math.sqrt(2.5 / count) * np.sin(angle)
    middle = np.array(own.position) * (ASPECT, 1.0)
    centre = middle + (np.array([across, down]) - 0.5) * own.size + sway
    centre += blown(PLUME, time_s) - blown(PLUME, emitted_s)
    centre += draw_pair(key, 5, number) * 0.9 * (own.radius + growth)
    climbed_s = 0.8 * own.rise_time_s * (1 - math.exp(-aged_s / own.rise_time_s)) + 0.2 * aged_s
    centre[1] -= own.rise * climbed_s
    opening = math.hypot(own.radius, max(own.size) / math.sqrt(12))
    left = min(max(1 - age_s / own.lifetime_s, 0.0), 1.0)
    flux = own.strength * math.sqrt(2 * math.pi) * opening * speed
    mass = flux * interval_s * left**2 * (3 - 2 * left) * (age_s >= 0)
    return centre, (0.3 + 0.35 * share) * (own.radius + growth), mass * emitted(own, key, emitted_s)


def emitted(source: Source, key: int, when_s: float) -> float:
    """Share of its full rate at which a source emits."""
    wave = 0.0
    for k, (octave, height) in enumerate(((1.0, 1.0), (1.73, 0.6), (3.1, 0.3))):
        phase = 2 * math.pi * draw(key, 21, k)
        wave += height * math.sin(2 * math.pi / source.period_s * octave * when_s + phase)
    pulse = 1 / (1 + math.exp(-6 * (wave - 0.3)))
    running = source.start_s <= when_s < source.stop_s
    return running * (1 - source.intermittency + source.intermittency * pulse)


@pytest.mark.parametrize("source", [0, 1], ids=["first source", "second source"])
def test_each_puff_is_where_its_own_numbers_put_it(source: int) -> None:
    parameters = stack_plumes([PLUME]).to("cpu", torch.float64)
    puffs = release_puffs(parameters, TIMES_S, ASPECT)
    for frame, time_s in enumerate(TIMES_S[0].tolist()):
        for back in (0, 1, 7, 100, PUFFS - 1):
            place = source * PUFFS + back
            centre, radius, mass = puff(source, back, time_s)
            np.testing.assert_allclose(puffs.centre[0, frame, place].numpy(), centre, atol=1e-6)
            assert puffs.radius[0, frame, place].item() == pytest.approx(radius, rel=1e-6)
            assert puffs.mass[0, frame, place].item() == pytest.approx(mass, rel=1e-5, abs=1e-12)
    assert puffs.mass.max() > 0


def test_plumes_of_a_batch_have_their_own_numbers() -> None:
    plumes = [PLUME, replace(PLUME, seed=78)]
    together = release_puffs(stack_plumes(plumes), TIMES_S.float().expand(2, 3), ASPECT)
    for number, plume in enumerate(plumes):
        alone = release_puffs(stack_plumes([plume]), TIMES_S.float(), ASPECT)
        for name in ("centre", "radius", "mass"):
            assert torch.allclose(getattr(together, name)[number], getattr(alone, name)[0])
    assert not torch.allclose(together.centre[0], together.centre[1])
