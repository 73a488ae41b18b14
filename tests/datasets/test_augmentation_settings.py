"""Presets, what is switched on, and the frames that are drawn."""

from itertools import pairwise
from typing import Any, cast

import kornia.augmentation as ka
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from small_cells import tiny_recipe
from stcnet.datasets.augmentation import (
    OFF,
    PRESETS,
    AugmentationSettings,
    ClipAugmentation,
    draw_varied_frames,
)
from stcnet.datasets.augmentation.settings import CHANCES
from stcnet.datasets.clips import draw_frames
from stcnet.synthesis.augment import paste_plumes
from stcnet.training.recipes.recipe import bundled_recipes, load_recipe

SIZE = 32
OTHERS = {"i3d-nd", "flow-i3d", "flagship", "adapt"}
"""No augmentation, optical flow, other cameras."""
OF_RISE = {"i3d", "i3d-tsm", "i3d-lstm", "i3d-nl", "i3d-tc", "i3d-fp"}


def settings(given: object) -> AugmentationSettings:
    return AugmentationSettings.model_validate(given)


def clips(count: int = 3, frames: int = 4, channels: int = 3) -> Tensor:
    """Smooth pictures in 0..255, (B, T, C, S, S)."""
    generator = torch.Generator().manual_seed(7)
    coarse = torch.rand((count * frames, channels, 6, 6), generator=generator) * 255
    large = torch.nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear")
    return large.reshape(count, frames, channels, SIZE, SIZE)


def augmented(pixels: Tensor, asked: AugmentationSettings, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return cast("Tensor", ClipAugmentation(asked, pixels.shape[-1])(pixels))


def as_it_was(pixels: Tensor, s: AugmentationSettings, seed: int) -> Tensor:
    """What augmentation did before it knew other cameras: all of kornia's transforms at once."""
    torch.manual_seed(seed)
    turned = torch.rand(len(pixels), 1, 1, 1, 1) < s.reverse
    pixels = torch.where(turned, pixels.flip(1), pixels)
    assert not s.permute
    parts: list[Any] = [
        ka.RandomResizedCrop((SIZE, SIZE), scale=(s.crop_scale, 1.0), ratio=(3 / 4, 4 / 3)),
        ka.RandomPerspective(s.perspective, p=0.5 if s.perspective else 0.0),
        ka.RandomHorizontalFlip(p=s.flip),
        ka.ColorJiggle(s.brightness, s.contrast, s.saturation, s.hue, p=0.8),
        ka.RandomRGBShift(s.cast, s.cast, s.cast, p=0.5 if s.cast else 0.0),
        ka.RandomGamma((1 / s.gamma, s.gamma), p=0.5 if s.gamma > 1 else 0.0),
        ka.RandomGaussianBlur((5, 5), (0.3, 1.5), p=s.blur),
        *[ka.RandomErasing((0.002, 0.02), (0.3, 3.3), p=s.erasing) for _ in range(2)],
    ]
    whole = ka.VideoSequential(*parts, data_format="BTCHW", same_on_frame=True)
    seen = cast("Tensor", whole(pixels / 255.0))
    gains = torch.randn((*seen.shape[:2], 1, 1, 1))
    seen = seen * (1 + s.flicker * torch.rand((len(seen), 1, 1, 1, 1)) ** 3 * gains)
    deviations = s.noise * torch.rand((len(seen), 1, 1, 1, 1)) ** 3
    return (seen + deviations * torch.randn_like(seen)).clamp(0, 1) * 255


@pytest.mark.parametrize("name", sorted(set(bundled_recipes()) - OTHERS - OF_RISE))
def test_bundled_recipes_give_what_they_always_gave(name: str) -> None:
    asked = load_recipe(name).augmentation
    assert asked is not None
    for seed in range(3):
        assert torch.equal(augmented(clips(), asked, seed), as_it_was(clips(), asked, seed))


@pytest.mark.parametrize("name", sorted(OF_RISE))
def test_recipes_of_rise_augment_as_rise_does(name: str) -> None:
    asked = load_recipe(name).augmentation
    assert asked is not None
    assert asked.permute == (name == "i3d-fp")
    assert asked.model_copy(update={"permute": 0.0}) == settings("rise")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_stands_for_its_values(name: str) -> None:
    asked = settings(name)
    assert settings({"preset": name}) == asked == settings(PRESETS[name])
    assert settings(asked.model_dump()) == asked
    assert tiny_recipe(augmentation=name).augmentation == asked


def test_what_stands_beside_a_preset_departs_from_it() -> None:
    assert settings({"preset": "rise", "haze": 0.5}).haze == 0.5
    assert settings({"preset": "rise", "flip": 0}).switched_on == tuple(
        name for name in settings("rise").switched_on if name != "flip"
    )
    assert settings("none").switched_on == ()


@pytest.mark.parametrize("given", ["roof", {"preset": 3}, {"preset": ["rise"]}], ids=str)
def test_an_unknown_preset_is_refused_with_what_there_is(given: object) -> None:
    with pytest.raises(ValueError, match="no such preset; allowed: none, rise, cameras"):
        settings(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slow", 0.5), ("even", 1.1), ("often", -0.1), ("tilt", 31), ("passers", 9),
        ("passers", 1.5), ("haze", float("nan")), ("shake", 0.06), ("defocus", 1),
        ("motion_blur", -1), ("drops", -1), ("grain", 1), ("white_balance", 2), ("infrared", 2),
        ("jpeg", 0), ("jpeg", 101), ("codec", float("inf")),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        settings({name: value})


def test_one_transform_stands_alone() -> None:
    for name in settings("cameras").switched_on:
        alone = settings("cameras").alone(name)
        assert alone.switched_on == (name,)
        assert alone.often == 1
        assert getattr(alone, name) == (
            1 if name in CHANCES else getattr(settings("cameras"), name)
        )


def test_relative_brightness_is_a_gain() -> None:
    relative = settings(OFF | {"brightness": 0.3, "relative_jitter": True})
    dim = clips(8) * 0.3 + 10
    gains = (augmented(dim, relative) / dim).flatten(1)
    torch.testing.assert_close(gains.amax(dim=1), gains.amin(dim=1), atol=1e-4, rtol=0)
    assert 0.7 - 1e-4 < float(gains.min()) < 0.9
    assert 1.1 < float(gains.max()) < 1.3 + 1e-4


def test_the_night_stays_grey_behind_a_noisy_sensor_and_a_coder() -> None:
    asked = settings(OFF | {"infrared": 1, "noise": 0.1, "grain": 0.1, "white_balance": 1,
                            "jpeg": 30, "codec": 30, "often": 1})  # fmt: skip
    result = augmented(clips(), asked)
    # Noise of .1 in colours would be 25 levels; JPEG's rounding of none at all is one or two.
    assert float((result - result[:, :, :1]).abs().max()) < 3


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float64], ids=str)
def test_pixels_of_any_type_are_taken(dtype: torch.dtype) -> None:
    whole = clips().round()
    asked = settings(PRESETS["cameras"] | {"often": 1})
    result = augmented(whole.to(dtype), asked)
    assert result.dtype == torch.float32
    assert torch.equal(result, augmented(whole, asked))


@pytest.mark.parametrize("preset", ["rise", "cameras"])
def test_presets_vary_clips_and_keep_to_the_range(preset: str) -> None:
    for seed in range(6):
        result = augmented(clips(), settings(preset), seed)
        assert torch.isfinite(result).all()
        assert 0 <= float(result.min()) <= float(result.max()) <= 255
        assert float((result - clips()).abs().mean()) > 1


def test_smoke_stays_to_be_seen_so_that_its_label_stays_true() -> None:
    count, frames, side = 12, 6, 64
    bare = scene(count, side).expand(-1, frames, -1, -1, -1)
    times_s = (20.0 * torch.arange(frames)).expand(count, -1)
    smoking, opacity = paste_plumes(bare, times_s, torch.Generator().manual_seed(2))
    asked = settings(PRESETS["cameras"] | {"crop_scale": 1, "flip": 0, "tilt": 0})
    left = []
    for seed in range(4):
        with_smoke, without = augmented(smoking, asked, seed), augmented(bare, asked, seed)
        left.append(visible(with_smoke - without, opacity) / visible(smoking - bare, opacity))
    shares = torch.cat(left)
    assert float(shares.min()) > 0.15
    assert float(shares.median()) > 0.6


def visible(change: Tensor, opacity: Tensor) -> Tensor:
    """How much a plume changes where it is, (B,)."""
    return (change.abs() * (opacity > 0.1)).sum(dim=(1, 2, 3, 4))


def scene(count: int, side: int) -> Tensor:
    """A dark plant below a bright sky, with some structure, (count, 1, 3, S, S)."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((count, 3, 8, 8), generator=generator) * 60
    rough = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    sky = torch.where(torch.arange(side) < side // 3, 150.0, 50.0)[:, None]
    return (rough + sky)[:, None]


def test_without_a_change_of_pace_frames_are_drawn_as_ever() -> None:
    for asked in (None, settings({}), settings("rise")):
        drawn = draw_varied_frames(5, 36, 9, asked, np.random.default_rng(4))
        assert (drawn == draw_frames(5, 36, 9, np.random.default_rng(4))).all()


@given(
    st.integers(1, 60), st.integers(1, 60), st.floats(1, 4), st.floats(0, 1), st.integers(0, 2**31)
)
def test_frames_of_any_pace_are_frames_of_the_clip_in_order(
    length: int, segments: int, slow: float, even: float, seed: int
) -> None:
    segments = min(length, segments)
    asked = settings({"slow": slow, "even": even, "often": 0.7})
    drawn = draw_varied_frames(3, length, segments, asked, np.random.default_rng(seed))
    assert drawn.shape == (3, segments)
    assert drawn.min() >= 0
    assert drawn.max() < length
    assert (np.diff(drawn, axis=1) > 0).all()


def test_slow_clips_come_from_a_shorter_part_at_any_place() -> None:
    asked = settings(OFF | {"slow": 3.0, "often": 1})
    drawn = draw_varied_frames(300, 36, 4, asked, np.random.default_rng(0))
    spans = drawn[:, -1] - drawn[:, 0] + 1
    assert spans.max() > 30
    assert 4 <= spans.min() < 12
    assert drawn[:, 0].max() > 20


def test_even_clips_have_equal_distances_and_every_phase() -> None:
    asked = settings(OFF | {"even": 1})
    drawn = draw_varied_frames(200, 36, 9, asked, np.random.default_rng(0))
    assert {int(b - a) for row in drawn for a, b in pairwise(row)} == {4}
    assert {int(row[0]) for row in drawn} == {0, 1, 2, 3}


def test_a_pace_needs_frames_to_choose_from() -> None:
    whole = {"preset": "i3d", "choices": {"frames": 36}, "pretrained": "none", "input_size": 32}
    with pytest.raises(ValueError, match=r"augmentation\.slow must be 1 where all 36 frames"):
        tiny_recipe(network=whole, augmentation={"slow": 2})
