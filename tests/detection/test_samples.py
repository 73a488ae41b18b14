"""What is judged of a shaking camera is held still, in both passes and in clips."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from stcnet.detection import detect, score_clip
from stcnet.detection.samples import held, samples_of
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.inference.stabilising import Stabiliser
from stcnet.types import Frame, Picture

from .conftest import HEIGHT, WIDTH, MadeSource

SCALE = 5
"""The pictures of the other tests are too small to be compared in parts."""


def shaken_picture(number: int) -> Picture:
    """One view, moved at random from frame to frame."""
    view = np.random.default_rng(1).normal(128, 400, (HEIGHT * SCALE, WIDTH * SCALE, 3))
    x, y = np.random.default_rng(number).normal(0, 4, 2) if number else (0.0, 0.0)
    move = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    smooth = cv2.GaussianBlur(view, (0, 0), 2).clip(0, 255)
    shifted = cv2.warpAffine(smooth, move, view.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shifted, np.uint8)


class ShakySource(MadeSource):
    """A source of one view that shakes."""

    def __init__(self, times_s: list[float]) -> None:
        super().__init__(times_s, declared=len(times_s), name="shaky.mp4")
        size = {"width": WIDTH * SCALE, "height": HEIGHT * SCALE}
        self.info = type(self.info)(
            **{name: getattr(self.info, name) for name in self.info.__slots__} | size
        )

    def __iter__(self) -> Iterator[Frame]:
        for number, time_s in enumerate(self.times_s):
            yield Frame(shaken_picture(number), number, time_s)


@pytest.fixture
def shaky() -> ShakySource:
    return ShakySource([5.0 * k for k in range(9)])


def held_pictures(count: int) -> Picture:
    stabiliser = Stabiliser()
    return np.stack([stabiliser.hold(shaken_picture(k)) for k in range(count)])


def test_both_passes_see_the_pictures_held_still(shaky: ShakySource, package: ModelPackage) -> None:
    found = detect(shaky, package, stabilise=True)
    assert found.stabilised
    expected = [ClipScorer(package).score(held_pictures(9)[k : k + 8]).logit for k in (0, 1)]
    assert [score.logit for score in found.scores] == pytest.approx(expected, abs=1e-5)
    drawn = samples_of(shaky, found.sampling.interval_s, stabilised=found.stabilised)
    assert np.array_equal(np.stack([sample.frame.image for sample in drawn]), held_pictures(9))


def test_unless_asked_for_nothing_is_moved(shaky: ShakySource, package: ModelPackage) -> None:
    found = detect(shaky, package)
    assert not found.stabilised
    frames = np.stack([shaken_picture(k) for k in range(8)])
    expected = ClipScorer(package).score(frames).logit
    assert found.scores[0].logit == pytest.approx(expected, abs=1e-5)
    assert ClipScorer(package).score(held_pictures(8)).logit != pytest.approx(expected, abs=1e-3)


def test_a_clip_is_judged_held_still(shaky: ShakySource, package: ModelPackage) -> None:
    verdict = score_clip(shaky, package, stabilise=True)
    expected = ClipScorer(package).score(held_pictures(9)).logit
    assert verdict.logit == pytest.approx(expected, abs=1e-5)


def test_after_a_gap_the_view_is_taken_anew() -> None:
    source = ShakySource([0.0, 5.0, 10.0, 100.0, 105.0])
    samples = list(held(source.sampled(5.0)))
    assert [sample.after_gap for sample in samples] == [False, False, False, True, False]
    assert np.array_equal(samples[3].frame.image, shaken_picture(3))
    assert not np.array_equal(samples[2].frame.image, shaken_picture(2))
    assert not np.array_equal(samples[4].frame.image, shaken_picture(4))
