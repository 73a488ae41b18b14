"""A tiny model and a short time-lapse on disk, and a way to run the command as a user does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from stcnet.cli import main
from stcnet.video import Mp4Writer
from tiny_model import make_parts

WIDTH, HEIGHT, FRAMES = 64, 48, 12

NOTICES = ("warning: ", "judging ...", "drawing ...")


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on standard error besides progress and warnings."""
        return [line for line in self.err.splitlines() if not line.startswith(NOTICES)]


Run: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs ``stcnet`` with the given arguments in this process."""

    def invoke(*arguments: object) -> Outcome:
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return invoke


def write_video(path: Path, frames: int = FRAMES, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """A time-lapse in which a grey patch grows, played at 12 frames a second."""
    width, height = size
    with Mp4Writer(path, 12, width, height) as writer:
        for number in range(frames):
            image = np.full((height, width, 3), 90, np.uint8)
            image[: height // 2, : 2 * number] = 200
            writer.write(image)
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model package of windows of 8 frames, one every 5 s."""
    path = tmp_path_factory.mktemp("model") / "tiny.stcnet"
    make_parts().write(path)
    return path


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames, 64x48 pixels; a time-lapse of one frame every 5 s that does not say so."""
    return write_video(tmp_path_factory.mktemp("video") / "gate.mp4")
