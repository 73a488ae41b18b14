"""From a video of any length, cadence and shape to the 36 frames that a clip is made of.

A video is sampled by capture time at the model's cadence, one frame every 5 s; of the longest
stretch without a gap the middle 36 frames are the clip. A shorter stretch is spread over the 36
places, a frame filling as many neighbouring places as needed: then every segment of the training
and every phase of the test takes just the frame that ``stcnet score`` takes of the short clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stcnet.datasets.cells.records import CLIP_FRAMES, FRAME_INTERVAL_S
from stcnet.errors import DataError, ZoneError
from stcnet.preprocess import centred_square, crop_and_resize
from stcnet.types import Picture, PixelBox, Zone
from stcnet.video import FrameSource, Sample, SourceInfo, open_source, require_cadence
from stcnet.wording import counted

LEAST_FRAMES = CLIP_FRAMES // 2
"""A clip of fewer frames at the cadence shows too little of a plume's motion."""

MOST_FRAMES = 3 * CLIP_FRAMES
"""A video of more is too long for one label to hold all through it."""

LEAST_SIDE = 16
"""Pixels; a smaller picture or zone shows no smoke."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What a video holds for a clip.

    Attributes:
        frames: Frames at the model's cadence in the longest stretch without a gap.
        span_s: World seconds from the video's first frame to the last one sampled.
        interval_s: World seconds between the video's own frames, where they were declared or its
            file name tells them.
        width, height: Of the whole picture, in pixels.
    """

    frames: int
    span_s: float
    interval_s: float | None
    width: int
    height: int


def look_at(path: Path, interval_s: float | None, zone: Zone | None) -> Footage:
    """Decode a video as :func:`read_clip` does, to see whether it can be used.

    Raises:
        DataError: It is too short, too long or too small, or the zone does not lie in it.
        SourceError: It cannot be decoded, or its frames are too far apart.
    """
    with _opened(path, interval_s) as source:
        info = source.info
        _placed(zone, info, path)
        longest, run, span_s = 0, 0, 0.0
        for sample in _samples(source, path):
            run = 1 if sample.after_gap else run + 1
            longest = max(longest, run)
            span_s = sample.frame.time_s
        _require_length(longest, span_s, info, path)
    return Footage(longest, span_s, info.frame_interval_s, info.width, info.height)


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrames:
    """The frames of a clip.

    Attributes:
        frames: RGB, uint8, shape (36, size, size, 3).
        first_s, last_s: World seconds from the video's first frame to the clip's first and last.
    """

    frames: Picture
    first_s: float
    last_s: float


def read_clip(path: Path, interval_s: float | None, zone: Zone | None, size: int) -> ClipFrames:
    """The 36 frames of a clip.

    Args:
        path: The video.
        interval_s: World seconds between its frames; None to go by its timestamps.
        zone: The part of the picture, squeezed into the square; None for the centred square.
        size: Side in pixels.

    Raises:
        DataError: It is too short, too long or too small, or the zone does not lie in it.
        SourceError: It cannot be decoded, or its frames are too far apart.
    """
    with _opened(path, interval_s) as source:
        box = _placed(zone, source.info, path)
        longest: list[tuple[float, Picture]] = []
        run: list[tuple[float, Picture]] = []
        span_s = 0.0
        for sample in _samples(source, path):
            span_s = sample.frame.time_s
            run = [] if sample.after_gap else run
            run.append((span_s, crop_and_resize(sample.frame.image, box, size)))
            longest = run if len(run) > len(longest) else longest
        _require_length(len(longest), span_s, source.info, path)
    times_s, pictures = zip(*(longest[p] for p in clip_positions(len(longest))), strict=True)
    return ClipFrames(np.stack(pictures), times_s[0], times_s[-1])


def clip_positions(count: int) -> list[int]:
    """Which of ``count`` frames at the cadence stand in the 36 places of a clip.

    >>> clip_positions(40)[0], clip_positions(40)[-1]
    (2, 37)
    >>> clip_positions(18)[:5]
    [0, 0, 1, 1, 2]
    """
    if count >= CLIP_FRAMES:
        first = (count - CLIP_FRAMES) // 2
        return list(range(first, first + CLIP_FRAMES))
    return [(2 * place + 1) * count // (2 * CLIP_FRAMES) for place in range(CLIP_FRAMES)]


@contextmanager
def _opened(path: Path, interval_s: float | None) -> Iterator[FrameSource]:
    if not path.is_file():
        raise DataError("the video is missing", where=path)
    with open_source(path, frame_interval_s=interval_s) as source:
        require_cadence(source, FRAME_INTERVAL_S)
        yield source


def _placed(zone: Zone | None, info: SourceInfo, path: Path) -> PixelBox:
    """The rectangle of a clip in its picture."""
    try:
        box = zone.to_pixels(info.width, info.height) if zone else None
    except ZoneError as error:
        raise DataError(str(error), where=path) from None
    box = box or centred_square(info.width, info.height)
    if min(box.width, box.height) < LEAST_SIDE:
        raise DataError(
            "the zone is too small" if zone else "the picture is too small",
            where=path,
            got=f"{box.width}x{box.height} pixels",
            allowed=f"sides of {LEAST_SIDE} pixels or more",
        )
    return box


def _samples(source: FrameSource, path: Path) -> Iterator[Sample]:
    for count, sample in enumerate(source.sampled(FRAME_INTERVAL_S), start=1):
        if count > MOST_FRAMES:
            raise DataError(
                "the video is too long for one label",
                where=path,
                got=f"over {MOST_FRAMES * FRAME_INTERVAL_S:g} s",
                allowed=f"about {CLIP_FRAMES * FRAME_INTERVAL_S:g} s",
                hint="cut it into clips with stcnet data cut",
            )
        yield sample


def _require_length(count: int, span_s: float, info: SourceInfo, path: Path) -> None:
    if count >= LEAST_FRAMES:
        return
    given = counted(count, "frame")
    raise DataError(
        f"the video is too short: it gives {given}, one every {FRAME_INTERVAL_S:g} s",
        where=path,
        got=f"{info.frame_count or 'some'} frames over {span_s:.1f} s",
        allowed=f"{LEAST_FRAMES} or more",
        hint=None
        if info.frame_interval_s
        else "if it is a time-lapse, give the world time between its frames with --interval",
    )
