"""Videos of one scene at many frame rates: judged by world time, or refused in one line."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stcnet.detection import detect
from stcnet.detection.cadence import sampling_every
from stcnet.errors import SourceError
from stcnet.inference import ModelPackage, Sampling
from stcnet.video import open_source

WIDTH, HEIGHT = 48, 32
LENGTH_S = 50
TICKS = 1000
"""Of the clock of the video's timestamps, in one second."""


def scene(time_s: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A picture that brightens by one level every half second of the world."""
    return np.full((HEIGHT, WIDTH, 3), 60 + round(2 * time_s), np.uint8)


def moments(fps: Fraction) -> Iterator[Fraction]:
    return (number / fps for number in range(int(LENGTH_S * fps) + 1))


def filmed(path: Path, fps: str) -> Path:
    """The scene as a camera of ``fps`` frames a second records it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        for time_s in moments(Fraction(fps)):
            frame = av.VideoFrame.from_ndarray(scene(float(time_s)), format="rgb24")
            frame.pts, frame.time_base = round(time_s * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("fps", "step_s"),
    [
        pytest.param("25", 5, id="25 a second"),
        pytest.param("1", 5, id="one a second"),
        pytest.param("0.2", 5, id="one in 5 s"),
        pytest.param("0.1", 10, id="one in 10 s"),
    ],
)
def test_windows_are_of_world_time(
    tmp_path: Path, package: ModelPackage, fps: str, step_s: int
) -> None:
    with open_source(filmed(tmp_path / "scene.mp4", fps)) as source:
        found = detect(source, package)
    assert list(found.times_s) == list(range(0, LENGTH_S + 1, step_s))
    assert found.source.frame_interval_s == pytest.approx(1 / float(fps))
    with open_source(filmed(tmp_path / "reference.mp4", "0.2")) as source:
        usual = detect(source, package)
    # One row of frames and the mean of two see the same brightening, half an interval apart.
    apart = 0.02 if step_s == 5 else 0.2
    assert found.scores[0].logit == pytest.approx(usual.scores[0].logit, abs=apart)


@pytest.mark.parametrize(
    ("fps", "message"),
    [
        pytest.param("0.05", "too far apart .*got one frame every 20 s; allowed: up to 15 s",
                     id="slower than a stride"),
        pytest.param("0.04", "got one frame every 25 s", id="slower still"),
    ],
)  # fmt: skip
def test_what_is_too_slow_is_refused(
    tmp_path: Path, package: ModelPackage, fps: str, message: str
) -> None:
    with (
        open_source(filmed(tmp_path / "scene.mp4", fps)) as source,
        pytest.raises(SourceError, match=message),
    ):
        detect(source, package)


@pytest.mark.parametrize(
    ("native_s", "stride"),
    [(7.6, 3), (8, 2), (10, 2), (13, 2), (14, 1), (20, 1), (30, 1)],
)
def test_the_time_between_compared_frames_stays(native_s: float, stride: int) -> None:
    used = sampling_every(Sampling(), native_s)
    assert used.stride == stride
    assert used.stride * used.interval_s == pytest.approx(20)
    assert used.frames == Sampling().frames
    assert used.window_frames == 9 * stride
