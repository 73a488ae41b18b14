"""Video files and GIFs as frame sources."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from stcnet.errors import SourceError
from stcnet.types import Frame
from stcnet.video.clocks import Clock, IntervalClock, StampClock, without_leaps
from stcnet.video.decoding import (
    Damage,
    counted_frames,
    decoded,
    frame_step_s,
    opened_video,
    stamp_s,
    upright,
    upright_size,
)
from stcnet.video.rise_names import RiseName
from stcnet.video.source import RecordedSource, SourceInfo, SourceKind, Timing, name_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    video_frame: VideoFrame
    index: int
    time_s: float


class VideoFile(RecordedSource[_Shot]):
    """A video in any container that FFmpeg reads, or a GIF.

    Capture times are, in this order: a declared ``frame_interval_s``; the start and end in a RISE
    file name, the frames spread evenly between them; else the presentation timestamps, as seconds
    since the first frame. A creation date in the metadata is not taken for a capture time: editors
    and phones write other moments there.

    Damaged frames are left out; how many, and whether the file ends before its time, is logged as
    a warning when its end is reached.

    Args:
        path: The file.
        frame_interval_s: World seconds between consecutive frames of a time-lapse.

    Raises:
        SourceError: The file holds no video that can be decoded.
    """

    def __init__(self, path: Path, frame_interval_s: float | None = None) -> None:
        super().__init__()
        self._path = path
        rise = RiseName.parse(path.stem)
        self._rise = rise if rise and rise.duration_s > 0 and not frame_interval_s else None
        with opened_video(path) as (container, stream):
            first = next(filter(None, decoded(container.demux(stream), Damage())), None)
            if first is None:
                raise SourceError("holds no frame that can be decoded", where=path)
            width, height = upright_size(first)
            kind: SourceKind = "gif" if container.format.name == "gif" else "file"
            self._step_s = frame_step_s(stream)
            count, length_s = self._extent(kind, container, stream)
        interval_s = frame_interval_s or self._rise_interval_s(count)
        self._length_s = length_s
        self.info = SourceInfo(
            name=name_of(path),
            kind=kind,
            width=width,
            height=height,
            frame_count=count,
            duration_s=_world_s(interval_s, count, length_s),
            frame_interval_s=interval_s,
            started_at=self._rise.started_at if self._rise else None,
            timing=_timing(frame_interval_s, self._rise),
        )

    def _extent(
        self, kind: SourceKind, container: InputContainer, stream: VideoStream
    ) -> tuple[int | None, Fraction | None]:
        """Number of frames and seconds of playback, as far as they are known."""
        if kind == "gif" or (self._rise and not stream.frames):
            return counted_frames(self._path)
        length_s = Fraction(container.duration, av.time_base) if container.duration else None
        estimate = round(length_s / self._step_s) if length_s and stream.average_rate else None
        return stream.frames or estimate, length_s

    def _rise_interval_s(self, count: int | None) -> float | None:
        if self._rise is None or count is None or count < 2:
            return None
        return self._rise.duration_s / (count - 1)

    def _clock(self) -> Clock:
        if self.info.frame_interval_s is not None:
            return IntervalClock(self.info.frame_interval_s)
        return StampClock(self._step_s)

    def _shots(self) -> Generator[_Shot, None, None]:
        damage = Damage()
        clock = self._clock()
        last_stamp_s = Fraction(0)
        with opened_video(self._path) as (container, stream):
            usable = self._usable(container, stream, damage)
            stamped = ((entry, stamp_s(entry[1])) for entry in usable)
            for (position, video_frame), stamp in without_leaps(stamped):
                moment_s = clock.time_s(position, stamp)
                last_stamp_s = stamp or last_stamp_s
                if moment_s is not None:
                    self._require_size(video_frame, position)
                    yield _Shot(video_frame, position, moment_s)
            start_s = Fraction((stream.start_time or 0) * (stream.time_base or 0))
        self._report(damage, last_stamp_s - start_s)

    def _usable(
        self, container: InputContainer, stream: VideoStream, damage: Damage
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Undamaged frames and their positions, counted from the first of them."""
        first: int | None = None
        for position, frame in enumerate(decoded(container.demux(stream), damage)):
            if frame is not None:
                first = position if first is None else first
                yield position - first, frame

    def _frame(self, shot: _Shot) -> Frame:
        started_at = self.info.started_at
        captured_at = started_at and started_at + timedelta(seconds=shot.time_s)
        return Frame(upright(shot.video_frame), shot.index, shot.time_s, captured_at)

    def _require_size(self, video_frame: VideoFrame, position: int) -> None:
        width, height = upright_size(video_frame)
        if (width, height) != (self.info.width, self.info.height):
            raise SourceError(
                f"the picture size changes at frame {position}",
                where=self._path,
                got=f"{width}x{height}",
                allowed=f"{self.info.width}x{self.info.height} as in the first frame",
                hint="cut the video where the size changes",
            )

    def _report(self, damage: Damage, end_s: Fraction) -> None:
        if damage.frames:
            logger.warning("%s: %d damaged frames are left out", self._path, damage.frames)
        declared_s = self._length_s or Fraction(0)
        missing_s = declared_s - end_s - self._step_s
        if damage.broken_off or missing_s > max(3 * self._step_s, declared_s / 50):
            logger.warning(
                "%s: it declares %.1f s but its frames end at %.1f s; the rest may be cut off",
                *(self._path, declared_s, end_s),
            )


def _timing(frame_interval_s: float | None, rise: RiseName | None) -> Timing:
    if frame_interval_s is not None:
        return "declared"
    return "rise-name" if rise else "timestamps"


def _world_s(
    interval_s: float | None, count: int | None, length_s: Fraction | None
) -> float | None:
    if interval_s is not None:
        return None if count is None else interval_s * (count - 1)
    return None if length_s is None else float(length_s)
