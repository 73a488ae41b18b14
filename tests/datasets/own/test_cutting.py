"""Long videos become clips that carry view, zone and time, and cutting goes on after a stop."""

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from own_clips import Lines, grey, numbers_of, write_clip, write_stamped
from stcnet.datasets.opening import open_collection
from stcnet.datasets.own.cutting import CutReport, CutSettings, cut_videos
from stcnet.datasets.own.importing import ImportSettings, import_clips
from stcnet.datasets.own.times import parse_timezone
from stcnet.errors import ConfigError, DataError, OutputError
from stcnet.types import Frame, Zone
from stcnet.video import Mp4Writer, open_source


def cut(video: Path | list[Path], out: Path, lines: Lines | None = None, **settings: Any) -> Any:
    """Cut with a frame every second; without ``lines`` nothing may be left out."""
    found = Lines() if lines is None else lines
    videos = video if isinstance(video, list) else [video]
    chosen = CutSettings(**{"every_s": 1.0, "frames": 4, "stride": 4, **settings})
    report = cut_videos(videos, out, chosen, on_bad=found)
    assert found == [] or lines is not None
    return report


def names_in(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.suffix == ".mp4")


def pictures(path: Path) -> list[int]:
    with open_source(path, frame_interval_s=1.0) as source:
        return numbers_of(np.stack([frame.image for frame in source]))


def test_clips_are_cut_one_after_the_other(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "gate_2026-05-01T12-00-00.mp4", 20, fps=2)
    out = tmp_path / "clips"
    assert cut(video, out) == CutReport(written=2)
    first, second = names_in(out)
    assert first == "gate__20260501T120000.000Z__every1s.mp4"
    assert second == "gate__20260501T120004.000Z__every1s.mp4"
    assert pictures(out / first) == [0, 2, 4, 6]
    assert pictures(out / second) == [8, 10, 12, 14]


def test_clips_overlap_where_the_stride_is_short(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    out = tmp_path / "clips"
    assert cut(video, out, stride=2).written == 3
    assert [pictures(out / name) for name in names_in(out)] == [
        [0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7],
    ]  # fmt: skip
    assert names_in(out)[0] == "tour__tour+0s__every1s.mp4"


def test_no_clip_reaches_across_a_gap(tmp_path: Path) -> None:
    video = write_stamped(tmp_path / "tour.mp4", [0, 1, 2, 3, 4, 5, 60, 61, 62, 63, 64])
    out = tmp_path / "clips"
    assert cut(video, out).written == 2
    assert names_in(out) == ["tour__tour+0s__every1s.mp4", "tour__tour+60s__every1s.mp4"]
    assert pictures(out / names_in(out)[1]) == [6, 7, 8, 9]


def test_zones_come_back_from_the_import(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "gate 2026-05-01 14-00-00.mp4", 36, fps=0.2, size=(64, 32))
    out = tmp_path / "sorted" / "smoke"
    zones = (Zone.parse("left=0,0,0.25,1"), Zone.parse("right=32,0,32,32"))
    timezone = parse_timezone("Europe/Amsterdam")
    cut(video, out, every_s=5.0, frames=36, stride=36, zones=zones, timezone=timezone)
    assert names_in(out) == [
        "gate__left__20260501T120000.000Z__every5s.mp4",
        "gate__right__20260501T120000.000Z__every5s.mp4",
    ]
    import_clips(tmp_path / "sorted", tmp_path / "own", ImportSettings(), on_bad=Lines())
    data = open_collection(tmp_path / "own")
    assert {clip.view for clip in data.clips} == {"gate"}
    assert {clip.start for clip in data.clips} == {datetime(2026, 5, 1, 12, tzinfo=UTC)}
    left, right = data.load(data.clips, 8).frames[:, 7, 0].numpy()
    np.testing.assert_allclose(left, grey(7)[:8, :8, 0], atol=3)
    np.testing.assert_allclose(right, grey(7)[:8, 16:24, 0], atol=3)


def test_pictures_of_a_folder_tell_their_times(tmp_path: Path) -> None:
    (tmp_path / "gate").mkdir()
    for number in range(4):
        Image.fromarray(grey(number)).save(tmp_path / "gate" / f"20260501_12000{number}.png")
    cut(tmp_path / "gate", tmp_path / "clips")
    assert names_in(tmp_path / "clips") == ["gate__20260501T120000.000Z__every1s.mp4"]


@pytest.mark.parametrize("at", [1, 3, 6])
def test_cutting_goes_on_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    whole, out = tmp_path / "whole", tmp_path / "clips"
    cut(video, whole)
    real, calls = Mp4Writer.write, 0

    def failing(self: Mp4Writer, image: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt
        real(self, image)

    with monkeypatch.context() as stopping:
        stopping.setattr(Mp4Writer, "write", failing)
        with pytest.raises(KeyboardInterrupt):
            cut(video, out)
    there = (at - 1) // 4
    assert {path.name for path in out.iterdir()} == {"cut.json", *names_in(whole)[:there]}
    assert cut(video, out) == CutReport(written=2 - there, there=there)
    for name in names_in(whole):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def test_a_video_that_is_done_is_not_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    out = tmp_path / "clips"
    cut(video, out)
    (out / names_in(out)[0]).unlink()
    assert cut(video, out) == CutReport(written=1, there=1)

    def never(*args: object, **kwargs: object) -> Frame:
        raise AssertionError("it is decoded again")

    monkeypatch.setattr("stcnet.datasets.own.cutting.open_source", never)
    assert cut(video, out) == CutReport(there=2)


def test_another_video_of_the_name_is_cut_anew(tmp_path: Path) -> None:
    video, out = write_clip(tmp_path / "tour.mp4", 8, fps=1), tmp_path / "clips"
    cut(video, out)
    write_clip(video, 9, first=20, fps=1)
    assert cut(video, out) == CutReport(written=2)
    assert pictures(out / names_in(out)[0]) == [20, 21, 22, 23]
    assert cut(video, out) == CutReport(there=2)


def test_a_video_that_cannot_be_cut_stops_no_other(tmp_path: Path) -> None:
    short = write_clip(tmp_path / "short.mp4", 3, fps=1)
    garbage = tmp_path / "garbage.mp4"
    garbage.write_bytes(b"garbage" * 100)
    good = write_clip(tmp_path / "good.mp4", 4, fps=1)
    sparse = write_clip(tmp_path / "sparse.mp4", 8, fps=0.1)
    lines = Lines()
    gone = tmp_path / "gone.mp4"
    report = cut([short, garbage, gone, sparse, good], tmp_path / "clips", lines)
    assert report == CutReport(written=1, left_out=4)
    for line, message in zip(
        lines,
        ("short.mp4: is too short for a clip of 4", "cannot be read", "gone", "too far apart"),
        strict=True,
    ):
        assert message in line


def twins(folder: Path) -> list[Path]:
    return [write_clip(folder / part / "tour.mp4", 4, fps=1) for part in ("a", "b")]


def one(folder: Path) -> list[Path]:
    return twins(folder)[:1]


@pytest.mark.parametrize(
    ("videos", "settings", "message"),
    [
        pytest.param(twins, {}, "two videos would give clips of the same names", id="twins"),
        pytest.param(one, {"view": "a__b"}, "--view: this cannot stand in", id="view"),
        pytest.param(one, {"view": "../x"}, "--view: this cannot stand in", id="hostile"),
        pytest.param(
            one, {"zones": (Zone.parse("a b=0,0,1,1"),)}, "--zone: this cannot", id="zone"
        ),
        pytest.param(one, {"zones": (Zone.parse("a=0,0,1,1"),) * 2}, "two zones have", id="zones"),
        pytest.param(one, {"frames": 0}, "--frames: is out of range", id="frames"),
        pytest.param(one, {"stride": -1}, "--stride: is out of range", id="stride"),
        pytest.param(one, {"every_s": 0.0}, "--every: is out of range", id="every"),
    ],
)
def test_settings_that_cannot_be_are_one_line(
    tmp_path: Path,
    videos: Callable[[Path], list[Path]],
    settings: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ConfigError, match=message):
        cut(videos(tmp_path), tmp_path / "clips", **settings)
    assert not (tmp_path / "clips").exists()


def test_a_folder_holds_clips_of_one_kind(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    cut(video, tmp_path / "clips")
    with pytest.raises(ConfigError, match=r"cut otherwise \(got frames 2, there 4, stride 2, th"):
        cut(video, tmp_path / "clips", frames=2, stride=2)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing in it"),
        pytest.param("", id="empty"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param('{"format": "stcnet-cut", "version": 2}', id="another version"),
        pytest.param('{"format": "stcnet-cut", "version": 1}', id="no settings"),
    ],
)
def test_a_list_of_what_is_cut_that_is_none_stays_as_it_is(tmp_path: Path, content: str) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    cut(video, tmp_path / "clips")
    (tmp_path / "clips" / "cut.json").write_text(content)
    with pytest.raises(DataError, match=r"cannot be read .*; remove it to cut all anew"):
        cut(video, tmp_path / "clips")
    assert (tmp_path / "clips" / "cut.json").read_text() == content


def test_one_process_cuts_into_a_folder(tmp_path: Path) -> None:
    video, out = write_clip(tmp_path / "tour.mp4", 8, fps=1), tmp_path / "clips"
    out.mkdir()
    left = out / f".a.mp4.{'0' * 8}.partial"
    left.touch()
    handle = os.open(out, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="another process cuts into this folder"):
        cut(video, out)
    assert left.exists()
    os.close(handle)
    assert cut(video, out) == CutReport(written=2)
    assert not left.exists(), "what a killed process left is removed"


def test_a_zone_outside_the_picture_names_the_video(tmp_path: Path) -> None:
    video, lines = write_clip(tmp_path / "tour.mp4", 8, fps=1), Lines()
    cut(video, tmp_path / "clips", lines, zones=(Zone.parse("a=0,0,99,9"),))
    assert lines[0].startswith(f"{video}: zone a: the zone reaches outside the picture")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    video = write_clip(tmp_path / "tour.mp4", 8, fps=1)
    with pytest.raises(OutputError, match="the folder of the clips cannot be made"):
        cut(video, video / "clips")
