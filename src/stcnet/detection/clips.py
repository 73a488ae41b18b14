"""One verdict for one clip, as the paper gives it, in memory that does not grow with the clip."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stcnet.detection.samples import held_frames
from stcnet.detection.zones import place_zones
from stcnet.errors import SourceError
from stcnet.inference import ClipScorer
from stcnet.preprocess import crop_and_resize, phase_indices
from stcnet.reports.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stcnet.inference import Manifest, ModelPackage, Sampling
    from stcnet.types import Frame, Picture, PixelBox, Verdict, Zone
    from stcnet.video import FrameSource, SourceInfo

logger = logging.getLogger(__name__)

MOST_FRAMES = 10_000
"""A clip of more frames is refused."""

MOST_WINDOWS = 3.0
"""A clip that spans more windows of the model than this, in world time, is refused."""

LEAST_WINDOWS = 0.5
"""A clip that spans less of a window, in world time, gets a warning."""

MOST_SURE_WINDOWS = 1.5
"""A clip that spans more gets one too: the frames compared lie further apart by as much."""


def score_clip(
    source: FrameSource,
    package: ModelPackage,
    zone: Zone | None = None,
    *,
    stabilise: bool = False,
    threads: int | None = None,
) -> Verdict:
    """Judge a clip as a whole: the verdict of :class:`~stcnet.inference.ClipScorer` on its frames.

    Only the frames that the network sees are kept, at the size it sees them. Which ones depends
    on the number of frames in the clip: a video that has another number than it declares is read
    twice.

    Args:
        source: The clip, its frames evenly spaced.
        package: The model.
        zone: Part of the picture to judge; None for its centred square.
        stabilise: Hold the picture of a shaking camera still before it is judged.
        threads: Threads to use; None for one a core available to this process.

    Raises:
        SourceError: The clip has too few frames or too many, spans too long, or cannot be read.
        ZoneError: The zone does not lie in the picture.
        ScoringError: The network gives values that are not finite.
        PackageError: ONNX Runtime refuses the model.
    """
    clip = read_clip(source, package.manifest, zone, stabilise=stabilise)
    return ClipScorer(package, threads=threads).score(clip.frames)


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrames:
    """The frames of a clip that the network sees.

    Attributes:
        frames: Cut out and scaled: RGB, uint8, shape (N, S, S, 3).
        times_s: Capture time of each, in seconds since the first frame of the clip.
    """

    frames: Picture
    times_s: tuple[float, ...]


def read_clip(
    source: FrameSource,
    manifest: Manifest,
    zone: Zone | None = None,
    *,
    stabilise: bool = False,
) -> ClipFrames:
    """The frames of a clip that :func:`score_clip` judges.

    Args:
        source: The clip, its frames evenly spaced.
        manifest: Of the model.
        zone: Part of the picture to judge; None for its centred square.
        stabilise: Hold the picture of a shaking camera still.

    Raises:
        SourceError: The clip has too few frames or too many, spans too long, or cannot be read.
        ZoneError: The zone does not lie in the picture.
    """
    placed = place_zones([zone] if zone else [], source.info)[0]
    clip = _read(source, placed.box, manifest, stabilise)
    _warn_of_span(source.info, clip, manifest.sampling)
    return ClipFrames(np.stack(clip.frames), tuple(clip.times_s))


@dataclass(frozen=True, slots=True, eq=False)
class _Clip:
    """What was kept of a clip, and how many frames and seconds it has in all."""

    frames: list[Picture]
    times_s: list[float]
    count: int
    span_s: float


def _read(source: FrameSource, box: PixelBox, manifest: Manifest, stabilise: bool) -> _Clip:
    def kept(count: int) -> _Clip:
        frames = held_frames(source) if stabilise else iter(source)
        return _kept(frames, source.info, box, manifest, count)

    declared = source.info.frame_count or 0
    clip = kept(declared)
    if clip.count != declared:
        clip = kept(clip.count)
    if clip.count < manifest.sampling.phase_frames:
        raise SourceError(
            "the clip has too few frames",
            where=source.info.name,
            got=clip.count,
            allowed=f"{manifest.sampling.phase_frames} or more",
            hint="give a longer clip",
        )
    return clip


def _kept(
    given: Iterator[Frame], info: SourceInfo, box: PixelBox, manifest: Manifest, count: int
) -> _Clip:
    """Read the clip, keeping the frames that the network sees if it has ``count`` of them."""
    wanted = _wanted(count, manifest.sampling)
    frames: list[Picture] = []
    times_s: list[float] = []
    position, time_s = -1, 0.0
    for position, frame in enumerate(given):
        time_s = frame.time_s
        _require_clip(info, position, time_s, manifest.sampling)
        if position in wanted:
            frames.append(crop_and_resize(frame.image, box, manifest.input.size))
            times_s.append(time_s)
    return _Clip(frames, times_s, position + 1, time_s)


def _wanted(count: int, sampling: Sampling) -> set[int]:
    """Positions of the frames that a clip of ``count`` frames is judged by.

    The scorer, given these alone, takes the same ones for the same phases: from a clip longer
    than a window it needs exactly the frames of one window, from a shorter one all.
    """
    if count <= sampling.window_frames:
        return set(range(count))
    return set(phase_indices(count, sampling.phase_frames, sampling.stride).ravel().tolist())


def _require_clip(info: SourceInfo, position: int, time_s: float, sampling: Sampling) -> None:
    longest_s = MOST_WINDOWS * sampling.window_s
    if position >= MOST_FRAMES or time_s > longest_s:
        raise SourceError(
            "is too long to be judged as one clip",
            where=info.name,
            got=f"{position + 1} frames, {duration(time_s)}, and more",
            allowed=f"{MOST_FRAMES} frames, {duration(longest_s)}",
            hint="use stcnet detect",
        )


def _warn_of_span(info: SourceInfo, clip: _Clip, sampling: Sampling) -> None:
    if clip.span_s > MOST_SURE_WINDOWS * sampling.window_s:
        logger.warning(
            "%s: its frames span %s, the model is made for %s and was not trained to compare "
            "frames so far apart; stcnet detect judges long recordings part by part",
            *(info.name, duration(clip.span_s), duration(sampling.window_s)),
        )
    if clip.span_s < LEAST_WINDOWS * sampling.window_s:
        logger.warning(
            "%s: its frames span %s, the model is made for %s; if it is a time-lapse, give the "
            "time between its frames with --frame-interval",
            *(info.name, duration(clip.span_s), duration(sampling.window_s)),
        )
