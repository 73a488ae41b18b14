"""Decoding a video file frame by frame, with whatever damage it has counted and survived."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from stcnet.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from stcnet.types import Picture

PICTURE_SUFFIXES = frozenset(
    {
        *(".avif", ".bmp", ".dib", ".gif", ".heic", ".jfif", ".jpeg", ".jpg", ".jp2"),
        *(".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
    }
)
"""Suffixes, in lower case, by which files are taken for pictures."""

_FALLBACK_RATE = Fraction(25)
"""Frames a second where a file has neither timestamps nor a rate, as FFmpeg assumes."""

_ANY_METADATA: dict[str, Any] = (
    {"metadata_errors": "surrogateescape"} if hasattr(InputContainer, "metadata_errors") else {}
)
"""Opens files whose metadata is not UTF-8: PyAV does so by itself since 19, on demand before."""


@dataclass(slots=True)
class Damage:
    """What could not be used while a file was decoded.

    Attributes:
        frames: Frames that did not decode or decoded with errors.
        broken_off: Whether reading ended with an error instead of the end of the file.
    """

    frames: int = 0
    broken_off: bool = False


@contextmanager
def opened_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the pictures of a video file for decoding; closed on leaving.

    Raises:
        SourceError: The file cannot be read, is no video, has sound only, or is one picture.
    """
    with _container(path) as container:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise SourceError(
                "has no pictures" + (", only sound" if container.streams.audio else ""),
                where=path,
                hint="give a video",
            )
        _refuse_still(path, container, streams[0])
        streams[0].thread_type = "AUTO"
        yield container, streams[0]


def _container(path: Path) -> InputContainer:
    try:
        # The prefix keeps FFmpeg from reading a protocol or a pattern into the name.
        container: InputContainer = av.open(f"file:{path}", mode="r", **_ANY_METADATA)
    except (FFmpegError, OSError) as error:
        raise SourceError(
            "cannot be read as a video", where=path, got=error.strerror, hint=_advice(path)
        ) from error
    return container


def _advice(path: Path) -> str:
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    if is_mp4:
        return "its index is missing, as when a recording or copy was cut off; copy it again"
    return "give a video, a GIF or a folder of pictures"


def _refuse_still(path: Path, container: InputContainer, stream: VideoStream) -> None:
    kind = container.format.name
    if kind == "tty":
        raise SourceError("is a text, not a video", where=path, hint="give a video")
    one_picture = stream.frames == 1 and path.suffix.lower() in PICTURE_SUFFIXES
    if one_picture or kind == "image2" or kind.endswith("_pipe"):
        raise SourceError(
            "is a single picture, but smoke is judged by how it moves",
            where=path,
            hint="give a video, a GIF or a folder of pictures",
        )


def decoded(packets: Iterable[Packet[VideoStream]], damage: Damage) -> Iterator[VideoFrame | None]:
    """Decode packets one by one; damaged frames come as None and are counted.

    Args:
        packets: The packets of one stream in file order, ending with its flush packet.
        damage: Counts what cannot be used.

    Yields:
        A frame, or None in the place of one that is damaged.
    """
    for packet in _until_broken(packets, damage):
        try:
            frames: list[VideoFrame | None] = list(packet.decode())
        except FFmpegError:
            frames = [None]
        for frame in frames:
            usable = frame is not None and not frame.is_corrupt
            damage.frames += not usable
            yield frame if usable else None


def _until_broken(
    packets: Iterable[Packet[VideoStream]], damage: Damage
) -> Iterator[Packet[VideoStream]]:
    try:
        yield from packets
    except FFmpegError:
        damage.broken_off = True


def stamp_s(frame: VideoFrame) -> Fraction | None:
    """Presentation timestamp of a frame in seconds, None where it has none."""
    if frame.pts is None or not frame.time_base:
        return None
    return frame.pts * frame.time_base


def upright(frame: VideoFrame) -> Picture:
    """The picture of a frame as RGB of shape (H, W, 3), turned as its metadata says."""
    image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    quarter_turns = _quarter_turns(frame)
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image


def upright_size(frame: VideoFrame) -> tuple[int, int]:
    """Width and height in pixels that :func:`upright` gives."""
    turned = _quarter_turns(frame) % 2
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


def _quarter_turns(frame: VideoFrame) -> int:
    return round(frame.rotation / 90) % 4


def frame_step_s(stream: VideoStream) -> Fraction:
    """Usual seconds between frames, from the rate that the file declares."""
    return 1 / (stream.average_rate or _FALLBACK_RATE)


def counted_frames(path: Path) -> tuple[int, Fraction]:
    """Count the frames of a file by its packets, without decoding.

    Returns:
        The number of frames, and the seconds from the first one shown to the last one gone.
    """
    with opened_video(path) as (container, stream):
        spans = [
            (
                packet.pts * packet.time_base,
                (packet.pts + (packet.duration or 0)) * packet.time_base,
            )
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
    starts, ends = zip(*spans, strict=True) if spans else ((Fraction(0),), (Fraction(0),))
    return len(spans), max(ends) - min(starts)
