"""What another camera would have made of a clip: what changes, and what must not."""

import numpy as np
import pytest

from stcnet.evaluation.appearances import (
    Look,
    as_recorded,
    defocused,
    flattened,
    grey,
    h264,
    in_turn,
    jpeg,
    lit,
    mirrored,
    noisy,
    of_side,
    shaken,
)
from stcnet.types import Picture

SIDE = 48


def smooth_clip(count: int = 3) -> Picture:
    """Frames of soft colours that differ a little from each other."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    frames = [
        np.stack([90 + 80 * x, 120 + 60 * y, 100 + 40 * np.sin(6 * x + shift)], axis=-1)
        for shift in rng.normal(0, 1, count)
    ]
    return np.stack(frames).astype(np.uint8)


def flat_clip(*colour: int) -> Picture:
    return np.full((2, SIDE, SIDE, 3), colour, np.uint8)


def changed(look: Look, frames: Picture, seed: int = 0) -> Picture:
    after = look(frames, np.random.default_rng(seed))
    assert after.dtype == np.uint8
    return after


def distance(before: Picture, after: Picture) -> float:
    return float(np.abs(before.astype(float) - after.astype(float)).mean())


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(as_recorded, id="as recorded"),
        pytest.param(lit(1, 1, 1), id="all of the light"),
        pytest.param(flattened(0), id="no veil"),
        pytest.param(shaken(0), id="a still camera"),
        pytest.param(noisy(0), id="no noise"),
        pytest.param(of_side(SIDE), id="its own size"),
        pytest.param(in_turn(mirrored, mirrored), id="mirrored twice"),
        pytest.param(in_turn(), id="nothing in turn"),
    ],
)
def test_what_changes_nothing(look: Look) -> None:
    clip = smooth_clip()
    np.testing.assert_array_equal(changed(look, clip), clip)


@pytest.mark.parametrize(
    ("look", "most"),
    [
        pytest.param(of_side(24), 1.0, id="half the size"),
        pytest.param(of_side(96), 1.0, id="twice the size"),
        pytest.param(defocused(0.02), 1.0, id="out of focus"),
        pytest.param(jpeg(95), 2.0, id="fine JPEG"),
        pytest.param(h264(12), 2.5, id="fine H.264"),
        pytest.param(noisy(6), 1.0, id="noise"),
    ],
)
def test_colours_stay_in_their_places(look: Look, most: float) -> None:
    clip = smooth_clip()
    after = changed(look, clip)
    assert after.shape[0] == len(clip)
    means = np.abs(after.mean((1, 2)) - clip.mean((1, 2)))
    assert float(means.max()) < most


@pytest.mark.parametrize("side", [16, 100])
def test_the_side_of_a_source(side: int) -> None:
    assert changed(of_side(side), smooth_clip()).shape == (3, side, side, 3)


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        pytest.param(jpeg(90), jpeg(5), id="JPEG"),
        pytest.param(h264(10), h264(48), id="H.264"),
        pytest.param(noisy(2), noisy(20), id="noise"),
        pytest.param(shaken(0.01), shaken(0.2), id="shake"),
        pytest.param(flattened(0.1), flattened(0.9), id="veil"),
    ],
)
def test_more_of_it_changes_more(fine: Look, coarse: Look) -> None:
    clip = smooth_clip()
    assert distance(clip, changed(fine, clip)) < distance(clip, changed(coarse, clip))


def test_light_is_multiplied_in_linear_light() -> None:
    after = changed(lit(0.5, 1, 2), flat_clip(200, 100, 230))
    half = 255 * ((200 / 255) ** 2.2 * 0.5) ** (1 / 2.2)
    assert after[0, 0, 0].tolist() == [round(half), 100, 255]


def test_a_veil_ends_in_its_own_colour() -> None:
    assert np.unique(changed(flattened(1, 60), smooth_clip())).tolist() == [60]


def test_grey_has_no_colour_and_keeps_the_light() -> None:
    after = changed(grey, flat_clip(200, 100, 50))
    assert np.unique(after).tolist() == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]


def test_a_blur_flattens_what_is_fine() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    assert changed(defocused(0.05), clip).std() < clip.std() / 3


def test_each_frame_is_shaken_by_itself() -> None:
    clip = np.zeros((6, SIDE, SIDE, 3), np.uint8)
    clip[:, 20:28, 20:28] = 255
    weights = changed(shaken(0.05), clip)[..., 0].astype(float)
    places = (weights * np.arange(SIDE)).sum((1, 2)) / weights.sum((1, 2))
    assert len({round(place, 2) for place in places.tolist()}) == 6
    assert np.abs(places - 23.5).max() < 0.2 * SIDE


def test_noise_is_as_strong_as_it_says_and_new_in_each_frame() -> None:
    after = changed(noisy(8), flat_clip(128, 128, 128)).astype(float)
    assert after.std() == pytest.approx(8, rel=0.1)
    assert distance(after[0], after[1]) > 4


def test_what_is_in_turn_is_done_in_turn() -> None:
    after = changed(in_turn(flattened(1, 60), mirrored, of_side(8)), smooth_clip())
    assert (after.shape, np.unique(after).tolist()) == ((3, 8, 8, 3), [60])
