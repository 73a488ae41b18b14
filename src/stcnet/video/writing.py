"""Writing videos and GIFs: a file appears whole or not at all."""

from __future__ import annotations

import math
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import av
import numpy as np
from av.error import FFmpegError
from PIL import Image

from stcnet.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from stcnet.types import Picture

_FASTEST_GIF_FPS = 50


class Mp4Writer:
    """Writes pictures as an H.264 video that browsers play while it loads.

    The file is written beside its place and moved there when the ``with`` block ends well; after
    an exception nothing is left. H.264 wants even sizes: an odd edge is repeated by one pixel.

    Args:
        path: Where the video shall be; replaced if there is one.
        fps: Pictures a second of playback.
        width, height: Size of the pictures in pixels.
        repeatable: The same pictures give the same bytes each time, in a larger file. Otherwise
            they may not: in small pictures the lookahead of x264 reads memory before it is written.

    Raises:
        OutputError: The video cannot be written there, or no picture was given.
        ValueError: ``fps`` is not above zero and finite, or a size is below one pixel.
    """

    def __init__(
        self, path: Path, fps: float, width: int, height: int, *, repeatable: bool = False
    ) -> None:
        _require_rate(fps)
        if width < 1 or height < 1:
            raise ValueError(f"a picture of {width}x{height} pixels cannot be written")
        self._path = path
        self._partial = _sibling(path)
        self._rate = Fraction(fps).limit_denominator(1001)
        self._shape = (height, width, 3)
        self._preset = "superfast" if repeatable else "veryfast"  # the former does not look ahead
        self._count = 0
        self._container: OutputContainer
        self._stream: VideoStream

    def __enter__(self) -> Self:
        with _reported(self._path, self._partial):
            self._container = av.open(
                f"file:{self._partial}", "w", format="mp4", options={"movflags": "+faststart"}
            )
            self._stream = self._new_stream()
            self._container.start_encoding()
        return self

    def _new_stream(self) -> VideoStream:
        height, width, _ = self._shape
        stream = self._container.add_stream(
            "libx264", rate=self._rate, options={"preset": self._preset, "crf": "20"}
        )
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        return stream

    def write(self, image: Picture) -> None:
        """Append an RGB picture, uint8, shape (height, width, 3).

        Raises:
            ValueError: The picture has another shape or type.
            OutputError: It cannot be written; what was written is removed.
        """
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ValueError(f"expected uint8 {self._shape}, got {image.dtype} {image.shape}")
        height, width, _ = self._shape
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        frame.pts = self._count
        frame.time_base = 1 / self._rate
        with _reported(self._path, self._partial):
            self._container.mux(self._stream.encode(frame))
        self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        else:
            self._discard()

    def _finish(self) -> None:
        if self._count == 0:
            self._discard()
            raise OutputError("no picture was given to write", where=self._path)
        with _reported(self._path, self._partial):
            self._container.mux(self._stream.encode())
            self._container.close()
            self._partial.replace(self._path)

    def _discard(self) -> None:
        try:
            self._container.close()
        except (FFmpegError, OSError):
            pass  # the disk is full or gone, and the file is not wanted
        finally:
            self._partial.unlink(missing_ok=True)


def write_gif(path: Path, frames: Iterable[Picture], fps: float) -> None:
    """Write RGB pictures, uint8, shape (H, W, 3), as a GIF that repeats for ever.

    GIF counts hundredths of a second: the delays alternate so that the rate holds on average. The
    pictures are all held in memory.

    Args:
        path: Where the GIF shall be; replaced if there is one, only once it is written whole.
        frames: At least one picture, all of one size.
        fps: Pictures a second, at most 50 since viewers slow down what is faster.

    Raises:
        OutputError: The GIF cannot be written there, or no picture was given.
        ValueError: ``fps`` is out of range, or the pictures differ in size.
    """
    _require_rate(fps)
    if fps > _FASTEST_GIF_FPS:
        raise ValueError(f"a GIF shows at most {_FASTEST_GIF_FPS} pictures a second, got {fps}")
    pictures = [Image.fromarray(frame) for frame in frames]
    if not pictures:
        raise OutputError("no picture was given to write", where=path)
    if len({picture.size for picture in pictures}) > 1:
        raise ValueError("the pictures of a GIF must have one size")
    ends = [round(100 * number / fps) for number in range(len(pictures) + 1)]
    delays_ms = [10 * int(delay) for delay in np.diff(ends)]
    partial = _sibling(path)
    with _reported(path, partial):
        pictures[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=delays_ms,
            loop=0,
        )
        partial.replace(path)


def _sibling(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")


def _require_rate(fps: float) -> None:
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be above zero and finite, got {fps}")


@contextmanager
def _reported(path: Path, partial: Path) -> Iterator[None]:
    """Turn a failing write into an OutputError and leave nothing behind."""
    try:
        yield
    except (FFmpegError, OSError) as error:
        partial.unlink(missing_ok=True)
        raise OutputError(
            "cannot be written",
            where=path,
            got=error.strerror or error,
            hint="give a folder that exists, may be written to and has room",
        ) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
