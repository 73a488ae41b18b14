"""What every frame source promises, checked on each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from stcnet.types import Frame
from stcnet.video import FrameSource, SourceInfo, open_source, sample

if TYPE_CHECKING:
    from video.conftest import PictureMaker, VideoMaker

NOON = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)
RISE_STEM = "0-7-2024-05-01-10-20-74-68-48-64-3470-1714564800-1714564820"


@dataclass(frozen=True)
class Case:
    """A source and what must come out of it; its pictures are numbered in capture order."""

    path: Path
    times_s: list[float]
    info: SourceInfo
    frame_interval_s: float | None = None


REGULAR = [100 * number for number in range(5)]
TENTHS = [0.0, 0.1, 0.2, 0.3, 0.4]
FIVES = [0.0, 5.0, 10.0, 15.0, 20.0]
MINUTES = [0.0, 60.0, 120.0, 180.0, 240.0]
FILE = SourceInfo("", "file", 64, 48, 5, 0.5, None, None, "timestamps")
FOLDER = SourceInfo("gate", "folder", 64, 48, 5, 240.0, None, NOON, "exif")


@pytest.fixture
def constant_mp4(make_video: VideoMaker) -> Case:
    return Case(make_video("a.mp4", REGULAR), TENTHS, replace(FILE, name="a.mp4"))


@pytest.fixture
def transport_stream(make_video: VideoMaker) -> Case:
    return Case(make_video("a.ts", REGULAR), TENTHS, replace(FILE, name="a.ts"))


@pytest.fixture
def variable_mkv(make_video: VideoMaker) -> Case:
    """Matroska declares no count: what its average rate and duration imply is stated."""
    info = replace(FILE, name="v.mkv", frame_count=78, duration_s=7.8)
    times_s = [0, 0.04, 0.7, 0.72, 7.7]
    return Case(make_video("v.mkv", [round(1000 * t) for t in times_s]), times_s, info)


@pytest.fixture
def gif(make_gif: Callable[[str, Sequence[int]], Path]) -> Case:
    info = replace(FILE, name="a.gif", kind="gif", duration_s=1.5)
    return Case(make_gif("a.gif", [100, 700, 50, 250, 400]), [0, 0.1, 0.8, 0.85, 1.1], info)


@pytest.fixture
def declared_file(make_video: VideoMaker) -> Case:
    info = replace(FILE, name="a.mp4", duration_s=20.0, frame_interval_s=5.0, timing="declared")
    return Case(make_video("a.mp4", REGULAR), FIVES, info, 5.0)


@pytest.fixture
def rise_clip(make_video: VideoMaker) -> Case:
    name = f"{RISE_STEM}.mp4"
    info = SourceInfo(name, "file", 64, 48, 5, 20.0, 5.0, NOON, "rise-name")
    return Case(make_video(name, REGULAR), FIVES, info)


@pytest.fixture
def exif_folder(make_picture: PictureMaker, tmp_path: Path) -> Case:
    """Names run backwards: the EXIF times decide."""
    for n in range(5):
        path = tmp_path / "gate" / f"{9 - n}.jpg"
        make_picture(path, n, taken=f"2024:05:01 14:0{n}:00", offset="+02:00")
    return Case(tmp_path / "gate", MINUTES, FOLDER)


@pytest.fixture
def named_folder(make_picture: PictureMaker, tmp_path: Path) -> Case:
    """The prefixes run backwards: the times in the names decide."""
    for n in range(5):
        make_picture(tmp_path / "gate" / f"{9 - n}_20240501_120{n}00.png", n)
    return Case(tmp_path / "gate", MINUTES, replace(FOLDER, timing="names"))


@pytest.fixture
def modified_folder(make_picture: PictureMaker, tmp_path: Path) -> Case:
    for n in range(5):
        moment = NOON + timedelta(minutes=n)
        make_picture(tmp_path / "gate" / f"{9 - n}.bmp", n, modified=moment)
    return Case(tmp_path / "gate", MINUTES, replace(FOLDER, timing="modified"))


@pytest.fixture
def declared_folder(make_picture: PictureMaker, tmp_path: Path) -> Case:
    """EXIF times run backwards and are overridden; 8.jpg comes before 10.jpg."""
    for n in range(5):
        path = tmp_path / "gate" / f"{8 + n}.jpg"
        make_picture(path, n, taken=f"2024:05:01 14:0{9 - n}:00")
    info = replace(FOLDER, started_at=None, frame_interval_s=60.0, timing="declared")
    return Case(tmp_path / "gate", MINUTES, info, 60.0)


@pytest.fixture(
    params=[
        *("constant_mp4", "transport_stream", "variable_mkv", "gif", "declared_file", "rise_clip"),
        *("exif_folder", "named_folder", "modified_folder", "declared_folder"),
    ]
)
def case(request: pytest.FixtureRequest) -> Case:
    """One case for each way that a source gets its capture times."""
    case: Case = request.getfixturevalue(request.param)
    return case


@pytest.fixture
def source(case: Case) -> FrameSource:
    return open_source(case.path, frame_interval_s=case.frame_interval_s)


def test_is_a_frame_source(source: FrameSource) -> None:
    assert isinstance(source, FrameSource)


def test_states_what_it_is(case: Case, source: FrameSource) -> None:
    info = source.info
    assert info.duration_s == pytest.approx(case.info.duration_s)
    assert replace(info, duration_s=None) == replace(case.info, duration_s=None)


def test_frames_come_in_capture_order(
    case: Case, source: FrameSource, number_of: Callable[[Frame], int]
) -> None:
    frames = list(source)
    assert [number_of(frame) for frame in frames] == list(range(5))
    assert [frame.time_s for frame in frames] == pytest.approx(case.times_s)
    assert [frame.index for frame in frames] == list(range(5))


def test_times_start_at_zero_and_increase(source: FrameSource) -> None:
    times_s = [frame.time_s for frame in source]
    assert times_s[0] == 0.0
    assert all(earlier < later for earlier, later in pairwise(times_s))


def test_capture_times_are_utc_and_agree_with_seconds(source: FrameSource) -> None:
    for frame in source:
        if source.info.started_at is None:
            assert frame.captured_at is None
        else:
            moment = source.info.started_at + timedelta(seconds=frame.time_s)
            assert frame.captured_at == moment
            assert frame.captured_at.tzinfo is UTC


def test_pictures_are_rgb_of_the_stated_size(source: FrameSource) -> None:
    for frame in source:
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (source.info.height, source.info.width, 3)
        assert frame.image.flags.c_contiguous


def test_can_be_read_again(source: FrameSource) -> None:
    next(iter(source))
    first, second = list(source), list(source)
    assert len(first) == 5
    for one, other in zip(first, second, strict=True):
        assert (one.index, one.time_s) == (other.index, other.time_s)
        assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize("interval_s", [0.05, 0.2, 30.0, 60.0])
def test_its_own_sampling_is_the_common_one(source: FrameSource, interval_s: float) -> None:
    own = list(source.sampled(interval_s))
    common = list(sample(source, interval_s))
    assert [one.after_gap for one in own] == [one.after_gap for one in common]
    for one, other in zip(own, common, strict=True):
        assert (one.frame.index, one.frame.time_s) == (other.frame.index, other.frame.time_s)
        assert one.frame.captured_at == other.frame.captured_at
        assert np.array_equal(one.frame.image, other.frame.image)


def test_sampling_refuses_what_is_no_interval_at_once(source: FrameSource) -> None:
    with pytest.raises(ValueError, match="interval_s"):
        source.sampled(0.0)


def test_closing_ends_iterations_and_refuses_new_ones(source: FrameSource) -> None:
    with source:
        frames = iter(source)
        next(frames)
    assert list(frames) == []
    with pytest.raises(ValueError, match="closed"):
        iter(source)
