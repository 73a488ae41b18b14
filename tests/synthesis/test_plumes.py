"""Plumes from parameters: what each property does, and what must not matter."""

from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from stcnet.synthesis.draws import SMOKE, STEAM, random_plumes
from stcnet.synthesis.parameters import (
    Optics,
    Plume,
    PlumeParameters,
    Source,
    Wind,
    stack_plumes,
)
from stcnet.synthesis.plumes import Opacity, render_opacity

SIZE = 48
TIMES = torch.tensor([[0.0, 5.0, 60.0]])
STACK = Source((0.3, 0.7), radius=0.02, strength=2.0, lifetime_s=40.0)


def render(plume: Plume, times: torch.Tensor = TIMES) -> Opacity:
    return render_opacity(stack_plumes([plume]), times, SIZE, SIZE)


def drawn(batch: int = 4, seed: int = 3) -> PlumeParameters:
    return random_plumes(batch, torch.Generator().manual_seed(seed))


def centre(opacity: Opacity, axis: int) -> float:
    """Mean position of the smoke along x (axis -1) or y (axis -2), 0..1."""
    depth = opacity.optical_depth
    places = (torch.arange(SIZE) + 0.5) / SIZE
    profile = depth.sum([d for d in range(4) if d != axis % 4])
    return float((profile * places).sum() / profile.sum())


def test_rendering_twice_gives_the_same_bits() -> None:
    first, second = (render_opacity(drawn(), TIMES.expand(4, 3), SIZE, SIZE) for _ in range(2))
    assert torch.equal(first.optical_depth, second.optical_depth)
    assert torch.equal(first.light, second.light)
    assert first.optical_depth.max() > 0.1


def test_a_plume_does_not_depend_on_its_batch() -> None:
    together = render_opacity(drawn(), TIMES.expand(4, 3), SIZE, SIZE)
    alone = render_opacity(drawn()[2:3], TIMES, SIZE, SIZE)
    assert torch.allclose(together.optical_depth[2:3], alone.optical_depth, rtol=1e-3, atol=1e-4)


def test_a_frame_does_not_depend_on_the_other_frames() -> None:
    plume = Plume((STACK,))
    whole, last = render(plume), render(plume, TIMES[:, 2:])
    expected = whole.optical_depth[:, 2:]
    assert torch.allclose(expected, last.optical_depth, rtol=1e-3, atol=1e-4)


def test_single_precision_agrees_with_double() -> None:
    single = render_opacity(drawn(), TIMES.expand(4, 3), SIZE, SIZE)
    double = render_opacity(drawn().to("cpu", torch.float64), TIMES.expand(4, 3), SIZE, SIZE)
    assert double.optical_depth.dtype == torch.float64
    assert (single.alpha - double.alpha).abs().max() < 5e-3


def test_rendering_is_exact_inside_a_training_step_of_mixed_precision() -> None:
    plain = render_opacity(drawn(), TIMES.expand(4, 3), SIZE, SIZE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = render_opacity(drawn(), TIMES.expand(4, 3), SIZE, SIZE)
    assert torch.equal(plain.optical_depth, mixed.optical_depth)


def test_rendering_keeps_no_gradient() -> None:
    parameters = drawn(1)
    parameters.strength.requires_grad_()
    assert not render_opacity(parameters, TIMES, SIZE, SIZE).optical_depth.requires_grad


CHANGES: dict[str, Any] = {
    "position": (0.5, 0.5),
    "size": (0.3, 0.05),
    "radius": 0.04,
    "strength": 4.0,
    "rise": 0.03,
    "rise_time_s": 2.0,
    "lifetime_s": 15.0,
    "start_s": 30.0,
    "stop_s": 2.0,
    "intermittency": 1.0,
    "period_s": 4.0,
    "velocity": (-0.02, 0.005),
    "gustiness": 1.0,
    "turbulence": 0.0,
    "spread": 0.4,
    "veer": 1.5,
    "churn": 0.3,
    "ambient": 0.1,
    "sun": (-1.0, 0.2),
    "texture": 0.0,
    "evaporation": 1.0,
    "seed": 9,
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_property_has_an_effect(name: str) -> None:
    source, plume = replace(STACK, intermittency=0.5), Plume((STACK,))
    before = replace(plume, sources=(source,))
    value = {name: CHANGES[name]}
    if name == "seed":
        after = replace(before, **value)
    elif hasattr(source, name):
        after = replace(before, sources=(replace(source, **value),))
    else:
        part = "wind" if hasattr(plume.wind, name) else "optics"
        after = replace(before, **{part: replace(getattr(before, part), **value)})
    old, new = render(before), render(after)
    change = (old.alpha - new.alpha).abs().max() + (old.light - new.light).abs().max()
    assert change > 0.02


def test_every_property_is_covered_above() -> None:
    """The albedo matters where light is added: see the tests of compositing."""
    names = {field.name for part in (Source, Wind, Optics) for field in fields(part)}
    assert names | {"seed"} == set(CHANGES) | {"albedo"}


def test_a_source_without_strength_emits_nothing() -> None:
    opacity = render(Plume((replace(STACK, strength=0.0),)))
    assert not opacity.optical_depth.any()
    assert not opacity.mask().any()


def test_optical_depth_grows_in_proportion_to_strength() -> None:
    thin, thick = (render(Plume((replace(STACK, strength=s),))) for s in (1.0, 3.0))
    seen = thin.optical_depth > 0.05
    ratio = thick.optical_depth[seen] / thin.optical_depth[seen]
    assert torch.allclose(ratio, torch.tensor(3.0), rtol=0.1)


def test_smoke_comes_after_the_start_and_goes_after_the_stop() -> None:
    plume = Plume((replace(STACK, start_s=50.0, stop_s=100.0),))
    times = torch.tensor([[49.0, 60.0, 99.0, 101.0 + STACK.lifetime_s]])
    seen = render(plume, times).mask().flatten(2).any(-1)[0]
    assert seen.tolist() == [False, True, True, False]


def test_wind_blows_to_the_right_and_warm_smoke_climbs() -> None:
    calm = Wind((0.0, 0.0), gustiness=0, turbulence=0)
    still = render(Plume((STACK,), calm))
    blown = render(Plume((STACK,), replace(calm, velocity=(0.015, 0.0))))
    risen = render(Plume((replace(STACK, rise=0.03),), calm))
    assert centre(blown, -1) > centre(still, -1) + 0.1
    assert centre(risen, -2) < centre(still, -2) - 0.1
    assert centre(still, -2) < STACK.position[1]


def test_smoke_is_diluted_downwind() -> None:
    wind = Wind((0.02, 0.0), gustiness=0, turbulence=0)
    times = torch.arange(0.0, 200.0, 10.0)[None]
    depth = render(Plume((replace(STACK, rise=0.0),), wind), times).optical_depth.mean(1)
    near, far = depth[0, :, int(0.35 * SIZE)], depth[0, :, int(0.85 * SIZE)]
    assert near.max() > 2 * far.max() > 0


def test_moving_plumes_change_within_one_frame_interval() -> None:
    alpha = render(Plume((STACK,))).alpha[0]
    assert (alpha[0] - alpha[1]).abs().max() > 0.1


def test_steam_ends_where_smoke_of_the_same_strength_goes_on() -> None:
    strong = replace(STACK, strength=5.0)
    smoke = render(Plume((strong,)))
    steam = render(Plume((strong,), optics=Optics(evaporation=1.0)))
    assert (steam.optical_depth <= smoke.optical_depth + 1e-6).all()
    assert steam.mask().sum() < 0.8 * smoke.mask().sum()
    assert steam.alpha.max() > 0.9


def test_several_sources_add_up() -> None:
    left, right = replace(STACK, position=(0.1, 0.7)), replace(STACK, position=(0.6, 0.7))
    both = render(Plume((left, right))).mask(0.2)
    assert both[..., : SIZE // 3].any()
    assert both[..., 2 * SIZE // 3 :].any()


def test_opacity_and_mask_follow_from_the_optical_depth() -> None:
    opacity = Opacity(torch.tensor([[[[0.0, 0.1, 3.0]]]]), torch.ones(1, 1, 1, 3))
    assert torch.allclose(opacity.alpha, 1 - torch.exp(-opacity.optical_depth))
    assert opacity.mask(0.05).flatten().tolist() == [False, True, True]
    assert opacity.scaled(torch.tensor([2.0])).optical_depth.flatten()[1] == 0.2


@pytest.mark.parametrize("ranges", [SMOKE, STEAM], ids=["smoke", "steam"])
def test_random_plumes_stay_finite_and_in_range(ranges: Any) -> None:
    parameters = random_plumes(16, torch.Generator().manual_seed(5), ranges=ranges)
    opacity = render_opacity(parameters, TIMES.expand(16, 3), SIZE, 64)
    assert opacity.optical_depth.shape == (16, 3, SIZE, 64)
    assert torch.isfinite(opacity.optical_depth).all()
    assert opacity.optical_depth.min() >= 0
    assert opacity.light.min() >= 0
    assert opacity.light.max() <= 1


@pytest.mark.parametrize(
    ("times", "size", "message"),
    [
        (torch.zeros(3), 48, r"are \(B, T\)"),  # no axis of batch
        (torch.zeros(2, 3), 48, r"are \(B, T\)"),  # another batch
        (torch.zeros(1, 3), 7, "at least 8 px"),  # too small
    ],
)
def test_misuse_is_refused(times: torch.Tensor, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_opacity(drawn(1), times, size, size)


def test_stacking_pads_with_absent_sources() -> None:
    stacked = stack_plumes([Plume((STACK, STACK), seed=4), Plume((), seed=5)])
    assert len(stacked) == 2
    assert stacked.strength.tolist() == [[2.0, 2.0], [0.0, 0.0]]
    assert stacked.seed.tolist() == [4, 5]
    with pytest.raises(ValueError, match="at least one plume"):
        stack_plumes([])


def test_where_takes_whole_plumes() -> None:
    one, other = drawn(3, 1), drawn(3, 2)
    mixed = one.where(torch.tensor([True, False, True]), other)
    assert torch.equal(mixed.position[1], other.position[1])
    assert torch.equal(mixed.albedo[2], one.albedo[2])
