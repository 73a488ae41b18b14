"""The effects that make two cameras differ: each alone, against what is known of it."""

import io
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stcnet.datasets.augmentation.colour import TONE_CURVE, infrared, to_light, white_balanced
from stcnet.datasets.augmentation.compression import block_coded, jpeg_coded
from stcnet.datasets.augmentation.draws import Effect, apply_effect, strengths
from stcnet.datasets.augmentation.geometry import shaken, swings, tilted
from stcnet.datasets.augmentation.occlusion import passed_by, spotted
from stcnet.datasets.augmentation.optics import convolved, defocused, hazed, smeared
from stcnet.datasets.augmentation.sensor import grained

SIZE = 40
EFFECTS: dict[str, tuple[Effect, float]] = {
    "tilt": (tilted, 25.0),
    "passers": (passed_by, 6.0),
    "haze": (hazed, 3.0),
    "shake": (shaken, 0.05),
    "defocus": (partial(defocused, largest=0.05), 0.05),
    "motion_blur": (partial(smeared, largest=0.1), 0.1),
    "drops": (spotted, 6.0),
    "grain": (grained, 0.3),
    "white_balance": (white_balanced, 1.0),
    "infrared": (infrared, 1.0),
    "jpeg": (jpeg_coded, 97.0),
    "codec": (block_coded, 90.0),
}
"""Each with a strength at which nobody can miss it."""
VARY_IN_TIME = {"passers", "shake", "grain", "infrared"}
ALIKE = {"defocus", "jpeg", "codec"}
"""On a still clip only their strength tells two clips apart."""

every_effect = pytest.mark.parametrize("name", EFFECTS)


def scene(clips: int = 3, frames: int = 4, size: int = SIZE) -> Tensor:
    """A coloured scene whose frames differ a little, 0..1, (B, T, 3, S, S)."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand((clips, 1, 3, 8, 8), generator=generator) * 0.6 + 0.2
    moving = torch.rand((clips, frames, 3, 8, 8), generator=generator) * 0.1 - 0.05
    flat = (coarse + moving).reshape(-1, 3, 8, 8)
    return F.interpolate(flat, size=(size, size), mode="bilinear").reshape(
        clips, frames, 3, size, size
    )


def still(clips: int = 3, frames: int = 4, size: int = SIZE) -> Tensor:
    """The same picture in every frame and clip."""
    return scene(1, 1, size).expand(clips, frames, -1, -1, -1).clone()


def made(effect: Effect, clips: Tensor, strength: float, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return effect(clips, torch.full((len(clips),), strength))


@every_effect
def test_no_strength_changes_nothing(name: str) -> None:
    coding = name in {"jpeg", "codec"}
    # Coding halves the resolution of colours at any quality, and 0 is no step of a quantiser.
    clips = scene().mean(dim=2, keepdim=True).expand(-1, -1, 3, -1, -1) if coding else scene()
    result = made(EFFECTS[name][0], clips, 1e-3 if name == "codec" else 0.0)
    torch.testing.assert_close(result, clips, atol=2 / 255 if coding else 1e-5, rtol=0)


@every_effect
@pytest.mark.parametrize("level", [0.0, 1.0, None], ids=["black", "white", "scene"])
def test_what_comes_out_is_a_picture(name: str, level: float | None) -> None:
    clips = scene() if level is None else torch.full_like(scene(), level)
    effect, strongest = EFFECTS[name]
    for seed in range(3):
        result = made(effect, clips, strongest, seed)
        assert result.shape == clips.shape
        assert result.dtype == clips.dtype
        assert torch.isfinite(result).all()
        assert -1e-5 <= float(result.min()) <= float(result.max()) <= 1 + 1e-5


@every_effect
def test_all_frames_are_changed_alike_where_they_must_be(name: str) -> None:
    effect, strongest = EFFECTS[name]
    results = [made(effect, still(), strongest, seed) for seed in range(4)]
    moved = max(float((result[:, 1:] - result[:, :-1]).abs().max()) for result in results)
    assert moved > 0.01 if name in VARY_IN_TIME else moved < 1e-5


@pytest.mark.parametrize("name", [name for name in EFFECTS if name not in ALIKE])
def test_clips_are_changed_each_in_its_own_way(name: str) -> None:
    result = made(EFFECTS[name][0], still(), EFFECTS[name][1], seed=3)
    assert float((result[0] - result[1]).abs().max()) > 0.01


@every_effect
def test_the_seed_decides(name: str) -> None:
    effect, strongest = EFFECTS[name]
    assert torch.equal(made(effect, scene(), strongest, 5), made(effect, scene(), strongest, 5))


@every_effect
def test_clips_that_are_not_met_stay_to_the_last_bit(name: str) -> None:
    effect, strongest = EFFECTS[name]
    result = apply_effect(effect, scene(), torch.tensor([0.0, strongest, 0.0]))
    assert torch.equal(result[[0, 2]], scene()[[0, 2]])
    assert not torch.equal(result[1], scene()[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("name", [name for name in EFFECTS if name not in {"grain", "infrared"}])
def test_devices_see_the_same_draws(name: str) -> None:
    effect, strongest = EFFECTS[name]
    torch.manual_seed(0)
    on_gpu = effect(scene().cuda(), torch.full((3,), strongest).cuda()).cpu()
    # A quantiser may round single coefficients the other way.
    assert float((on_gpu - made(effect, scene(), strongest)).abs().mean()) < 1e-3


def test_strengths_are_drawn_up_to_the_largest_for_some() -> None:
    torch.manual_seed(0)
    amounts = strengths(10_000, 2.0, 0.3)
    assert float((amounts > 0).float().mean()) == pytest.approx(0.3, abs=0.02)
    assert float(amounts.max()) == pytest.approx(2.0, abs=0.01)
    assert float(amounts[amounts > 0].mean()) == pytest.approx(1.0, abs=0.05)


def test_haze_takes_away_the_same_share_of_all_light_in_a_row() -> None:
    depth = 1.5
    before, after = to_light(scene()), to_light(made(hazed, scene(), depth))
    kept = (after[:, 1:] - after[:, :-1]) / (before[:, 1:] - before[:, :-1])
    sure = (before[:, 1:] - before[:, :-1]).abs() > 0.02
    for clip, share in zip(sure, kept, strict=True):
        rows = [share[..., row, :][clip[..., row, :]] for row in range(SIZE)]
        spreads = [float(row.max() - row.min()) for row in rows if len(row)]
        assert max(spreads) < 1e-3
    # Koschmieder: what is farthest, at the top, keeps exp(-depth), and nothing keeps less.
    top = kept[..., 0, :][sure[..., 0, :]]
    torch.testing.assert_close(top, torch.full_like(top, np.exp(-depth)), atol=1e-3, rtol=0)
    assert float(kept[sure].min()) > np.exp(-depth) - 1e-3


def test_haze_ends_in_the_colour_of_the_air() -> None:
    after = made(hazed, scene(), 60.0)
    assert float(after[..., 0, :].std(dim=-1).max()) < 1e-4


def test_a_point_out_of_focus_is_a_disc() -> None:
    point = torch.zeros(1, 1, 3, 65, 65)
    point[..., 32, 32] = 1
    disc = made(partial(defocused, largest=0.1), point, 6 / 65)[0, 0, 0]
    assert float(disc.sum()) == pytest.approx(1, abs=1e-5)
    assert float((disc > 0.5 * disc.max()).sum()) == pytest.approx(np.pi * 6**2, rel=0.05)
    assert float(disc[32, 32 - 8]) == float(disc[32 + 8, 32]) == 0


def test_a_moving_point_is_a_line() -> None:
    point = torch.zeros(1, 1, 3, 65, 65)
    point[..., 32, 32] = 1
    line = made(partial(smeared, largest=0.2), point, 10 / 65)[0, 0, 0]
    down, across = torch.nonzero(line > 0.3 * line.max(), as_tuple=True)
    length = torch.hypot((down - 32).float(), (across - 32).float()).max()
    assert float(length) == pytest.approx(5, abs=1)
    assert float(line.sum()) == pytest.approx(1, abs=1e-5)


def test_every_clip_has_its_own_kernel() -> None:
    kernels = torch.zeros(2, 3, 3)
    kernels[0, 1, 1] = kernels[1, 1, 2] = 2.0
    first, second = scene(1)[0], scene(2)[1]
    result = convolved(torch.stack([first, second]), kernels)
    torch.testing.assert_close(result[0], first)
    torch.testing.assert_close(result[1][..., :-1], second[..., 1:])


def test_a_shaking_camera_stays_within_its_bound() -> None:
    bound = 0.02
    ramp = torch.linspace(0.2, 0.8, 201).expand(2, 30, 3, 201, -1)
    moved = made(shaken, ramp, bound)
    middle = (moved - ramp)[..., 100, 100, None] / (0.6 / 200) / 201
    assert 0.3 * bound < float(middle.abs().max()) <= bound + 1e-4


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**31))
def test_swings_stay_between_their_ends(clips: int, frames: int, seed: int) -> None:
    torch.manual_seed(seed)
    series = swings(torch.zeros(clips, frames, 3, 2, 2), 3)
    assert series.shape == (3, clips, frames)
    assert float(series.abs().max()) <= 1 + 1e-6


def test_a_tilted_picture_needs_no_made_up_margin() -> None:
    # A one-pixel frame of white around grey: mirrored margins would show it twice or more.
    clips = torch.full((8, 1, 3, 101, 101), 0.5)
    clips[..., [0, -1], :] = clips[..., :, [0, -1]] = 1.0
    inner = made(tilted, clips, 10.0)[..., 3:-3, 3:-3]
    assert float(inner.max()) < 0.5 + 1e-4


def test_white_balance_colours_grey_and_leaves_black() -> None:
    grey = torch.full((6, 2, 3, 4, 4), 0.5)
    result = made(white_balanced, grey, 0.5)
    red, blue = result[:, 0, 0, 0, 0], result[:, 0, 2, 0, 0]
    assert ((red - blue).abs() > 0.1).all()
    assert (red > blue).any()
    assert (red < blue).any()
    light = to_light(result).mean(dim=2)
    torch.testing.assert_close(light, torch.full_like(light, 0.5**TONE_CURVE))
    assert float(made(white_balanced, torch.zeros_like(grey), 0.5).max()) == 0


@pytest.mark.parametrize("light", [1.0, 0.3], ids=["by day", "at dusk"])
def test_the_night_is_grey_and_shows_the_scene(light: float) -> None:
    seen = light * scene(6, 3)
    result = made(infrared, seen, 1.0)
    assert float((result - result[:, :, :1]).abs().max()) < 1e-6
    brightness = seen.mean(dim=2).flatten(1)
    for clip, night in zip(brightness, result[:, :, 0].flatten(1), strict=True):
        assert float(torch.corrcoef(torch.stack([clip, night]))[0, 1]) > 0.7
        assert 0.1 < float(night.quantile(0.9)) < 0.9


def test_grain_is_as_strong_as_asked_for_and_stronger_in_the_dark() -> None:
    levels = {level: made(grained, torch.full((1, 4, 3, 64, 64), level), 0.02) for level in
              (0.25, 0.5, 0.75)}  # fmt: skip
    spread = {level: float(result.std()) for level, result in levels.items()}
    assert spread[0.5] == pytest.approx(0.02, rel=0.05)
    assert spread[0.25] / spread[0.75] == pytest.approx(1.25 / 0.75, rel=0.1)
    grain = levels[0.5] - 0.5
    neighbours = (grain[..., 1:] * grain[..., :-1]).mean() / grain.square().mean()
    assert 0.2 < float(neighbours) < 0.6


@pytest.mark.parametrize("seed", range(5))
def test_what_passes_hides_little_and_moves_on(seed: int) -> None:
    grey = torch.full((6, 9, 3, 64, 64), 0.6)
    hidden = (made(passed_by, grey, 3.0, seed) - grey).abs().amax(dim=2) > 0.02
    assert float(hidden.float().mean(dim=(2, 3)).max()) < 0.15
    always = hidden.all(dim=1).float().mean(dim=(1, 2))  # masts of cranes stand
    assert float(always.max()) < 0.06


def test_a_bright_thing_is_not_brighter_than_a_dim_scene_allows() -> None:
    dim = torch.full((12, 9, 3, 32, 32), 0.1)
    assert float(made(passed_by, dim, 6.0).max()) <= 0.1 + 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_drops_leave_most_of_the_picture(seed: int) -> None:
    clips = still(6)
    changed = (made(spotted, clips, 3.0, seed) - clips).abs().amax(dim=(1, 2)) > 0.02
    assert float(changed.float().mean(dim=(1, 2)).max()) < 0.15


@pytest.mark.parametrize("quality", [20, 50, 80])
def test_jpeg_loses_what_a_file_loses(quality: int) -> None:
    picture = (255 * scene(1, 1, 64)).round()
    data = io.BytesIO()
    pixels = picture[0, 0].permute(1, 2, 0).to(torch.uint8).numpy()
    Image.fromarray(pixels).save(data, format="JPEG", quality=quality)
    file = torch.from_numpy(np.array(Image.open(data))).permute(2, 0, 1).float()
    ours = 255 * made(jpeg_coded, picture / 255, 100.0 - quality)[0, 0]
    lost = (file - picture[0, 0]).square().mean().sqrt()
    assert float((ours - file).square().mean().sqrt()) < 0.5 * float(lost)


@pytest.mark.parametrize("step", [4.0, 16.0, 64.0])
def test_the_codec_errs_within_its_step(step: float) -> None:
    grey = scene(2, 6).mean(dim=2, keepdim=True).expand(-1, -1, 3, -1, -1)
    error = 255 * (made(block_coded, grey, step) - grey)
    # Coefficients are at most a dead zone beside their own, and the transform keeps lengths.
    assert 0.02 * step < float(error.square().mean().sqrt()) < 5 / 6 * step


def test_the_codec_keeps_faint_changes_back_until_a_frame_is_coded_afresh() -> None:
    base = still(64, 6, 32)
    fading = base + torch.linspace(0, 0.02, 6).reshape(6, 1, 1, 1)
    result = made(block_coded, fading, 64.0, seed=1)
    moved = (result[:, 1:] - result[:, :-1]).abs().amax(dim=(2, 3, 4))
    assert 0.3 < float((moved < 1e-6).float().mean()) < 1
    assert float(moved.max()) > 0.002


def test_the_codec_loses_about_what_h264_loses_at_its_step() -> None:
    clips = scene(1, 12, 64) + 0.03 * torch.randn(
        1, 12, 3, 64, 64, generator=torch.Generator().manual_seed(0)
    )
    clips = clips.clamp(0, 1)
    for quantiser, step in ((28, 16.0), (34, 32.0)):
        real = (h264(clips[0], quantiser) - clips[0]).square().mean().sqrt()
        ours = (made(block_coded, clips, step)[0] - clips[0]).square().mean().sqrt()
        assert 0.5 < float(ours / real) < 2


def h264(frames: Tensor, quantiser: int) -> Tensor:
    """Frames (T, 3, S, S) that have passed libx264 at a constant quantiser."""
    import av

    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"qp": str(quantiser)})
        stream.width, stream.height, stream.pix_fmt = frames.shape[3], frames.shape[2], "yuv420p"
        for frame in (255 * frames).round().to(torch.uint8).permute(0, 2, 3, 1).numpy():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    with av.open(io.BytesIO(data.getvalue()), "r") as video:
        decoded = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).float() / 255
