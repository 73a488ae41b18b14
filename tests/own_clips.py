"""Small videos of own clips, whose frames can be told apart by their grey."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from stcnet.types import Picture
from stcnet.video import Mp4Writer

STEP = 5


def grey(number: int, width: int = 32, height: int = 32) -> Picture:
    """Frame ``number`` of 48: grey, the right half its negative."""
    image = np.full((height, width, 3), STEP * (number % 48), np.uint8)
    image[:, width // 2 :] = 255 - image[:, width // 2 :]
    return image


def write_clip(
    path: Path,
    frames: int = 36,
    *,
    first: int = 0,
    size: tuple[int, int] = (32, 32),
    fps: float = 12,
) -> Path:
    """A video of frames ``first``, ``first + 1`` and so on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Mp4Writer(path, fps, *size, repeatable=True) as writer:
        for number in range(first, first + frames):
            writer.write(grey(number, *size))
    return path


def write_stamped(path: Path, stamps_s: Sequence[int]) -> Path:
    """A video whose frames are shown at the given seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, second in enumerate(stamps_s):
            frame = av.VideoFrame.from_ndarray(grey(number), format="rgb24")
            frame.pts, frame.time_base = 1000 * second, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def numbers_of(frames: Picture) -> list[int]:
    """The numbers of frames of shape (N, H, W, 3), by the grey of their left edge."""
    return [round(float(np.median(frame[:, :4])) / STEP) for frame in frames]


class Lines(list[str]):
    """Collects what is left out, as the lines that a user sees."""

    def __call__(self, error: Exception) -> None:
        line = str(error)
        assert "\n" not in line
        self.append(line)
