"""Our residual frames against the pictures of them that the authors of STCNet published.

The published pictures show about 9 times the absolute difference, dithered to 256 colours. Their
frames stand in true order; those of the RGB pictures stand in the order of their names as text.
"""

from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stcnet.preprocess import channels_first, residual_frames

TRUE_ORDER = (0, 6, 7, 1, 2, 3, 4, 5)
GAIN = 9
Floats = NDArray[np.floating[Any]]

pytestmark = pytest.mark.real_data


def read_gif(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as gif:
        pictures = []
        for number in range(getattr(gif, "n_frames", 1)):
            gif.seek(number)
            pictures.append(np.asarray(gif.convert("RGB")))
    return np.stack(pictures)


def displayed(differences: Floats) -> Floats:
    """As the authors show them: amplified, cut at white, and smoothed to undo the dithering."""
    return smoothed(np.clip(GAIN * differences, 0, 255))


def smoothed(stack: Floats) -> Floats:
    pictures = np.moveaxis(stack, 1, -1).astype(np.float32)
    return np.stack([cv2.blur(picture, (3, 3)) for picture in pictures])


def correlations(first: Floats, second: Floats) -> Floats:
    """Of every picture of one stack with every picture of the other, shape (len, len)."""
    rows, columns = (stack.reshape(len(stack), -1) for stack in (first, second))
    return np.corrcoef(rows, columns)[: len(rows), len(rows) :]


class Golden:
    """One published clip: frames in true order, as stored, and its residual pictures."""

    def __init__(self, folder: Path, number: int) -> None:
        stored = read_gif(folder / f"rgb-{number}.gif")
        self.stored = channels_first(stored).astype(np.float32)
        self.frames = self.stored[list(TRUE_ORDER)]
        residuals = channels_first(read_gif(folder / f"residual-{number}.gif"))
        self.published = smoothed(residuals.astype(np.float32))


@pytest.fixture(params=[0, 1])
def golden(request: pytest.FixtureRequest, shared_data: Path) -> Golden:
    return Golden(shared_data / "residual-golden", request.param)


def test_residuals_look_like_the_published_ones(golden: Golden) -> None:
    ours = displayed(residual_frames(golden.frames, "absolute"))
    assert ours.shape == golden.published.shape == (7, 180, 180, 3)
    agreement = correlations(ours, golden.published)
    assert agreement.diagonal().min() > 0.94
    assert (agreement - 2 * np.eye(7)).max() < 0.7


def test_gain_is_the_published_one(golden: Golden) -> None:
    ours = smoothed(residual_frames(golden.frames, "absolute"))
    clear = (ours > 4) & (golden.published < 200)
    assert np.median(golden.published[clear] / ours[clear]) == pytest.approx(GAIN, abs=0.75)


def test_no_other_pair_of_frames_explains_a_published_residual_better(golden: Golden) -> None:
    pairs = list(combinations(range(8), 2))
    differences = np.stack([abs(golden.frames[b] - golden.frames[a]) for a, b in pairs])
    best = correlations(displayed(differences), golden.published).argmax(axis=0)
    assert [pairs[k] for k in best] == [(k, k + 1) for k in range(7)]


def test_the_stored_order_would_not_pass(golden: Golden) -> None:
    ours = displayed(residual_frames(golden.stored, "absolute"))
    assert correlations(ours, golden.published).diagonal().min() < 0.7


@pytest.mark.parametrize("sign", [1, -1], ids=["brighter only", "darker only"])
def test_one_half_of_the_signed_residual_would_not_pass(golden: Golden, sign: int) -> None:
    ours = displayed(sign * residual_frames(golden.frames, "signed"))
    assert correlations(ours, golden.published).diagonal().max() < 0.9
