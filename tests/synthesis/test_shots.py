"""Rendered shots: pixels, opacity and masks that belong together, in any light and weather."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from stcnet.synthesis.camera import Camera
from stcnet.synthesis.draws import COLOURS
from stcnet.synthesis.parameters import Optics, Plume, Source, Wind
from stcnet.synthesis.plants import random_plant
from stcnet.synthesis.scenes import Scene, Shot, render_background, shoot
from stcnet.synthesis.weather import Light, Weather, daylight, pixel_grid

SIZE = (48, 64)
TIMES = torch.tensor([40.0, 45.0, 60.0])
SOURCE = Source((0.4, 0.7), radius=0.03, strength=8.0, lifetime_s=40.0)
SMOKE = Plume((SOURCE,), Wind((0.015, 0.0)), Optics(COLOURS["black"]))
STEAM = Plume(
    (replace(SOURCE, position=(0.7, 0.7)),), Wind((0.015, 0.0)), Optics((0.9,) * 3, evaporation=0.5)
)
SCENE = Scene(random_plant(2), (SMOKE, STEAM), camera=Camera(noise=0.0))
WILD = Scene(
    SCENE.plant,
    SCENE.plumes,
    Weather(fog=0.2, cloud_speed=5.0, shadow=0.7, cloud_cover=0.6),
    Light(level=0.6, shaded=1.0, lamps=0.1, direct=0.6, cast=(0.1, 0.15)),
    Camera(shake=0.004, flicker=0.05, blur=0.01, cast=(0.6, 0.8, 1.4), compression=26, seed=3),
)


def take(scene: Scene, times: torch.Tensor = TIMES) -> Shot:
    return shoot(scene, times, *SIZE)


def recomposed(shot: Shot) -> np.ndarray:
    """The sum of light in double precision, by the equation of the documentation."""
    light = (shot.background.double().numpy() / 255) ** 2.2
    for layer in shot.layers:
        transmittance = np.exp(-layer.opacity.optical_depth[0].double().numpy())[:, None]
        glow = layer.opacity.light[0].double().numpy()[:, None]
        glow = glow * layer.radiance[0].double().numpy()[:, None, None]
        light = np.clip(light * transmittance + glow * (1 - transmittance), 0, 1)
    pixels: np.ndarray = 255 * light ** (1 / 2.2)
    return pixels


@pytest.mark.parametrize("scene", [SCENE, WILD], ids=["plain", "everything on"])
def test_background_opacity_and_colour_give_the_pixels(scene: Scene) -> None:
    shot = take(scene)
    np.testing.assert_allclose(shot.clean().numpy(), recomposed(shot), atol=0.05)


def test_a_plain_camera_shows_the_composed_light() -> None:
    shot = take(SCENE)
    frames = shot.frames.transpose(0, 3, 1, 2)
    assert np.abs(frames - shot.clean().numpy()).max() <= 0.501


@pytest.mark.parametrize("scene", [SCENE, WILD], ids=["plain", "everything on"])
def test_plumes_of_no_strength_leave_every_bit(scene: Scene) -> None:
    absent = tuple(
        replace(plume, sources=(replace(plume.sources[0], strength=0.0),)) for plume in scene.plumes
    )
    shot, bare = take(replace(scene, plumes=absent)), take(replace(scene, plumes=()))
    assert not shot.mask("smoke").any()
    assert not shot.alpha("steam").any()
    assert torch.equal(shot.clean(), bare.clean())
    assert np.array_equal(shot.frames, bare.frames)


def test_the_mask_is_where_the_pixels_change() -> None:
    shot, bare = take(SCENE), take(replace(SCENE, plumes=()))
    change = (shot.clean() - bare.clean()).abs().amax(1)
    covered = (shot.alpha("smoke") > 0) | (shot.alpha("steam") > 0)
    assert not change[~covered].any()
    assert (change[shot.mask("smoke", 0.5)] > 5).float().mean() > 0.95


def test_opacity_is_told_by_substance_whatever_stands_before_it() -> None:
    shot = take(SCENE)
    alone = take(replace(SCENE, plumes=(SMOKE,)))
    assert torch.equal(shot.alpha("smoke"), alone.alpha("smoke"))
    substances = [layer.substance for layer in take(WILD).layers]
    assert substances == ["shadow", "shadow", "smoke", "steam", "fog"]
    assert torch.allclose(take(WILD).alpha("fog"), torch.tensor(0.2), atol=1e-6)


def test_the_truth_shakes_with_the_picture() -> None:
    still = replace(SCENE, camera=replace(SCENE.camera, shake=0.0))
    moved = replace(SCENE, camera=replace(SCENE.camera, shake=0.05))
    ours, theirs = take(moved), take(still)
    assert not torch.equal(ours.background, theirs.background)
    assert (ours.alpha() - theirs.alpha()).abs().max() > 0.2
    np.testing.assert_allclose(ours.clean().numpy(), recomposed(ours), atol=0.05)


@pytest.mark.parametrize("colour", COLOURS)
def test_opaque_smoke_has_the_colour_of_its_albedo(colour: str) -> None:
    source = replace(SOURCE, strength=40.0, radius=0.08)
    optics = Optics(COLOURS[colour], ambient=1.0)
    shot = take(replace(SCENE, plumes=(replace(SMOKE, sources=(source,), optics=optics),)))
    opaque = shot.alpha() > 0.999
    assert opaque.sum() > 20
    seen = (shot.clean().movedim(1, -1)[opaque] / 255).double() ** 2.2
    expected = torch.tensor(COLOURS[colour]).double() * torch.tensor(Light().white).double()
    assert torch.allclose(seen.mean(0), expected, atol=0.01)


def test_thin_smoke_lets_the_background_through() -> None:
    alphas = [
        take(
            replace(SCENE, plumes=(replace(SMOKE, sources=(replace(SOURCE, strength=strength),)),))
        ).alpha()
        for strength in (0.05, 0.5, 20.0)
    ]
    peaks = [float(alpha.max()) for alpha in alphas]
    assert peaks[0] < 0.12 < peaks[1] < 0.8 < 0.99 < peaks[2]


def test_night_is_dark_but_for_its_lamps() -> None:
    plant = replace(SCENE.plant, lamps=((0.2, 0.8),))
    dark = replace(SCENE, plant=plant, light=Light(level=0.01))
    lit = replace(dark, light=Light(level=0.01, lamps=0.3))
    day, night, lamps = (render_background(scene, TIMES, *SIZE) for scene in (SCENE, dark, lit))
    assert night.mean() < 0.25 * day.mean()
    row, column = int(0.8 * SIZE[0]), int(0.2 * SIZE[1])
    assert (lamps - night)[:, :, row, column].min() > 30
    assert (lamps - night)[:, :, :5, -5:].abs().max() < 1


def test_lamps_light_the_plume_beside_them_at_night() -> None:
    plant = replace(SCENE.plant, lamps=(SOURCE.position,))
    white = replace(SMOKE, optics=Optics(COLOURS["white"]))
    night = Scene(plant, (white,), light=Light(level=0.005), camera=Camera(noise=0.0))
    dark, lit = take(night), take(replace(night, light=Light(level=0.005, lamps=0.3)))
    thick = dark.alpha() > 0.8
    gain = (lit.clean() - dark.clean()).mean(1)[thick]
    assert thick.any()
    assert gain.mean() > 20


def test_plumes_lie_in_the_shadow_of_clouds_as_far_as_they_are_shaded() -> None:
    weather = Weather(shadow=0.9, cloud_cover=1.0, light_drift=0.0)
    lights = [
        take(replace(SCENE, weather=weather, light=Light(shaded=share))).layers[0].opacity.light
        for share in (0.0, 0.5, 1.0)
    ]
    half, full = lights[1] / lights[0], lights[2] / lights[0]
    assert 0.1 <= full.min() < 0.7
    assert torch.allclose(half, (1 + full) / 2, atol=1e-5)


def test_a_plume_takes_the_sun_from_the_land_where_its_shadow_falls() -> None:
    """Eight pixels to the right and twelve down; the sky loses nothing."""
    light = Light(direct=0.6, cast=(8 / SIZE[0], 12 / SIZE[0]))
    plain, sunny = take(SCENE), take(replace(SCENE, light=light))
    shadow = sunny.alpha("shadow")
    expected = torch.zeros_like(shadow)
    for layer in plain.layers:
        expected[:, 12:, 8:] -= torch.log1p(-0.6 * layer.opacity.alpha[0, :, :-12, :-8])
    land, sky = slice(SIZE[0] // 2, None), slice(None, 3)
    taken = 1 - torch.exp(-expected)
    assert torch.allclose(shadow[:, land], taken[:, land], atol=0.02)
    assert shadow[:, land].max() > 0.4
    assert not shadow[:, sky].any()
    assert torch.equal(sunny.alpha("smoke"), plain.alpha("smoke"))
    assert (sunny.clean() <= plain.clean() + 1e-3).all()


@pytest.mark.parametrize("edge", [0.1, 0.4, 1.5])
def test_a_shadow_is_no_steeper_than_its_edge_is_wide(edge: float) -> None:
    """A sharp edge that a Gaussian spreads so wide has a slope of 1.02 / edge at its steepest."""
    height, depth = 200, 0.8
    x, y = pixel_grid(height, height, torch.empty(0))
    weather = Weather(shadow=depth, cloud_cover=1.0, light_drift=0.0, shadow_edge=edge)
    light = [daylight(random_plant(seed), weather, 0.0, x, y) for seed in range(6)]
    slopes = [field.diff(dim=dim).abs().max() * height for field in light for dim in (0, 1)]
    assert max(slopes) <= 1.03 * depth / edge
    assert max(slopes) > 0.05 * depth / edge


def test_wide_edges_take_as_much_light_but_more_evenly() -> None:
    x, y = pixel_grid(40, 40, torch.empty(0))
    hard, soft = (Weather(shadow=1.0, cloud_cover=1.0, shadow_edge=edge) for edge in (0.0, 1.0))
    fields = [
        torch.stack([daylight(random_plant(seed), weather, 0.0, x, y) for seed in range(40)])
        for weather in (hard, soft)
    ]
    assert abs(fields[0].mean() - fields[1].mean()) < 0.05
    assert fields[1].std(dim=(1, 2)).mean() < 0.7 * fields[0].std(dim=(1, 2)).mean()


def test_fog_takes_contrast_from_everything() -> None:
    foggy = take(replace(SCENE, weather=Weather(fog=0.6)))
    assert foggy.clean().std() < 0.7 * take(SCENE).clean().std()


def test_clouds_go_faster_where_they_are_told_to() -> None:
    calm = replace(SCENE, weather=Weather(cloud_speed=1.0, light_drift=0.0, shadow=0.8))
    hasty = replace(calm, weather=replace(calm.weather, cloud_speed=8.0))
    changes = [
        float((frames[1] - frames[0]).abs().mean())
        for frames in (render_background(scene, TIMES, *SIZE) for scene in (calm, hasty))
    ]
    assert changes[1] > 3 * changes[0] > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("scene", [SCENE, replace(WILD, camera=Camera(shake=0.004, noise=0.0))])
def test_processor_and_gpu_agree(scene: Scene) -> None:
    here, there = take(scene), take(scene, TIMES.cuda())
    assert (there.alpha().cpu() - here.alpha()).abs().max() < 5e-3
    assert (there.clean().cpu() - here.clean()).abs().max() < 1.0


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Weather(fog=1.0), "Weather.fog is 1; allowed: 0 to 0.99"),
        (lambda: Weather(haze_colour=(0.5, 0.5, 2.0)), "Weather.haze_colour is 2"),
        (lambda: Weather(shadow_edge=-0.1), "Weather.shadow_edge is -0.1; allowed: 0 or more"),
        (lambda: Light(level=-0.1), "Light.level is -0.1; allowed: 0 to 1"),
        (lambda: Light(direct=1.0), "Light.direct is 1; allowed: 0 to 0.99"),
        (lambda: Light(lamps=float("inf")), "Light.lamps is inf; allowed: 0 or more"),
    ],
    ids=["fog", "colour", "shadow edge", "level", "direct", "lamps"],
)
def test_what_no_sky_does_is_refused(made: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made()


def test_without_any_light_smoke_is_black() -> None:
    white = replace(SMOKE, optics=Optics(COLOURS["white"]))
    shot = take(replace(SCENE, plumes=(white,), light=Light(level=0.0)))
    assert shot.mask().any()
    assert not shot.frames.any()
