"""Writers: what is written reads back, and nothing is left half done."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from stcnet.errors import OutputError
from stcnet.types import Frame, Picture
from stcnet.video import Mp4Writer, open_source, write_gif

if TYPE_CHECKING:
    from video.conftest import PictureOf


def noise(count: int, height: int, width: int) -> list[Picture]:
    rng = np.random.default_rng(7)
    return [rng.integers(0, 255, (height, width, 3), dtype=np.uint8) for _ in range(count)]


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow beyond 20 kB, as on a full disk.

    No fixture: the log of the tests is such a file, and gets a dot before fixtures end.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [
        pytest.param(64, 48, (64, 48), id="even"),
        pytest.param(63, 47, (64, 48), id="odd"),
        pytest.param(64, 47, (64, 48), id="odd height"),
        pytest.param(1, 1, (2, 2), id="one pixel"),
    ],
)
def test_mp4_reads_back(
    width: int,
    height: int,
    shown: tuple[int, int],
    picture: PictureOf,
    number_of: Callable[[Frame], int],
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.mp4"
    with Mp4Writer(path, 12.5, width, height) as writer:
        for number in range(5):
            writer.write(picture(number, width, height))
    source = open_source(path)
    frames = list(source)
    assert (source.info.width, source.info.height) == shown
    assert [frame.time_s for frame in frames] == pytest.approx([0.08 * n for n in range(5)])
    assert [number_of(frame) for frame in frames] == list(range(5))
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_mp4_pads_by_repeating_the_edge(tmp_path: Path) -> None:
    image = np.full((47, 63, 3), 200, np.uint8)
    with Mp4Writer(tmp_path / "out.mp4", 10, 63, 47) as writer:
        writer.write(image)
    [frame] = open_source(tmp_path / "out.mp4")
    assert np.abs(frame.image.astype(int) - 200).max() < 10


def test_mp4_can_play_while_it_loads(picture: PictureOf, tmp_path: Path) -> None:
    with Mp4Writer(tmp_path / "out.mp4", 10, 64, 48) as writer:
        writer.write(picture(0))
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_mp4_replaces_an_older_one_only_when_whole(picture: PictureOf, tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")
    with Mp4Writer(path, 10, 64, 48) as writer:
        writer.write(picture(0))
        assert path.read_bytes() == b"older"
    assert path.read_bytes() != b"older"


def test_mp4_is_removed_after_an_exception(picture: PictureOf, tmp_path: Path) -> None:
    def interrupted() -> None:
        with Mp4Writer(tmp_path / "out.mp4", 10, 64, 48) as writer:
            writer.write(picture(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_mp4_without_pictures_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no picture was given"),
        Mp4Writer(tmp_path / "out.mp4", 10, 64, 48),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_mp4_in_no_folder_is_refused_before_any_picture(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none" / "out.mp4"
    with (
        pytest.raises(OutputError, match=r"out\.mp4: cannot be written"),
        Mp4Writer(path, 10, 64, 48),
    ):
        pytest.fail("the writer must not open")
    assert capfd.readouterr() == ("", "")


def write_noise(path: Path, count: int) -> None:
    with Mp4Writer(path, 10, 256, 256) as writer:
        for image in noise(count, 256, 256):
            writer.write(image)


@pytest.mark.parametrize("count", [1, 60], ids=["at the end", "on the way"])
def test_mp4_on_a_full_disk_is_refused(
    count: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with small_disk(), pytest.raises(OutputError, match=r"out\.mp4: cannot be written"):
        write_noise(tmp_path / "out.mp4", count)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((48, 65, 3), np.uint8), id="size"),
        pytest.param(np.zeros((48, 64), np.uint8), id="grey"),
        pytest.param(np.zeros((48, 64, 3), np.float32), id="type"),
    ],
)
def test_mp4_takes_only_its_pictures(image: np.ndarray[Any, Any], tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="expected uint8"),
        Mp4Writer(tmp_path / "out.mp4", 10, 64, 48) as writer,
    ):
        writer.write(image)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_rate_must_be_one(fps: float, picture: PictureOf, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fps"):
        Mp4Writer(tmp_path / "out.mp4", fps, 64, 48)
    with pytest.raises(ValueError, match="fps"):
        write_gif(tmp_path / "out.gif", [picture(0)], fps)


def test_size_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0x48"):
        Mp4Writer(tmp_path / "out.mp4", 10, 0, 48)


def test_gif_reads_back_at_its_rate(
    picture: PictureOf, number_of: Callable[[Frame], int], tmp_path: Path
) -> None:
    path = tmp_path / "out.gif"
    write_gif(path, (picture(number) for number in range(10)), 12)
    frames = list(open_source(path))
    assert [number_of(frame) for frame in frames] == list(range(10))
    wanted = [n / 12 for n in range(10)]
    assert [frame.time_s for frame in frames] == pytest.approx(wanted, abs=0.0051)
    with Image.open(path) as image:
        assert image.info["loop"] == 0
    assert [file.name for file in tmp_path.iterdir()] == ["out.gif"]


def test_gif_too_fast_for_viewers_is_refused(picture: PictureOf, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 50"):
        write_gif(tmp_path / "out.gif", [picture(0)], 51)


def test_gif_of_two_sizes_is_refused(picture: PictureOf, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one size"):
        write_gif(tmp_path / "out.gif", [picture(0), picture(1, 96, 64)], 10)


def test_gif_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no picture was given"):
        write_gif(tmp_path / "out.gif", [], 10)


def test_gif_on_a_full_disk_is_refused(tmp_path: Path) -> None:
    with small_disk(), pytest.raises(OutputError, match="cannot be written"):
        write_gif(tmp_path / "out.gif", noise(3, 256, 256), 10)
    assert list(tmp_path.iterdir()) == []


def test_gif_in_no_folder_is_refused(picture: PictureOf, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_gif(tmp_path / "none" / "out.gif", [picture(0)], 10)


def test_gif_interrupted_leaves_nothing(
    picture: PictureOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(_: object, path: Path, **__: object) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_gif(tmp_path / "out.gif", [picture(0)], 10)
    assert list(tmp_path.iterdir()) == []
