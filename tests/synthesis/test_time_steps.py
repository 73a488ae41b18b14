"""A plume is the same at any time step: its speed and growth are those of the world."""

import math
from dataclasses import replace

import pytest
import torch

from stcnet.synthesis.parameters import Optics, Plume, Source, Wind, stack_plumes
from stcnet.synthesis.plumes import render_opacity
from stcnet.synthesis.scenes import shoot
from stcnet.synthesis.views import random_view

SIZE = 64
STEPS_S = (0.1, 1.0, 5.0, 20.0)
SPEED = 0.012
PUFF = Source(
    (0.2, 0.7), radius=0.02, strength=4.0, rise=0.0, lifetime_s=120.0, start_s=0.0, stop_s=20.0
)
CLOUD = Plume(
    (PUFF,), Wind((SPEED, 0.0), gustiness=0.0, turbulence=0.0, spread=0.2), Optics(texture=0.0)
)


def moments(plume: Plume, times_s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean place along x and root mean square width across it, in picture heights, each (T,)."""
    depth = render_opacity(stack_plumes([plume]), times_s[None], SIZE, SIZE).optical_depth[0]
    places = (torch.arange(SIZE) + 0.5) / SIZE
    along, across = depth.sum(1), depth.sum(2)
    mass = along.sum(1, keepdim=True)
    mean = (along * places).sum(1, keepdim=True) / mass
    middle = (across * places).sum(1, keepdim=True) / mass
    width = ((across * (places - middle).square()).sum(1) / mass[:, 0]).sqrt()
    return mean[:, 0], width


@pytest.mark.parametrize("step_s", STEPS_S)
def test_speed_is_the_winds_at_every_time_step(step_s: float) -> None:
    times_s = 22.0 + torch.arange(0, 21.0 if step_s > 1 else 2.5, step_s).double().float()
    place, _ = moments(CLOUD, times_s)
    way, duration_s = float(place[-1] - place[0]), float(times_s[-1] - times_s[0])
    assert way / duration_s == pytest.approx(SPEED, rel=0.15)


@pytest.mark.parametrize("step_s", STEPS_S[:3])
def test_growth_follows_from_the_age_whatever_the_time_step(step_s: float) -> None:
    times_s = 22.0 + torch.arange(round(20 / step_s) + 1) * step_s
    ends = torch.tensor([0, len(times_s) - 1])
    _, width = moments(CLOUD, times_s[ends] if step_s < 1 else times_s)
    _, expected = moments(CLOUD, torch.tensor([22.0, 42.0]))
    assert torch.allclose(width[[0, -1]], expected, rtol=1e-3)
    assert width[-1] > 1.4 * width[0]


def test_a_moment_looks_the_same_in_a_fast_and_in_a_slow_film() -> None:
    scene = random_view(3, "mixed")
    still = replace(scene, camera=replace(scene.camera, noise=0.0, compression=None))
    fast = shoot(still, 30 + torch.arange(0, 11) * 0.5, 48, 48)
    slow = shoot(still, torch.tensor([30.0, 35.0]), 48, 48)
    assert (fast.alpha()[[0, -1]] - slow.alpha()).abs().max() < 2e-3
    assert abs(fast.frames[[0, -1]].astype(int) - slow.frames).max() <= 1


def test_change_grows_with_the_time_between_frames() -> None:
    steady = replace(
        CLOUD, sources=(replace(PUFF, start_s=-math.inf, stop_s=math.inf),), wind=Wind((SPEED, 0.0))
    )
    times_s = torch.tensor([[60.0, 60.1, 60.5, 62.0, 65.0]])
    alpha = render_opacity(stack_plumes([steady]), times_s, SIZE, SIZE).alpha[0]
    change = (alpha[1:] - alpha[0]).square().mean((1, 2)).sqrt()
    assert (change.diff() > 0).all()
    assert change[0] < 0.15 * change[-1]


def test_single_precision_carries_a_day() -> None:
    late_s = 86_400.0 + torch.tensor([[0.0, 0.1, 5.0]])
    steady = stack_plumes(
        [replace(CLOUD, sources=(replace(PUFF, start_s=-math.inf, stop_s=math.inf),))]
    )
    single = render_opacity(steady, late_s, SIZE, SIZE).alpha
    double = render_opacity(steady.to("cpu", torch.float64), late_s.double(), SIZE, SIZE).alpha
    assert (single - double).abs().max() < 0.05
