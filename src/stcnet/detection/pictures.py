"""The second pass over a source: the annotated video and the picture of each episode's peak."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import cv2
import numpy as np

from stcnet.detection.moments import ZoneMoments, ZoneTrace
from stcnet.detection.progress import Progress, silent
from stcnet.detection.samples import samples_of
from stcnet.preprocess import crop
from stcnet.reports import PeakPicture, annotate_frame, heat_overlay
from stcnet.reports.wording import clock
from stcnet.types import Span
from stcnet.video import Mp4Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stcnet.detection.record import Detection
    from stcnet.types import Episode, FloatArray, Frame, Picture, PixelBox
    from stcnet.video import FrameSource

DRAWING = "drawing"
"""The stage of the second pass, as progress names it."""

OVERLAY_FPS = 12
"""Sampled frames a second of playback: at the 5 s cadence a minute of the world a second."""

AXIS_S = 3600.0
"""The traces of the annotated video show the whole source up to this length, then the last hour."""

PEAK_SIDE = 640
"""Longest side in pixels to which the picture of a peak is shrunk while it waits."""


def draw_pictures(
    source: FrameSource,
    detection: Detection,
    interval_s: float,
    *,
    overlay: Path | None = None,
    progress: Progress = silent,
) -> dict[Episode, PeakPicture]:
    """Read the source again and draw what was found.

    The pictures are those that were judged. In the annotated video each shows, for every zone,
    the probability of the window that speaks for its moment, and during an episode where in the
    picture that window's score comes from.

    Args:
        source: The source that was judged.
        detection: What was found in it.
        interval_s: The cadence at which it was sampled, in seconds.
        overlay: Where to write the annotated video (MP4); None for none.
        progress: Told of each sampled frame.

    Returns:
        A picture of each episode's peak.

    Raises:
        SourceError: The source cannot be read again.
        OutputError: The video cannot be written.
    """
    moments = [ZoneMoments(detection, zone) for zone in detection.zones]
    peaks = _Peaks(detection, moments)
    frames = peaks.watch(_frames(source, detection, interval_s, progress))
    if overlay is not None:
        _write_video(overlay, _annotated(frames, detection, moments))
    elif detection.episodes:
        for _ in frames:
            pass
    return peaks.pictures


def _frames(
    source: FrameSource, detection: Detection, interval_s: float, progress: Progress
) -> Iterator[Frame]:
    for sample in samples_of(source, interval_s, stabilised=detection.stabilised):
        yield sample.frame
        progress(DRAWING, sample.frame.time_s, detection.source.duration_s)


class _Peaks:
    """Picks the frame nearest to each episode's peak as the frames go by."""

    def __init__(self, detection: Detection, moments: Iterable[ZoneMoments]) -> None:
        self.pictures: dict[Episode, PeakPicture] = {}
        self._wanted: dict[float, list[tuple[Episode, PixelBox, FloatArray]]] = {}
        times_s = np.asarray(detection.times_s)
        for each in moments:
            for episode, activation in each.peaks():
                time_s = float(times_s[np.abs(times_s - episode.peak_s).argmin()])
                wanted = (episode, each.zone.box, activation)
                self._wanted.setdefault(time_s, []).append(wanted)

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            for episode, box, activation in self._wanted.get(frame.time_s, ()):
                image = shrunk(crop(frame.image, box))
                self.pictures[episode] = PeakPicture(image, activation, frame.time_s)
            yield frame


def shrunk(image: Picture) -> Picture:
    """A copy that does not hold on to the whole frame, at most ``PEAK_SIDE`` pixels long."""
    height, width = image.shape[:2]
    scale = PEAK_SIDE / max(height, width)
    if scale >= 1:
        return image.copy()
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _annotated(
    frames: Iterable[Frame], detection: Detection, moments: Iterable[ZoneMoments]
) -> Iterator[Picture]:
    traces = [ZoneTrace(each, AXIS_S) for each in moments]
    for frame in frames:
        image, states = frame.image, []
        for trace in traces:
            state, activation = trace.advance(frame.time_s)
            states.append(state)
            if activation is not None:
                image = heat_overlay(image, activation, state.box)
        moment = clock(detection.source.moment(frame.time_s), frame.time_s)
        axis = shown_stretch(frame.time_s, detection.source.duration_s)
        yield annotate_frame(image, states, moment, axis, detection.settings.on_threshold)


def shown_stretch(time_s: float, duration_s: float) -> Span:
    """The stretch of time that the traces show at a moment."""
    if duration_s <= AXIS_S or time_s <= AXIS_S:
        return Span(0.0, min(duration_s, AXIS_S))
    return Span(time_s - AXIS_S, time_s)


def _write_video(path: Path, pictures: Iterator[Picture]) -> None:
    first = next(pictures)
    height, width = first.shape[:2]
    with Mp4Writer(path, OVERLAY_FPS, width, height) as writer:
        for picture in chain([first], pictures):
            writer.write(picture)
