"""Augmentation: one draw a clip, the same for all of its frames."""

import pytest
import torch
from torch import Tensor

from stcnet.datasets.augmentation import (
    OFF,
    STILL,
    AugmentationSettings,
    ClipAugmentation,
    FlowAugmentation,
)

SIZE = 32
STRONG: dict[str, float] = {
    "crop_scale": 0.3, "zoom_out": 0.4, "perspective": 0.5, "flip": 1, "brightness": 0.8,
    "contrast": 0.8, "saturation": 0.8, "hue": 0.4, "cast": 0.5, "gamma": 3.0, "blur": 1,
    "noise": 0.1, "flicker": 0.2, "erasing": 1, "reverse": 1, "permute": 1, "tilt": 20,
    "passers": 8, "haze": 3, "shake": 0.05, "defocus": 0.05, "motion_blur": 0.1, "drops": 8,
    "grain": 0.3, "white_balance": 1, "infrared": 1, "jpeg": 3, "codec": 90,
}  # fmt: skip
IN_TIME = {"slow": 4, "even": 1}
"""These decide which frames are drawn, before there are any pixels."""
HOW = {"often", "relative_jitter"}
CHANGE_FRAMES = {"noise", "flicker", "passers", "shake", "grain", "infrared", "codec"}
"""These may differ between the frames of a clip."""


def scene(clips: int = 3, frames: int = 4) -> Tensor:
    """A smooth coloured scene whose frames differ, in the middle of the range, (B, T, 3, S, S)."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand((clips * frames, 3, 4, 4), generator=generator) * 150 + 50
    pictures = torch.nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear")
    return pictures.reshape(clips, frames, 3, SIZE, SIZE)


def still(clips: int = 3, frames: int = 4) -> Tensor:
    """The same picture in every frame and clip."""
    return scene(1, 1).expand(clips, frames, -1, -1, -1).clone()


def augmented(clips: Tensor, settings: dict[str, float] | None = None, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    values = AugmentationSettings.model_validate(settings or {})
    result: Tensor = ClipAugmentation(values, SIZE)(clips)
    return result


def test_the_settings_of_these_tests_are_all_there_are() -> None:
    assert OFF.keys() == {*STRONG, *IN_TIME} == AugmentationSettings.model_fields.keys() - HOW


def test_all_off_changes_nothing() -> None:
    torch.testing.assert_close(augmented(scene(), OFF), scene(), atol=0.01, rtol=0)


@pytest.mark.parametrize("name", STRONG)
def test_each_setting_does_something_alone(name: str) -> None:
    clips = scene()
    changed = [augmented(clips, OFF | {name: STRONG[name]}, seed) for seed in range(4)]
    assert max(float((result - clips).abs().max()) for result in changed) > 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strength", ["default", "strong"])
def test_pixels_stay_in_range(seed: int, strength: str) -> None:
    values = STRONG | {"often": 1} if strength == "strong" else {}
    result = augmented(scene() * 1.3 - 20, values, seed)
    assert result.shape == scene().shape
    assert torch.isfinite(result).all()
    assert 0 <= float(result.min()) <= float(result.max()) <= 255


@pytest.mark.parametrize("seed", range(4))
def test_a_still_clip_stays_still(seed: int) -> None:
    quiet = STRONG | {"often": 1} | dict.fromkeys(CHANGE_FRAMES, 0)
    result = augmented(still(), quiet, seed)
    residuals = result[:, 1:] - result[:, :-1]
    assert float(residuals.abs().max()) <= 1e-3
    # Not because it is trivially constant: clips differ from what they were and from each other.
    assert float((result - still()).abs().max()) > 20
    assert float((result[0] - result[1]).abs().max()) > 5


def test_flicker_moves_whole_frames() -> None:
    ratio = augmented(still(), OFF | {"flicker": 0.05}) / still()
    spread = ratio.amax(dim=(2, 3, 4)) - ratio.amin(dim=(2, 3, 4))
    assert float(spread.max()) < 1e-3
    assert float(ratio[:, :, 0, 0, 0].std()) > 0.01


def test_reversing_turns_time_round() -> None:
    torch.testing.assert_close(
        augmented(scene(), OFF | {"reverse": 1}), scene().flip(1), atol=0.01, rtol=0
    )


def test_the_seed_decides() -> None:
    first, again, other = (augmented(scene(), seed=seed) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize(
    ("name", "value"),
    [("crop_scale", 0), ("flip", 1.1), ("gamma", 0.5), ("noise", -0.1), ("hue", 0.6), ("fog", 1)],
)
def test_values_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        AugmentationSettings.model_validate({name: value})


def test_permuted_clips_keep_their_frames_and_lose_their_order() -> None:
    clips = scene(frames=9)
    result = augmented(clips, OFF | {"permute": 1})
    for before, after in zip(clips, result, strict=True):
        places = [int((before - frame).abs().flatten(1).sum(dim=1).argmin()) for frame in after]
        assert sorted(places) == list(range(9))
        assert places != sorted(places)


def flowing(clips: Tensor, settings: dict[str, float], seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    result: Tensor = FlowAugmentation(AugmentationSettings.model_validate(settings), SIZE)(clips)
    return result


def drift() -> Tensor:
    """Everything moves to the right, the left half faster, and down; (2, 3, 2, S, S)."""
    flow = torch.full((2, 3, 2, SIZE, SIZE), STILL)
    flow[:, :, 0] += 10.0
    flow[:, :, 0, :, : SIZE // 2] += 20.0
    flow[:, :, 1] += 5.0
    flow[:, 1] += 1.0
    return flow


def test_all_off_leaves_a_flow_as_it_is() -> None:
    torch.testing.assert_close(flowing(drift(), OFF), drift(), atol=0.01, rtol=0)


def test_a_mirrored_flow_runs_to_the_other_side() -> None:
    mirrored = flowing(drift(), OFF | {"flip": 1}) - STILL
    expected = (drift() - STILL).flip(-1)
    torch.testing.assert_close(mirrored[:, :, 0], -expected[:, :, 0], atol=0.01, rtol=0)
    torch.testing.assert_close(mirrored[:, :, 1], expected[:, :, 1], atol=0.01, rtol=0)


def test_a_reversed_flow_runs_back() -> None:
    expected = STILL - (drift() - STILL).flip(1)
    torch.testing.assert_close(flowing(drift(), OFF | {"reverse": 1}), expected, atol=0.01, rtol=0)


def test_what_a_flow_lacks_stands_still() -> None:
    moving = torch.full((8, 2, 2, SIZE, SIZE), STILL + 60.0)
    erased = flowing(moving, OFF | {"erasing": 1, "perspective": 0.9}) - STILL
    assert float(erased.min()) > -0.01
    assert float((erased.abs() < 0.01).float().mean()) > 0


@pytest.mark.parametrize("name", ["crop_scale", "perspective", "flip", "erasing", "permute"])
def test_each_setting_changes_a_flow_alone(name: str) -> None:
    flow = scene(frames=4)[:, :, :2]
    changed = [flowing(flow, OFF | {name: STRONG[name]}, seed) for seed in range(4)]
    assert max(float((result - flow).abs().max()) for result in changed) > 5
