"""A shaking camera's picture is held still, a steady one's is left alone."""

import cv2
import numpy as np
import pytest

from stcnet.inference.stabilising import LARGEST_SHIFT, PATIENCE, Stabiliser
from stcnet.types import Picture


def scene(seed: int, height: int, width: int) -> Picture:
    """Blots of many sizes, as structured as a view of a plant."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), blur) * blur
        for blur in (1.5, 4.0, 12.0)
    ]
    drawn = 128 + 60 * np.sum(layers, axis=0)
    return np.asarray(drawn.clip(0, 255), np.uint8)


def moved(image: Picture, x: float, y: float) -> Picture:
    height, width = image.shape[:2]
    move = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    shifted = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shifted, np.uint8)


def apart(one: Picture, other: Picture) -> float:
    """Mean difference in display values, away from the margins."""
    height, width = one.shape[:2]
    inner = (slice(height // 8, -height // 8), slice(width // 8, -width // 8))
    return float(np.abs(one[inner].astype(float) - other[inner]).mean())


@pytest.mark.parametrize(("height", "width"), [(180, 180), (540, 960), (720, 400)])
def test_what_shakes_is_held_where_it_stood_first(height: int, width: int) -> None:
    still, rng, stabiliser = scene(1, height, width), np.random.default_rng(2), Stabiliser()
    assert stabiliser.hold(still) is still
    for x, y in rng.normal(0, 0.02 * height, (12, 2)):
        shaken = moved(still, x, y)
        held = stabiliser.hold(shaken)
        assert (held.shape, held.dtype) == (still.shape, still.dtype)
        assert apart(held, still) < 0.4 * apart(shaken, still)


def test_a_strip_is_held_though_its_sides_are_not_shrunk_alike() -> None:
    still, stabiliser = scene(11, 40, 900), Stabiliser()
    stabiliser.hold(still)
    for x, y in ((20, 1.5), (-15, -1.5), (0, 2)):
        shaken = moved(still, x, y)
        assert apart(stabiliser.hold(shaken), still) < 0.6 * apart(shaken, still)


def test_a_steady_picture_is_left_alone() -> None:
    still, stabiliser = scene(3, 180, 240), Stabiliser()
    rng = np.random.default_rng(4)
    for _ in range(5):
        noisy = np.asarray((still + rng.normal(0, 3, still.shape)).clip(0, 255), np.uint8)
        assert stabiliser.hold(noisy) is noisy


def test_a_plume_that_drifts_through_does_not_drag_the_view_along() -> None:
    still, stabiliser = scene(5, 180, 180), Stabiliser()
    for step in range(20):
        image = still.copy()
        cv2.circle(image, (20 + 7 * step, 60), 25, (240, 240, 240), -1)
        assert stabiliser.hold(image) is image


@pytest.mark.parametrize("seed", [6, 7])
def test_another_view_is_taken_for_the_new_one_after_a_while(seed: int) -> None:
    first, turned, stabiliser = scene(seed, 180, 180), scene(seed + 10, 180, 180), Stabiliser()
    stabiliser.hold(first)
    for _ in range(PATIENCE):
        assert stabiliser.hold(turned) is turned
    shaken = moved(turned, 6, -4)
    assert apart(stabiliser.hold(shaken), turned) < 0.4 * apart(shaken, turned)


def test_what_moves_too_far_was_turned() -> None:
    still, stabiliser = scene(8, 180, 180), Stabiliser()
    stabiliser.hold(still)
    far = moved(still, 1.3 * LARGEST_SHIFT * 180, 0)
    assert stabiliser.hold(far) is far
    near = moved(still, 0.7 * LARGEST_SHIFT * 180, 0)
    assert stabiliser.hold(near) is not near


def test_nothing_before_a_reset_counts() -> None:
    still, stabiliser = scene(9, 180, 180), Stabiliser()
    stabiliser.hold(still)
    stabiliser.reset()
    shaken = moved(still, 6, 5)
    assert stabiliser.hold(shaken) is shaken


def test_a_picture_without_structure_comes_back_as_it_is() -> None:
    stabiliser = Stabiliser()
    for value in (0, 0, 128, 255):
        flat = np.full((90, 120, 3), value, np.uint8)
        assert stabiliser.hold(flat) is flat


def test_a_picture_of_another_size_is_a_fault_of_the_caller() -> None:
    stabiliser = Stabiliser()
    stabiliser.hold(scene(10, 180, 180))
    with pytest.raises(ValueError, match="those before"):
        stabiliser.hold(scene(10, 90, 180))
