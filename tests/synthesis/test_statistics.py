"""Statistics of clips, against clips whose numbers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.synthesis.statistics import (
    OCTAVES,
    Array,
    activity,
    least_opacity,
    luminance,
    marks,
    opening,
    residual_energy,
    steadied,
    structure,
)

SIDE = 64


def wave(cycles: float, frames: int = 4) -> Array:
    """A sine across the picture that turns by a quarter from frame to frame."""
    x = np.arange(SIDE) / SIDE
    turns = cycles * x + np.arange(frames)[:, None] / 4
    return np.broadcast_to(np.sin(2 * np.pi * turns)[:, None], (frames, SIDE, SIDE)) * 10


@pytest.mark.parametrize(("cycles", "band"), [(3, 1), (6, 2), (12, 3), (24, 4)])
def test_energy_lies_in_the_octave_of_the_wave(cycles: float, band: int) -> None:
    energy = residual_energy(wave(cycles), 1)
    assert energy.shape == (len(OCTAVES) - 1,)
    assert energy.argmax() == band
    # The window leaks into the neighbours.
    assert energy[band] > 0.8 * energy.sum()
    # Two sines a quarter turn apart differ by one of the square root of 2 times their height.
    assert energy.sum() == pytest.approx(100, rel=0.1)


def test_a_change_of_light_alone_has_no_energy() -> None:
    grey = np.arange(4.0)[:, None, None] * np.ones((4, SIDE, SIDE))
    assert residual_energy(grey, 1).sum() == pytest.approx(0, abs=1e-18)


def test_structure_and_activity_measure_change() -> None:
    grey = np.arange(5.0)[:, None, None] * np.ones((5, 3, 4))
    assert structure(grey, (1, 2, 4)).tolist() == [1, 4, 16]
    assert activity(grey) == pytest.approx(np.sqrt(2) * np.ones((3, 4)))


@pytest.mark.parametrize("turned", [False, True], ids=["across", "down"])
@pytest.mark.parametrize("slope", [0.0, 0.05, 0.12])
def test_opening_is_the_growth_of_the_width(slope: float, turned: bool) -> None:
    y, x = np.mgrid[0:120, 0:120] / 120
    plume = np.exp(-0.5 * ((y - 0.5) / (0.02 + slope * x)) ** 2) / (0.02 + slope * x)
    assert opening(plume.T if turned else plume) == pytest.approx(slope, abs=0.012)


def test_nothing_has_no_opening() -> None:
    assert np.isnan(opening(np.zeros((20, 20))))


@given(st.floats(0.05, 1), st.floats(0, 1), st.floats(0.05, 0.95))
def test_least_opacity_never_exceeds_the_true_one(
    alpha: float, radiance: float, behind: float
) -> None:
    background = np.full((2, 2, 3), 255 * behind ** (1 / 2.2))
    light = behind + alpha * (radiance - behind)
    frames = np.full((1, 2, 2, 3), 255 * light ** (1 / 2.2)).round().astype(np.uint8)
    assert least_opacity(frames, background).max() <= alpha + 0.06


@pytest.mark.parametrize(
    ("colour", "brighter", "blueness"),
    [((255, 255, 255), 1.0, 0), ((0, 0, 0), 0.0, 0), ((60, 100, 220), 1.0, 160)],
    ids=["white", "black", "blue"],
)
def test_marks_tell_brightness_and_colour(
    colour: tuple[int, int, int], brighter: float, blueness: float
) -> None:
    frames = np.full((5, 20, 20, 3), 60, np.uint8)
    frames[2, :5] = colour
    found = marks(frames)
    assert found.covered == pytest.approx(0.05)
    assert found.brighter == brighter
    assert found.blueness == blueness
    assert np.sign(found.contrast) == (1 if brighter else -1)


def test_a_clip_where_nothing_happens_has_no_marks() -> None:
    found = marks(np.full((5, 8, 8, 3), 60, np.uint8))
    assert found.covered == 0
    assert np.isnan(found.opacity)


def test_luminance_of_white_is_full() -> None:
    assert luminance(np.full((1, 2, 2, 3), 255, np.uint8)) == pytest.approx(255.0)


def test_changes_of_light_are_taken_out_and_smoke_stays() -> None:
    still = np.random.default_rng(0).integers(60, 140, (1, 30, 30, 3), dtype=np.uint8)
    gains = np.array([0.8, 1.0, 1.2, 1.0, 0.9])[:, None, None, None]
    frames = (still * gains).round().astype(np.uint8)
    assert np.abs(steadied(frames).astype(int) - still).max() <= 3
    frames[2, :5, :5] = 250
    assert (steadied(frames)[2, :5, :5].astype(int) - still[0, :5, :5]).min() > 50
