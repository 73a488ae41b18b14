"""Judging a recorded source: one pass, in memory that does not grow with its pictures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from stcnet.detection.cadence import sampling_for
from stcnet.detection.notices import kept_warnings
from stcnet.detection.progress import Progress, silent
from stcnet.detection.record import Detection
from stcnet.detection.samples import samples_of
from stcnet.detection.settings import episode_settings
from stcnet.detection.zones import place_zones
from stcnet.errors import SourceError
from stcnet.events import EpisodeSettings, find_episodes, summarise
from stcnet.inference import StreamScorer
from stcnet.reports import SourceFacts
from stcnet.reports.wording import duration
from stcnet.types import WindowScore
from stcnet.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stcnet.inference import ModelPackage, Sampling
    from stcnet.reports import ReportZone
    from stcnet.types import FloatArray, Picture, Zone
    from stcnet.video import FrameSource, Sample, SourceInfo

JUDGING = "judging"
"""The stage of the first pass, as progress names it."""


def detect(
    source: FrameSource,
    package: ModelPackage,
    zones: Sequence[Zone] = (),
    settings: EpisodeSettings | None = None,
    *,
    stabilise: bool = False,
    progress: Progress = silent,
    threads: int | None = None,
) -> Detection:
    """Find the episodes of smoke in a recorded source.

    Frames are taken at the model's cadence by capture time, or at the nearest that a source with
    rarer frames allows (:func:`~stcnet.detection.cadence.sampling_for`), and dropped once each zone
    has seen them. Of every window only its score and its small activation map are kept. A gap in
    the source starts all windows anew: none reaches across it.

    Args:
        source: A video or a folder of pictures: something that can be read more than once.
        package: The model.
        zones: Parts of the picture to judge; none for its centred square.
        settings: How scores become episodes; None for the model's thresholds.
        stabilise: Hold the picture of a shaking camera still before it is judged.
        progress: Told of each sampled frame.
        threads: Threads to use; None for one a core available to this process.

    Raises:
        SourceError: The frames lie further apart than the model can compare, no stretch of the
            source is as long as a window, or it cannot be read to its end.
        ZoneError: A zone does not lie in the picture, or two have one name.
        ScoringError: The network gives values that are not finite.
        PackageError: ONNX Runtime refuses the model.
    """
    settings = settings or episode_settings(package.calibration)
    with kept_warnings() as warnings:
        placed = place_zones(zones, source.info)
        sampling, native_s = sampling_for(source, package.manifest.sampling)
        run = _Pass([_ZoneJudge(zone, package, sampling, threads) for zone in placed])
        samples = samples_of(source, sampling.interval_s, stabilised=stabilise)
        run.take_all(samples, source.info.duration_s, progress)
    if run.view is None or not run.scores:
        raise _too_short(source.info, run, sampling)
    episodes = find_episodes(run.scores, settings)
    return Detection(
        source=_facts(source.info, run.times_s[-1], native_s),
        zones=placed,
        settings=settings,
        sampling=sampling,
        times_s=run.times_s,
        scores=run.scores,
        activations=run.activations,
        episodes=episodes,
        summary=summarise(run.scores, episodes),
        view=run.view,
        warnings=warnings,
        stabilised=stabilise,
    )


class _ZoneJudge:
    """Scores the windows of one zone and knows when their frames were taken."""

    def __init__(
        self, zone: ReportZone, package: ModelPackage, sampling: Sampling, threads: int | None
    ) -> None:
        self._name = zone.name
        self._scorer = StreamScorer(package, zone.box, threads=threads, sampling=sampling)
        self._times_s: deque[float] = deque(maxlen=sampling.window_frames)

    def take(self, sample: Sample) -> tuple[WindowScore, FloatArray] | None:
        """The score of the window that ends with this frame, once there is one."""
        if sample.after_gap:
            self._scorer.reset()
            self._times_s.clear()
        self._times_s.append(sample.frame.time_s)
        verdict = self._scorer.push(sample.frame.image)
        if verdict is None:
            return None
        first_s, last_s = self._times_s[0], self._times_s[-1]
        score = WindowScore(self._name, first_s, last_s, verdict.probability, verdict.logit)
        return score, verdict.activation


@dataclass(slots=True)
class _Pass:
    """What has been seen so far."""

    judges: Sequence[_ZoneJudge]
    times_s: list[float] = field(default_factory=list)
    scores: list[WindowScore] = field(default_factory=list)
    activations: list[FloatArray] = field(default_factory=list)
    view: Picture | None = None

    def take_all(
        self, samples: Iterable[Sample], duration_s: float | None, progress: Progress
    ) -> None:
        for sample in samples:
            self._take(sample)
            progress(JUDGING, sample.frame.time_s, duration_s)

    def _take(self, sample: Sample) -> None:
        self.times_s.append(sample.frame.time_s)
        if self.view is None:
            self.view = sample.frame.image.copy()
        for judge in self.judges:
            judged = judge.take(sample)
            if judged is not None:
                self.scores.append(judged[0])
                self.activations.append(judged[1])


def _facts(info: SourceInfo, end_s: float, native_s: float) -> SourceFacts:
    return SourceFacts(
        name=info.name,
        width=info.width,
        height=info.height,
        duration_s=end_s,
        frame_interval_s=native_s,
        started_at=info.started_at,
    )


def spacing_s(times_s: Sequence[float], sampling: Sampling) -> float:
    """Seconds between sampled frames, the median to a millisecond: a source may be off the cadence.

    With fewer than two frames it is that of the sampling.
    """
    if len(times_s) < 2:
        return sampling.interval_s
    return round(median(later - earlier for earlier, later in pairwise(times_s)), 3)


def _too_short(info: SourceInfo, run: _Pass, sampling: Sampling) -> SourceError:
    every_s = spacing_s(run.times_s, sampling)
    window_s = (sampling.window_frames - 1) * every_s
    window = f"{duration(window_s)} ({sampling.window_frames} frames)"
    if len(run.times_s) >= sampling.window_frames:
        return SourceError(
            f"no stretch between its gaps is as long as a window of {window}",
            where=info.name,
            hint="record without gaps, or declare the true --frame-interval of a time-lapse",
        )
    length_s = run.times_s[-1] if run.times_s else 0.0
    return SourceError(
        f"is shorter than a window of {window}",
        where=info.name,
        got=f"{duration(length_s)}, {counted(len(run.times_s), 'frame')} at one every "
        f"{every_s:g} s",
        hint="give a longer recording, or, for a time-lapse, its true --frame-interval, such as 5s",
    )
