"""Video files: what is odd, damaged or no video at all."""

from __future__ import annotations

import logging
import re
import tracemalloc
from collections.abc import Callable, Container
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

from stcnet.errors import SourceError
from stcnet.video import native_interval_s, open_source, require_cadence, sample
from stcnet.video.clocks import IntervalClock, StampClock, without_leaps
from stcnet.video.decoding import Damage, decoded, stamp_s, upright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from stcnet.types import Picture
    from video.conftest import VideoMaker

REGULAR = [100 * n for n in range(40)]


def test_turned_video_comes_upright(make_video: VideoMaker) -> None:
    source = open_source(make_video("phone.mp4", REGULAR[:3], rotation=-90))
    frame = next(iter(source))
    assert (source.info.width, source.info.height) == (48, 64)
    # Turned clockwise, the white mark goes from top left to top right.
    assert frame.image[2, -2].min() > 200
    assert frame.image[2, 2].max() < 100


def test_upside_down_video_comes_upright(make_video: VideoMaker) -> None:
    frame = next(iter(open_source(make_video("phone.mp4", REGULAR[:3], rotation=180))))
    assert frame.image.shape == (48, 64, 3)
    assert frame.image[-2, -2].min() > 200


def write_titled(path: Path, titled: str, title: bytes) -> None:
    """Writes three frames; the file or its stream is called by bytes in whatever encoding."""
    stand_in = "t" * len(title)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        metadata = container.metadata if titled == "file" else stream.metadata
        metadata["title"] = stand_in
        for _ in range(3):
            black = np.zeros((48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
    content = path.read_bytes()
    assert content.count(stand_in.encode()) == 1
    path.write_bytes(content.replace(stand_in.encode(), title))


@pytest.mark.parametrize("titled", ["file", "stream"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
@pytest.mark.parametrize(
    "title",
    [
        pytest.param("Kamera Köln-Süd".encode("latin-1"), id="latin-1"),
        pytest.param("Камера Север".encode("cp1251"), id="cp1251"),
        pytest.param("Kamera Köln-Süd".encode(), id="utf-8"),
    ],
)
def test_metadata_in_any_encoding_is_no_obstacle(
    title: bytes, name: str, titled: str, tmp_path: Path
) -> None:
    write_titled(tmp_path / name, titled, title)
    assert len(list(open_source(tmp_path / name))) == 3


def test_frame_without_a_unit_of_time_has_no_stamp() -> None:
    frame = av.VideoFrame(64, 48)
    frame.pts = 5
    assert stamp_s(frame) is None
    frame.time_base = Fraction(1, 10)
    assert stamp_s(frame) == Fraction(1, 2)


def test_elementary_stream_without_timestamps_runs_at_its_rate(make_video: VideoMaker) -> None:
    source = open_source(make_video("raw.h264", REGULAR[:4]))
    assert source.info.duration_s is None
    times_s = [frame.time_s for frame in source]
    assert times_s == pytest.approx([0, times_s[1], 2 * times_s[1], 3 * times_s[1]])


def test_joined_recordings_go_on_where_the_clock_starts_anew(
    make_video: VideoMaker, tmp_path: Path
) -> None:
    part = make_video("a.ts", REGULAR[:10]).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part + part)
    times_s = [frame.time_s for frame in open_source(joined)]
    assert times_s == pytest.approx([0.1 * n for n in range(20)])


def test_picture_size_changing_midway_is_refused(make_video: VideoMaker, tmp_path: Path) -> None:
    joined = tmp_path / "joined.ts"
    parts = [make_video("a.ts", REGULAR[:10]), make_video("b.ts", REGULAR[:10], size=(96, 64))]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(SourceError, match=r"joined\.ts.*changes at frame 10.*96x64.*64x48"):
        list(open_source(joined))


def test_video_cut_in_the_middle_gives_what_is_there(
    make_video: VideoMaker, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_video("a.mp4", REGULAR, front_index=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with caplog.at_level(logging.WARNING):
        frames = list(open_source(path))
    assert 5 < len(frames) < 40
    assert "declares 4.0 s" in caplog.text
    assert str(path) in caplog.text


def test_whole_video_gives_no_warning(
    make_video: VideoMaker, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(list(open_source(make_video("a.mp4", REGULAR)))) == 40
    assert caplog.text == ""


def write_damaged(path: Path, damaged: Container[int], count: int = 20) -> None:
    """Writes a Motion JPEG of 10 frames a second; the given frames hold only zeros."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(count):
            image = np.full((48, 64, 3), 10 * number, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                if number in damaged:
                    zeros = av.Packet(bytes(packet.size))
                    zeros.stream, zeros.time_base = packet.stream, packet.time_base
                    zeros.pts, zeros.dts = packet.pts, packet.dts
                    container.mux(zeros)
                else:
                    container.mux(packet)


@pytest.mark.parametrize(
    ("interval_s", "step_s"),
    [pytest.param(None, 0.1, id="timestamps"), pytest.param(5.0, 5.0, id="declared interval")],
)
def test_damaged_frames_are_left_out_and_counted(
    interval_s: float | None, step_s: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_damaged(tmp_path / "a.mkv", {3, 4, 9})
    frames = list(open_source(tmp_path / "a.mkv", frame_interval_s=interval_s))
    whole = [number for number in range(20) if number not in {3, 4, 9}]
    assert [frame.index for frame in frames] == whole
    assert [frame.time_s for frame in frames] == pytest.approx([step_s * n for n in whole])
    assert "3 damaged frames are left out" in caplog.text


def test_damaged_beginning_is_left_out(tmp_path: Path) -> None:
    write_damaged(tmp_path / "a.mkv", {0, 1})
    frames = list(open_source(tmp_path / "a.mkv", frame_interval_s=5.0))
    assert [frame.time_s for frame in frames] == [5.0 * number for number in range(18)]
    assert frames[0].index == 0


def test_a_reading_error_ends_the_file(make_video: VideoMaker) -> None:
    def breaking(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        yield from packets
        raise av.error.InvalidDataError(1, "lost the disk")

    damage = Damage()
    with av.open(str(make_video("a.mp4", REGULAR))) as container:
        frames = list(decoded(breaking(container.demux(video=0)), damage))
    assert len(frames) == 40
    assert damage == Damage(broken_off=True)


def write_audio(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for number in range(20):
            sound = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 1024 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_still(path: Path) -> None:
    Image.new("RGB", (64, 48)).save(path)


BAD = [
    ("missing.mp4", lambda path: None, "there is no such file or folder"),
    ("empty.mp4", lambda path: path.touch(), "the file is empty"),
    ("text.mp4", lambda path: path.write_text("no video\n" * 99), "cannot be read as a video"),
    ("notes.txt", lambda path: path.write_text("no video\n" * 99), "is a text"),
    ("sound.m4a", write_audio, "only sound"),
    ("none.mkv", lambda path: write_damaged(path, range(20)), "no frame that can be decoded"),
    *((f"still.{suffix}", write_still, "single picture") for suffix in ("jpg", "png", "bmp")),
    *((f"still.{suffix}", write_still, "single picture") for suffix in ("webp", "tiff", "gif")),
]


@pytest.mark.parametrize(("name", "write", "reason"), BAD, ids=[name for name, *_ in BAD])
def test_what_is_no_video_is_refused_in_one_line(
    name: str,
    write: Callable[[Path], object],
    reason: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(SourceError, match=reason) as caught:
        open_source(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", ""), "FFmpeg must not write to the terminal"


def test_recording_cut_before_its_index_is_refused(make_video: VideoMaker) -> None:
    path = make_video("a.mp4", REGULAR)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(SourceError, match="its index is missing"):
        open_source(path)


def test_unreadable_file_is_refused(
    make_video: VideoMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video("a.mp4", REGULAR[:3])

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"a\.mp4.*Permission denied"):
        open_source(path)


@pytest.mark.parametrize("name", ["a\0b.mp4", "a" * 400], ids=["null byte", "too long"])
def test_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        open_source(name)


def test_device_is_refused() -> None:
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        open_source("/dev/null")


def test_web_address_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError, match="record the stream") as caught:
        open_source("rtsp://me:secret@camera/1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("interval_s", [0.0, -5.0, float("nan"), float("inf")])
def test_interval_that_is_no_time_is_refused(interval_s: float, make_video: VideoMaker) -> None:
    with pytest.raises(SourceError, match="seconds above zero"):
        open_source(make_video("a.mp4", REGULAR[:3]), frame_interval_s=interval_s)


def test_name_that_looks_like_a_protocol_is_a_file(
    make_video: VideoMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_video("a.mp4", REGULAR[:3]).rename(tmp_path / "concat:x%03d.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(list(open_source(Path("concat:x%03d.mp4")))) == 3


def test_rise_name_with_times_that_cannot_be_falls_back_to_timestamps(
    make_video: VideoMaker,
) -> None:
    stem = "0-0-2018-06-11-1-2-3-4-48-64-1-1528712290-1528712115"  # ends before it starts
    source = open_source(make_video(f"{stem}.mp4", REGULAR[:3]))
    assert source.info.timing == "timestamps"


def test_rise_clip_without_declared_count_is_counted(make_video: VideoMaker) -> None:
    stem = "0-0-2018-06-11-1-2-3-4-48-64-1-1528712115-1528712130"
    source = open_source(make_video(f"{stem}.mkv", REGULAR[:4]))
    assert [frame.time_s for frame in source] == [0.0, 5.0, 10.0, 15.0]


def test_reading_is_streamed(make_video: VideoMaker) -> None:
    """300 frames of 640x480 are 276 MB: far less must ever be held."""
    path = make_video("long.mp4", [100 * n for n in range(300)], size=(640, 480))
    source = open_source(path)
    tracemalloc.start()
    try:
        count = sum(1 for _ in source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 300
    assert peak < 10 * 640 * 480 * 3


def test_sampling_converts_only_what_it_takes(
    make_video: VideoMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(make_video("a.mp4", REGULAR))
    converted: list[object] = []

    def counted(frame: VideoFrame) -> Picture:
        converted.append(frame)
        return upright(frame)

    monkeypatch.setattr("stcnet.video.files.upright", counted)
    assert len(list(source.sampled(1.0))) == len(converted) == 5


CLOCKS = [
    ("regular", [0, 1, 2], [0, 1, 2]),
    ("starts late", [7, 8, 9.5], [0, 1, 2.5]),
    ("starts below zero", [-2, -1, 0], [0, 1, 2]),
    ("none has a time", [None, None, None], [0, 1, 2]),
    ("one has no time", [0, None, 2.5], [0, 1, 2.5]),
    ("the first has no time", [None, 40, 41], [0, 1, 2]),
    ("one repeats", [0, 1, 1, 2], [0, 1, None, 2]),
    ("one falls back a little", [0, 1, 2, 1.5, 3], [0, 1, 2, None, 3]),
    ("the clock starts anew", [100, 101, 102, 3, 4], [0, 1, 2, 3, 4]),
    ("a gap stays a gap", [0, 1, 900, 901], [0, 1, 900, 901]),
]


@pytest.mark.parametrize(("stamps", "times"), [c[1:] for c in CLOCKS], ids=[c[0] for c in CLOCKS])
def test_stamp_clock(stamps: list[float | None], times: list[float | None]) -> None:
    clock = StampClock(Fraction(1))
    exact = [None if stamp is None else Fraction(stamp) for stamp in stamps]
    assert [clock.time_s(place, stamp) for place, stamp in enumerate(exact)] == times


LEAPS = [
    ("regular", [0, 1, 2], [0, 1, 2]),
    ("empty", [], []),
    ("one leap", [0, 900, 2, 3], [0, None, 2, 3]),
    ("a gap is no leap", [0, 900, 901], [0, 900, 901]),
    ("starting anew is no leap", [100, 101, 0, 1], [100, 101, 0, 1]),
    ("missing ones pass", [0, None, 900, 2, None], [0, None, None, 2, None]),
]


@pytest.mark.parametrize(("stamps", "kept"), [c[1:] for c in LEAPS], ids=[c[0] for c in LEAPS])
def test_leaps_are_taken_away(stamps: list[float | None], kept: list[float | None]) -> None:
    stamped = [(place, None if s is None else Fraction(s)) for place, s in enumerate(stamps)]
    assert list(without_leaps(stamped)) == list(enumerate(kept))


def test_interval_clock_ignores_timestamps() -> None:
    clock = IntervalClock(5.0)
    assert [clock.time_s(n, Fraction(9 - n)) for n in range(3)] == [0.0, 5.0, 10.0]


@pytest.mark.real_data
def test_real_rise_clip(shared_data: Path) -> None:
    [path] = (shared_data / "real-video").glob("*.mp4")
    with open_source(path) as source:
        assert re.match(r"2018-06-11 10:15:15", str(source.info.started_at))
        assert require_cadence(source, 5.0) == 5.0
        samples = list(sample(source, 5.0))
        assert [s.frame.index for s in samples] == list(range(36))
        assert samples[-1].frame.time_s == pytest.approx(175.0)
        assert not any(s.after_gap for s in samples)
        assert native_interval_s(source) == pytest.approx(5.0)
