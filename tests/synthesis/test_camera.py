"""The camera: what each of its faults does, and that they follow from seed and time alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from stcnet.synthesis.camera import Camera, compress, film, shaken, sway
from stcnet.types import Picture

TIMES = torch.arange(6) * 5.0
QUIET = Camera(noise=0.0)


def light(size: int = 32) -> torch.Tensor:
    """A still scene: a ramp, with a bright spot in the middle."""
    ramp = torch.linspace(40, 160, size).expand(6, 3, size, size).clone()
    ramp[:, :, size // 2, size // 2] = 240
    ramp[:, 0] *= 0.8
    return ramp


def taken(camera: Camera, times: torch.Tensor = TIMES) -> Picture:
    return film(light()[: len(times)], times, camera)


def test_a_quiet_camera_gives_the_light_rounded() -> None:
    assert np.array_equal(taken(QUIET), light().round().byte().permute(0, 2, 3, 1).numpy())


CAMERAS = {
    "noise": Camera(noise=4.0),
    "flicker": Camera(noise=0.0, flicker=0.1),
    "exposure": Camera(noise=0.0, exposure=0.4),
    "cast": Camera(noise=0.0, cast=(0.5, 0.8, 1.5)),
    "blur": Camera(noise=0.0, blur=0.03),
    "grey": Camera(noise=0.0, grey=True),
    "compression": Camera(noise=0.0, compression=40),
}


@pytest.mark.parametrize("name", CAMERAS)
def test_every_fault_shows_and_repeats(name: str) -> None:
    first, second = taken(CAMERAS[name]), taken(CAMERAS[name])
    assert np.array_equal(first, second)
    assert first.shape == (6, 32, 32, 3)
    assert np.abs(first.astype(int) - taken(QUIET)).max() > 3


def test_flicker_is_a_gain_that_changes_from_frame_to_frame() -> None:
    level = taken(Camera(noise=0.0, flicker=0.1)).astype(float).mean((1, 2, 3))
    assert 0.01 < level.std() / level.mean() < 0.12
    assert len(set(level.round(2))) == 6


def test_flicker_and_shake_follow_from_the_time_alone() -> None:
    camera = Camera(noise=0.0, flicker=0.1, shake=0.01, seed=4)
    assert np.array_equal(taken(camera)[3:5], taken(camera, TIMES[3:5]))
    assert torch.equal(sway(camera, TIMES)[3:5], sway(camera, TIMES[3:5]))
    assert not torch.equal(sway(camera, TIMES), sway(replace(camera, seed=5), TIMES))


def test_shake_has_the_size_it_is_told() -> None:
    for seed in range(3):
        offset = sway(Camera(shake=0.01, seed=seed), torch.arange(0, 600, 0.1))
        assert offset.std(0).tolist() == pytest.approx([0.01, 0.01], rel=0.15)
        assert offset.diff(dim=0).abs().max() < 0.02


def test_a_picture_moves_by_its_offset() -> None:
    pixel = 1 / 32
    moved = shaken(light(), torch.tensor([[2 * pixel, pixel]]).expand(6, 2))
    assert moved[0, 1].argmax() == (32 // 2 + 1) * 32 + 32 // 2 + 2
    still = light()
    assert shaken(still, torch.zeros(6, 2)) is still


def test_blur_keeps_the_light() -> None:
    sharp, soft = taken(QUIET).astype(float), taken(CAMERAS["blur"]).astype(float)
    assert soft[:, 4:-4, 4:-4].mean() == pytest.approx(sharp[:, 4:-4, 4:-4].mean(), abs=0.5)
    assert soft[:, 16, 16].max() < sharp[:, 16, 16].max() - 30


def test_grey_pictures_have_no_colour() -> None:
    noisy = film(light(), TIMES, Camera(noise=5.0, grey=True))
    assert (noisy == noisy[..., :1]).all()


@pytest.mark.parametrize("size", [(32, 32), (33, 47)], ids=["even", "odd"])
def test_coarser_compression_loses_more(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(60, 200, (3, *size, 1), dtype=np.uint8).repeat(3, axis=-1)
    losses = [np.abs(compress(frames, rate).astype(int) - frames).mean() for rate in (5, 45)]
    assert losses[1] > 2 * losses[0] > 0
    assert compress(frames, 20).shape == frames.shape


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"noise": -1.0}, "Camera.noise is -1; allowed: 0 or more"),
        ({"flicker": 1.5}, "Camera.flicker is 1.5; allowed: 0 to 1"),
        ({"cast": (1.0, 0.0, 1.0)}, "Camera.cast is 0"),
        ({"exposure": float("nan")}, "Camera.exposure is nan"),
        ({"compression": 52}, "Camera.compression is 52; allowed: 1 to 51"),
    ],
)
def test_what_no_camera_does_is_refused(fault: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Camera(**fault)


@pytest.mark.parametrize("size", [32, 100, 180])
def test_compression_repeats_where_much_moves(size: int) -> None:
    rng = np.random.default_rng(size)
    coarse = rng.integers(256, size=(36, 8, 8, 3)).astype(np.uint8)
    frames = coarse.repeat(-(-size // 8), 1).repeat(-(-size // 8), 2)[:, :size, :size]
    first = compress(frames, 28)
    for _ in range(6):
        # Other content in the memory that the encoder is given next.
        assert not np.array_equal(compress(255 - frames, 28), first)
        assert np.array_equal(compress(frames, 28), first)
