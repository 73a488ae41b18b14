"""Bad input: one clear line, exit code 2, no traceback, nothing left behind."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import av
import numpy as np
import pytest
from PIL import Image

from .conftest import HEIGHT, WIDTH, Run, write_video

Make = Callable[[Path], object]


def write_text(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


def write_truncated(path: Path) -> None:
    """An MP4 whose index, at its end, is cut off."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(12):
            frame = av.VideoFrame.from_ndarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def write_two_sizes(path: Path) -> None:
    path.mkdir()
    for number in range(10):
        Image.new("RGB", (WIDTH + 2 * (number > 5), HEIGHT)).save(path / f"{number}.png")


def write_broken_picture(folder: Path) -> None:
    folder.mkdir()
    write_text(folder / "1.png")


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        pytest.param("a.mp4", lambda path: None, "there is no such file or folder", id="missing"),
        pytest.param("a.mp4", Path.touch, "the file is empty", id="empty"),
        pytest.param("a.mp4", write_text, "", id="text renamed"),
        pytest.param("a.mp4", write_truncated, "", id="truncated"),
        pytest.param("a.m4a", write_sound, "", id="audio only"),
        pytest.param("a.mp4", lambda path: write_video(path, 7), "is shorter than a window of 35 s",
                     id="too few frames"),
        pytest.param("a", write_two_sizes, "differ in size", id="two sizes in a folder"),
        pytest.param("a", Path.mkdir, "holds no picture", id="empty folder"),
        pytest.param("a", write_broken_picture, "cannot be read", id="broken picture"),
    ],
)  # fmt: skip
def test_bad_sources(
    run: Run, model: Path, tmp_path: Path, name: str, make: Make, message: str
) -> None:
    source = tmp_path / name
    make(source)
    refused(run, tmp_path, source, "--model", model, message=message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--zone", "a=0,0,0,10"], "the zone has no area", id="zero-size zone"),
        pytest.param(["--zone", "a=60,0,10,10"], "reaches outside the picture", id="zone outside"),
        pytest.param(["--zone", "a=1,2,3"], "not of the form NAME=x,y,w,h", id="zone of 3 numbers"),
        pytest.param(["--zone", "a=0,0,9,9", "--zone", "a=9,9,9,9"], "have the same name",
                     id="duplicate zone names"),
        pytest.param(["--frame-interval", "5 weeks"], "--frame-interval: this is not a length",
                     id="frame interval"),
        pytest.param(["--frame-interval", "0s"], "not a length of time", id="no frame interval"),
        pytest.param(["--shortest", "long"], "--shortest: this is not a length", id="shortest"),
        pytest.param(["--merge-gap", "-1s"], "--merge-gap: this is not a length", id="merge gap"),
        pytest.param(["--threshold", "1.2"], "Invalid value for '--threshold'",
                     id="threshold above 1"),
        pytest.param(["--threshold", "0"], "--threshold: this is no prob", id="threshold zero"),
        pytest.param(["--threshold", "nan"], "Invalid value for", id="threshold nan"),
        pytest.param(["--threshold", "x"], "Invalid value for '--threshold'", id="no number"),
        pytest.param(["--off-threshold", "0.9"], "--off-threshold: episodes cannot end above",
                     id="thresholds in wrong order"),
    ],
)  # fmt: skip
def test_bad_options(
    run: Run, video: Path, model: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    common = (video, "--frame-interval", "5s", "--model", model)
    refused(run, tmp_path, *common, *options, message=message)


def test_streams_are_refused(run: Run, model: Path, tmp_path: Path) -> None:
    refused(run, tmp_path, "rtsp://me:secret@cam/1", "--model", model, message="record the stream")


def flipped(model: Path) -> bytes:
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    return bytes(data)


def test_a_flipped_byte_in_the_model(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    package = tmp_path / "flipped.stcnet"
    package.write_bytes(flipped(model))
    refused(run, tmp_path, video, "--frame-interval", "5s", "--model", package, message=package)


def test_a_model_that_is_not_a_zip(run: Run, video: Path, tmp_path: Path) -> None:
    package = tmp_path / "text.stcnet"
    write_text(package)
    message = "the file is not a zip"
    refused(run, tmp_path, video, "--frame-interval", "5s", "--model", package, message=message)


def test_a_zip_bomb_for_a_model(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    package = tmp_path / "bomb.stcnet"
    with ZipFile(model) as honest, ZipFile(package, "w", ZIP_DEFLATED) as bomb:
        for name in honest.namelist():
            bomb.writestr(name, bytes(1 << 26) if name == "manifest.json" else honest.read(name))
    message = "the member unpacks to too much"
    refused(run, tmp_path, video, "--frame-interval", "5s", "--model", package, message=message)


def test_an_output_folder_below_a_file(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    outcome = run(
        "detect", video, "--frame-interval", "5s", "--model", model, "--out", file / "out"
    )
    (error,) = outcome.errors
    assert outcome.code == 2
    assert "judging" not in outcome.err
    assert error.startswith(f"error: {file / 'out'}: the output folder cannot be written")
    assert list(tmp_path.iterdir()) == [file]


def refused(run: Run, folder: Path, *arguments: object, message: object) -> None:
    """Whether ``detect`` refuses in one line that holds ``message``, and leaves nothing."""
    before = sorted(folder.rglob("*"))
    outcome = run("detect", *arguments, "--out", folder / "deep" / "out")
    (error,) = outcome.errors
    assert outcome.code == 2
    assert outcome.out == ""
    assert error.startswith("error: ")
    assert str(message) in error
    assert "secret" not in error
    assert sorted(folder.rglob("*")) == before
