"""One definition of the network's input, for numpy and torch, training and serving."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from stcnet.preprocess import (
    EFFICIENTNET_LITE,
    IMAGENET,
    Normalisation,
    ResidualForm,
    centred_square,
    channels_first,
    crop,
    crop_and_resize,
    normalise,
    phase_indices,
    random_segment_indices,
    residual_frames,
    resize,
    segment_bounds,
    standardise,
)
from stcnet.types import PixelBox

clips = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.just(3), st.integers(1, 4), st.integers(1, 4)),
    elements=st.integers(-1000, 1000).map(lambda n: n / 64),
)
lengths_and_segments = st.integers(1, 200).flatmap(
    lambda length: st.tuples(st.just(length), st.integers(1, length))
)


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


# --- crop and resize ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [
        pytest.param(1920, 1080, PixelBox(420, 0, 1080, 1080), id="landscape"),
        pytest.param(1080, 1920, PixelBox(0, 420, 1080, 1080), id="portrait"),
        pytest.param(180, 180, PixelBox(0, 0, 180, 180), id="square"),
        pytest.param(5, 2, PixelBox(1, 0, 2, 2), id="odd rest goes right"),
    ],
)
def test_centred_square(width: int, height: int, box: PixelBox) -> None:
    assert centred_square(width, height) == box


def test_crop_cuts_rows_by_y_and_columns_by_x() -> None:
    picture = noise(20, 30, 3)
    cut = crop(picture, PixelBox(x=4, y=9, width=7, height=5))
    assert cut.shape == (5, 7, 3)
    np.testing.assert_array_equal(cut[0, 0], picture[9, 4])
    np.testing.assert_array_equal(cut[-1, -1], picture[13, 10])


@pytest.mark.parametrize("size", [1, 32, 224])
@pytest.mark.parametrize("shape", [(90, 160), (300, 20), (32, 32), (1, 1)])
def test_resize_to_a_square_of_bytes(shape: tuple[int, int], size: int) -> None:
    result = resize(noise(*shape, 3), size)
    assert result.shape == (size, size, 3)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous


@pytest.mark.parametrize(
    ("height", "width"),
    [
        pytest.param(320, 320, id="both sides shrink"),
        pytest.param(40, 640, id="width shrinks, height grows"),
        pytest.param(640, 40, id="height shrinks, width grows"),
        pytest.param(80, 640, id="width shrinks, height stays"),
    ],
)
def test_shrinking_averages_instead_of_skipping(height: int, width: int) -> None:
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    shrinking = np.s_[:, ::4] if width > 80 else np.s_[::4]
    picture[shrinking] = 200
    # A line in four is bright: averages are 50, looking at two lines only gives 0 or 100.
    np.testing.assert_allclose(resize(picture, 80), 50, atol=1)


def test_resize_leaves_a_picture_of_the_right_size_and_a_plain_one_alone() -> None:
    picture = noise(64, 64, 3)
    np.testing.assert_array_equal(resize(picture, 64), picture)
    plain = np.full((50, 70, 3), (10, 120, 250), dtype=np.uint8)
    np.testing.assert_array_equal(resize(plain, 96), np.broadcast_to(plain[0, 0], (96, 96, 3)))


def test_crop_and_resize_looks_at_nothing_outside_the_box() -> None:
    box = PixelBox(10, 20, 64, 48)
    picture = noise(100, 120, 3)
    elsewhere = np.zeros_like(picture)
    crop(elsewhere, box)[:] = crop(picture, box)
    np.testing.assert_array_equal(
        crop_and_resize(picture, box, 32), crop_and_resize(elsewhere, box, 32)
    )


# --- normalisation --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normalisation", "pixel", "expected"),
    [
        pytest.param(EFFICIENTNET_LITE, (127, 255, 0), (0, 1, -127 / 128), id="(x - 127) / 128"),
        pytest.param(
            IMAGENET,
            (0, 255, 128),
            (-0.485 / 0.229, (1 - 0.456) / 0.224, (128 / 255 - 0.406) / 0.225),
            id="torchvision's, in units of 0..1",
        ),
    ],
)
def test_normalised_values(
    normalisation: Normalisation, pixel: tuple[int, ...], expected: tuple[float, ...]
) -> None:
    pictures = np.broadcast_to(np.array(pixel, dtype=np.uint8), (2, 4, 5, 3))
    result = normalise(pictures, normalisation)
    assert result.shape == (2, 3, 4, 5)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[1, :, 3, 4], expected, rtol=1e-5)


def test_channels_first_moves_only_the_channels() -> None:
    pictures = noise(2, 4, 5, 3)
    moved = channels_first(pictures)
    assert moved.shape == (2, 3, 4, 5)
    assert moved.flags.c_contiguous
    np.testing.assert_array_equal(moved[1, 2], pictures[1, :, :, 2])


# --- residual frames ------------------------------------------------------------------------


def test_residual_is_the_next_frame_less_this_one() -> None:
    levels = np.array([3, 10, 4], dtype=np.float32)
    frames = np.broadcast_to(levels[:, None, None, None], (3, 3, 2, 2))
    np.testing.assert_array_equal(residual_frames(frames)[:, 0, 0, 0], [7, -6])
    np.testing.assert_array_equal(residual_frames(frames, "absolute")[:, 0, 0, 0], [7, 6])


@given(clips, st.integers(-4, 4), st.integers(-50, 50))
def test_residuals_are_linear_and_blind_to_what_stays(
    frames: NDArray[np.float32], factor: int, offset: int
) -> None:
    residuals = residual_frames(frames)
    assert residuals.shape == (len(frames) - 1, *frames.shape[1:])
    changed = residual_frames(factor * frames + np.float32(offset))
    np.testing.assert_array_equal(changed, factor * residuals)
    np.testing.assert_allclose(frames[0] + residuals.sum(axis=0), frames[-1], atol=1e-4)


@given(clips)
def test_time_turned_round_changes_the_sign_only(frames: NDArray[np.float32]) -> None:
    turned = residual_frames(frames[::-1])[::-1]
    np.testing.assert_array_equal(turned, -residual_frames(frames))
    np.testing.assert_array_equal(abs(turned), residual_frames(frames, "absolute"))


@pytest.mark.parametrize("form", ["signed", "absolute"])
def test_torch_and_numpy_agree_to_the_bit(form: ResidualForm) -> None:
    torch: Any = pytest.importorskip("torch")
    pictures = noise(2, 4, 6, 7, 3)
    expected = residual_frames(normalise(pictures, IMAGENET), form)
    pixels = torch.from_numpy(channels_first(pictures)).float()
    mean, std = (torch.tensor(triple).reshape(3, 1, 1) for triple in (IMAGENET.mean, IMAGENET.std))
    result = residual_frames(standardise(pixels, mean, std), form)
    assert isinstance(result, torch.Tensor)
    np.testing.assert_array_equal(result.numpy(), expected)


# --- sampling -------------------------------------------------------------------------------


@given(lengths_and_segments)
def test_segments_are_equal_and_cover_the_clip(sizes: tuple[int, int]) -> None:
    length, segments = sizes
    bounds = segment_bounds(length, segments)
    assert (bounds[0], bounds[-1], len(bounds)) == (0, length, segments + 1)
    assert set(np.diff(bounds)) <= {length // segments, -(-length // segments)}


@given(lengths_and_segments, st.integers(0, 2**32))
def test_training_draws_one_frame_of_each_segment(sizes: tuple[int, int], seed: int) -> None:
    bounds = segment_bounds(*sizes)
    drawn = random_segment_indices(*sizes, np.random.default_rng(seed))
    assert (bounds[:-1] <= drawn).all()
    assert (drawn < bounds[1:]).all()


def test_training_draws_every_frame_of_a_segment_equally_often() -> None:
    rng = np.random.default_rng(0)
    draws = np.array([random_segment_indices(36, 9, rng) for _ in range(4000)])
    counts = np.bincount(draws.ravel(), minlength=36)
    # 4000 draws with a chance of 1/4: a standard deviation of 27.
    assert abs(counts - 1000).max() < 130


def test_phases_of_a_rise_clip() -> None:
    expected = [[phase + 4 * segment for segment in range(9)] for phase in range(4)]
    assert phase_indices(36, 9, 4).tolist() == expected


def test_a_single_phase_takes_the_middle_of_each_segment() -> None:
    assert phase_indices(36, 9).tolist() == [[2, 6, 10, 14, 18, 22, 26, 30, 34]]
    assert phase_indices(7, 7).tolist() == [list(range(7))]


@given(lengths_and_segments, st.integers(1, 8))
def test_phases_increase_within_the_clip(sizes: tuple[int, int], phases: int) -> None:
    length, segments = sizes
    indices = phase_indices(length, segments, phases)
    assert indices.shape == (phases, segments)
    assert indices.min() >= 0
    assert indices.max() < length
    assert (np.diff(indices, axis=1) >= 1).all()
    assert (np.diff(indices, axis=0) >= 0).all()


@given(st.integers(1, 12), st.integers(1, 8))
def test_phases_split_a_clip_whose_segments_are_whole(segments: int, phases: int) -> None:
    indices = phase_indices(segments * phases, segments, phases)
    assert sorted(indices.ravel()) == list(range(segments * phases))


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        pytest.param(lambda: segment_bounds(8, 9), "8 frames into 9 segments", id="too short"),
        pytest.param(lambda: segment_bounds(8, 0), "8 frames into 0 segments", id="no segment"),
        pytest.param(lambda: phase_indices(8, 9), "8 frames into 9 segments", id="phases, short"),
        pytest.param(lambda: phase_indices(36, 9, 0), "cannot sample 0 phases", id="no phase"),
        pytest.param(
            lambda: random_segment_indices(8, 9, np.random.default_rng()),
            "8 frames into 9 segments",
            id="training, short",
        ),
    ],
)
def test_sampling_that_cannot_be_done(sample: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample()
