"""Time to detection on long videos: how soon a known start of smoke raises an alarm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from stcnet.events import (
    EpisodeSettings,
    attribute_time,
    find_episodes,
    scores_by_zone,
    total_s,
    union,
)
from stcnet.types import Episode, Span, WindowScore

S_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Smoke that is known to have been there.

    Attributes:
        span: From its onset to its end, in seconds since the source's first frame.
        zone: Where; None: an alarm of any zone will do.
    """

    span: Span
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An episode as someone on watch gets to know it.

    Attributes:
        episode: With everything that hindsight adds.
        raised_s: When it was known: the end of the first window of smoke by which the episode had
            lasted as long as the shortest one that counts. In seconds since the first frame.
        windows: The windows whose time the episode covers.
    """

    episode: Episode
    raised_s: float
    windows: tuple[WindowScore, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """What became of one onset.

    Attributes:
        event: The smoke.
        raised_s: When the first alarm for it was raised; None: it was missed.
        delay_s: Seconds from the onset to that alarm. None for a miss, and where an alarm was up
            before the onset: it was raised for something else and says nothing of this smoke.
    """

    event: TrueEvent
    raised_s: float | None
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class WatchScores:
    """How a watch over a long video went.

    Attributes:
        detections: One for each event, in order of their onsets.
        alarms: Number of alarms raised.
        false_alarms: Number of them in whose windows there was no smoke at all.
        quiet_hours: Time whose windows held no smoke, in hours; of all zones together.
    """

    detections: tuple[Detection, ...]
    alarms: int
    false_alarms: int
    quiet_hours: float

    @property
    def missed(self) -> int:
        """Number of events without an alarm."""
        return sum(detection.raised_s is None for detection in self.detections)

    @property
    def median_delay_s(self) -> float:
        """Middle of the known delays in seconds, NaN where there is none."""
        known = [d.delay_s for d in self.detections if d.delay_s is not None]
        return median(known) if known else math.nan

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms in an hour of watching where nothing smokes; NaN without such time."""
        return self.false_alarms / self.quiet_hours if self.quiet_hours > 0 else math.nan


def judge_watch(
    scores: Iterable[WindowScore], events: Iterable[TrueEvent], settings: EpisodeSettings
) -> WatchScores:
    """Match the alarms that scores give with smoke that is known to have been there.

    An alarm is for an event where its episode overlaps it. It is false where none of its windows
    saw any smoke; an alarm that only trails an event, as its windows still hold the end of it, is
    neither.

    Args:
        scores: Windows in order of time within each zone.
        events: The truth, complete for the time that was watched.
        settings: Thresholds and lengths of an episode.

    Raises:
        ScoringError: The scores cannot be laid on a timeline.
    """
    windows = list(scores)
    known = sorted(events, key=lambda event: event.span.start_s)
    alarms = find_alarms(windows, settings)
    return WatchScores(
        tuple(_detection(event, alarms) for event in known),
        len(alarms),
        sum(not any(_saw(window, known) for window in alarm.windows) for alarm in alarms),
        total_s(union(_quiet_spans(windows, known))) / S_PER_HOUR,
    )


def find_alarms(scores: Sequence[WindowScore], settings: EpisodeSettings) -> list[Alarm]:
    """The alarms of all zones, in the order in which they were raised."""
    timed = {
        zone: list(zip(windows, attribute_time(windows), strict=True))
        for zone, windows in scores_by_zone(scores).items()
    }
    alarms = [
        _alarm(episode, timed[episode.zone], settings)
        for episode in find_episodes(scores, settings)
    ]
    return sorted(alarms, key=lambda alarm: alarm.raised_s)


def _alarm(
    episode: Episode, timed: Sequence[tuple[WindowScore, Span]], settings: EpisodeSettings
) -> Alarm:
    """The alarm of an episode; ``timed`` are the windows of its zone with the time of each."""
    start_s, end_s = episode.span.start_s, episode.span.end_s
    members = [
        (window, span) for window, span in timed if span.start_s >= start_s and span.end_s <= end_s
    ]
    raised_s = next(
        window.end_s
        for window, span in members
        if window.probability >= settings.off_threshold
        and span.end_s - start_s >= settings.shortest_s
    )
    return Alarm(episode, raised_s, tuple(window for window, _ in members))


def _detection(event: TrueEvent, alarms: Sequence[Alarm]) -> Detection:
    raised_s = next(
        (
            alarm.raised_s
            for alarm in alarms
            if event.zone in {None, alarm.episode.zone} and _meet(alarm.episode.span, event.span)
        ),
        None,
    )
    if raised_s is None or raised_s < event.span.start_s:
        return Detection(event, raised_s, None)
    return Detection(event, raised_s, raised_s - event.span.start_s)


def _quiet_spans(windows: Sequence[WindowScore], events: Sequence[TrueEvent]) -> Iterator[Span]:
    for members in scores_by_zone(windows).values():
        for window, span in zip(members, attribute_time(members), strict=True):
            if not _saw(window, events):
                yield span


def _saw(window: WindowScore, events: Sequence[TrueEvent]) -> bool:
    span = Span(window.start_s, window.end_s)
    return any(event.zone in {None, window.zone} and _meet(span, event.span) for event in events)


def _meet(first: Span, second: Span) -> bool:
    return first.start_s <= second.end_s and second.start_s <= first.end_s
