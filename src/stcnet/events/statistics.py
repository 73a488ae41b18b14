"""Statistics in the manner of EPA Method 22: how long, how often, how much of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stcnet.errors import ScoringError
from stcnet.events.attribution import attribute_time, scores_by_zone
from stcnet.events.spans import gaps, intersection, total_s, union
from stcnet.types import Episode, Span, WindowScore

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Statistics:
    """Observation and emission of one zone, or of a camera. All times are in seconds.

    Attributes:
        observed_s: Time that some window speaks for.
        not_observed_s: Gaps in the observation between its first and its last moment.
        emission_s: Accumulated emission time: observed time within episodes.
        episodes: Number of episodes.
        longest_episode_s: Length of the longest episode, unobserved moments within it included.
        worst_hour: The rolling hour with the most emission (the earliest of equals), cut to the
            observation where that is shorter; None without emission. It may start at any second:
            no clock hour holds more emission.
        worst_hour_emission_s: Emission time in that hour.
    """

    observed_s: float
    not_observed_s: float
    emission_s: float
    episodes: int
    longest_episode_s: float
    worst_hour: Span | None
    worst_hour_emission_s: float

    @property
    def frequency(self) -> float:
        """Emission frequency: emission time as a share of the observed time, 0..1."""
        return self.emission_s / self.observed_s if self.observed_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of a whole observation.

    Attributes:
        camera: All zones together: the camera emits while any of its zones does, and observes
            while any of them is observed. Episodes that overlap or touch count as one.
        zones: Statistics of each zone, by name, in order of first appearance.
    """

    camera: Statistics
    zones: Mapping[str, Statistics]


def summarise(scores: Iterable[WindowScore], episodes: Iterable[Episode]) -> Summary:
    """Accumulate observation and emission of each zone and of the camera.

    Args:
        scores: Windows in order of time within each zone; zones may be interleaved.
        episodes: What :func:`stcnet.events.find_episodes` made of them.

    Raises:
        ScoringError: The scores cannot be laid on a timeline, or an episode belongs to a zone
            without scores.
    """
    observed = {
        zone: union(attribute_time(windows)) for zone, windows in scores_by_zone(scores).items()
    }
    smoking: dict[str, list[Span]] = {zone: [] for zone in observed}
    for episode in episodes:
        if episode.zone not in smoking:
            raise ScoringError(
                "an episode belongs to a zone without scores",
                where=f"zone {episode.zone}",
                allowed=", ".join(smoking) or "none",
            )
        smoking[episode.zone].append(episode.span)
    emission = {zone: intersection(observed[zone], union(smoking[zone])) for zone in observed}
    return Summary(
        camera=_statistics(_together(observed), _together(smoking), _together(emission)),
        zones={
            zone: _statistics(observed[zone], smoking[zone], emission[zone]) for zone in observed
        },
    )


def _together(zones: Mapping[str, Sequence[Span]]) -> list[Span]:
    return union(span for spans in zones.values() for span in spans)


def _statistics(
    observed: Sequence[Span], episodes: Sequence[Span], emission: Sequence[Span]
) -> Statistics:
    worst = _worst_hour(observed, emission)
    return Statistics(
        observed_s=total_s(observed),
        not_observed_s=total_s(gaps(observed)),
        emission_s=total_s(emission),
        episodes=len(episodes),
        longest_episode_s=max((span.duration_s for span in episodes), default=0.0),
        worst_hour=worst,
        worst_hour_emission_s=total_s(intersection(emission, [worst])) if worst else 0.0,
    )


def _worst_hour(observed: Sequence[Span], emission: Sequence[Span]) -> Span | None:
    """The hour with the most emission: one of those that start or end with a stretch of it."""
    if not emission:
        return None
    edges = np.array([[span.start_s, span.end_s] for span in emission]).ravel()
    durations = np.array([[0.0, span.duration_s] for span in emission]).ravel()
    accumulated = np.cumsum(durations)
    first, last = observed[0].start_s, observed[-1].end_s
    starts = np.unique(np.maximum(np.concatenate([edges[::2], edges[1::2] - HOUR_S]), first))
    within = np.interp(starts + HOUR_S, edges, accumulated) - np.interp(starts, edges, accumulated)
    # Rounded to the microsecond, so that among equals the earliest wins and not the float noise.
    start = float(starts[np.argmax(np.round(within, 6))])
    return Span(start, min(start + HOUR_S, last))
