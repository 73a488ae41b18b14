"""A clip gets the verdict of the clip scorer on all its frames, though few of them are kept."""

import numpy as np
import pytest

from stcnet.detection import score_clip
from stcnet.errors import SourceError
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.types import PixelBox, Zone

from .conftest import MakeSource, picture_at

ZONE = Zone.parse("right=20,4,28,28")
BOX = PixelBox(20, 4, 28, 28)


@pytest.mark.parametrize("count", [4, 5, 7, 8, 9, 15, 16, 17, 21])
@pytest.mark.parametrize(
    "error", [pytest.param(None, id="unknown"), 0, 3, -2]
)  # of the declared number of frames
def test_the_verdict_is_that_of_all_frames(
    make_source: MakeSource, package: ModelPackage, count: int, error: int | None
) -> None:
    declared = None if error is None else count + error
    source = make_source([5.0 * k for k in range(count)], declared)
    verdict = score_clip(source, package, ZONE)
    expected = ClipScorer(package).score(np.stack([picture_at(k) for k in range(count)]), BOX)
    assert verdict.probability == pytest.approx(expected.probability, abs=1e-6)
    assert verdict.activation == pytest.approx(expected.activation, abs=1e-4)
    assert source.passes == (1 if declared == count else 2)


def test_without_zone_the_centred_square_is_judged(
    make_source: MakeSource, package: ModelPackage
) -> None:
    frames = np.stack([picture_at(k) for k in range(8)])
    verdict = score_clip(make_source([5.0 * k for k in range(8)], 8), package)
    assert verdict.logit == pytest.approx(ClipScorer(package).score(frames).logit, abs=1e-5)


@pytest.mark.parametrize(
    ("times_s", "message"),
    [
        pytest.param([0.0, 5.0, 10.0], "too few frames .got 3; allowed: 4 or more", id="few"),
        pytest.param([], "too few frames .got 0", id="none"),
        pytest.param([10.0 * k for k in range(12)], "too long .*105 frames, 1 min 45 s.*detect",
                     id="longer than three windows"),
        pytest.param([k / 1000 for k in range(106)], "too long", id="too many frames"),
    ],
)  # fmt: skip
def test_clips_out_of_bounds_are_refused(
    make_source: MakeSource,
    package: ModelPackage,
    times_s: list[float],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stcnet.detection.clips.MOST_FRAMES", 105)
    with pytest.raises(SourceError, match=message):
        score_clip(make_source(times_s, len(times_s)), package)


@pytest.mark.parametrize(
    ("step_s", "warned"),
    [
        pytest.param(0.04, True, id="25 fps"),
        pytest.param(2.4, True, id="just under half a window"),
        pytest.param(2.5, False, id="half a window"),
        pytest.param(5.0, False, id="a window"),
    ],
)
def test_clips_shorter_than_half_a_window_are_warned_of(
    make_source: MakeSource,
    package: ModelPackage,
    step_s: float,
    warned: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    score_clip(make_source([step_s * k for k in range(8)], 8), package, ZONE)
    assert ["--frame-interval" in message for message in caplog.messages] == [True] * warned
    assert all(message.startswith("made.mp4: its frames span") for message in caplog.messages)


@pytest.mark.parametrize(("step_s", "warned"), [(7.0, False), (8.0, True)])
def test_clips_much_longer_than_a_window_are_warned_of(
    make_source: MakeSource,
    package: ModelPackage,
    caplog: pytest.LogCaptureFixture,
    step_s: float,
    warned: bool,
) -> None:
    score_clip(make_source([step_s * k for k in range(8)], declared=8), package, ZONE)
    assert ["so far apart" in message for message in caplog.messages] == [True] * warned
