"""Episodes of smoke: hysteresis over the scores of a zone, merging and a shortest length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stcnet.events.attribution import attribute_time, scores_by_zone
from stcnet.types import Episode, Span, WindowScore

OFF_SHARE = 0.8
"""Off-threshold as a share of the on-threshold, where only the latter is given."""


class EpisodeSettings(BaseModel):
    """How window scores become episodes. Thresholds are calibrated probabilities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # An even chance; a model package brings the threshold that suits its calibration.
    on_threshold: float = Field(
        default=0.5, gt=0, le=1, description="An episode starts at this probability of smoke."
    )
    # Below the on-threshold, so that a plume that flickers around it stays one episode.
    off_threshold: float = Field(
        default=0.4, ge=0, le=1, description="An episode ends below this probability of smoke."
    )
    # Three steps of 5 s: one or two windows that stand out alone are mostly noise.
    shortest_s: float = Field(
        default=15.0, ge=0, description="Episodes shorter than this many seconds are dropped."
    )
    # A puffing stack is one event to the person who is told of it.
    merge_gap_s: float = Field(
        default=60.0, ge=0, description="Episodes at most this many seconds apart become one."
    )

    @classmethod
    def for_threshold(cls, threshold: float) -> Self:
        """The default settings around a model's threshold, with 80 % of it to end an episode.

        >>> EpisodeSettings.for_threshold(0.6).off_threshold
        0.48
        """
        return cls(on_threshold=threshold, off_threshold=OFF_SHARE * threshold)

    @model_validator(mode="after")
    def _off_at_most_on(self) -> Self:
        if self.off_threshold > self.on_threshold:
            raise ValueError(
                f"off_threshold {self.off_threshold:g} is above on_threshold "
                f"{self.on_threshold:g}; allowed: at most on_threshold"
            )
        return self


@dataclass(frozen=True, slots=True)
class _Run:
    """Windows ``first..last`` (inclusive) of a zone."""

    first: int
    last: int


def find_episodes(scores: Iterable[WindowScore], settings: EpisodeSettings) -> list[Episode]:
    """The episodes of smoke in the scores of any number of zones.

    In each zone an episode starts with the first window at or above the on-threshold and goes on
    while windows are at or above the off-threshold. A gap in the observation longer than
    ``merge_gap_s`` ends it. Then episodes at most ``merge_gap_s`` apart are merged, and those
    shorter than ``shortest_s`` dropped. An episode spans the stretches its windows speak for
    (:func:`stcnet.events.attribute_time`), what lies between merged ones included.

    Args:
        scores: Windows in order of time within each zone; zones may be interleaved.
        settings: Thresholds and lengths.

    Returns:
        Episodes grouped by zone in order of first appearance, in order of time within a zone.

    Raises:
        ScoringError: The scores cannot be laid on a timeline (see :func:`attribute_time`).

    >>> scores = [WindowScore("gate", 10 * k, 10 * k + 10, p)
    ...           for k, p in enumerate([0.1, 0.9, 0.45, 0.45, 0.1])]
    >>> [episode.span for episode in find_episodes(scores, EpisodeSettings())]
    [Span(start_s=10.0, end_s=40.0)]
    """
    zones = scores_by_zone(scores)
    return [episode for windows in zones.values() for episode in _of_zone(windows, settings)]


def _of_zone(windows: Sequence[WindowScore], settings: EpisodeSettings) -> list[Episode]:
    spans = attribute_time(windows)
    runs = _merged(_hysteresis(windows, spans, settings), spans, settings.merge_gap_s)
    episodes = [_episode(windows, spans, run) for run in runs]
    return [episode for episode in episodes if episode.span.duration_s >= settings.shortest_s]


def _hysteresis(
    windows: Sequence[WindowScore], spans: Sequence[Span], settings: EpisodeSettings
) -> Iterator[_Run]:
    first: int | None = None
    for k, window in enumerate(windows):
        if first is not None and (
            window.probability < settings.off_threshold
            or spans[k].start_s - spans[k - 1].end_s > settings.merge_gap_s
        ):
            yield _Run(first, k - 1)
            first = None
        if first is None and window.probability >= settings.on_threshold:
            first = k
    if first is not None:
        yield _Run(first, len(windows) - 1)


def _merged(runs: Iterable[_Run], spans: Sequence[Span], merge_gap_s: float) -> list[_Run]:
    # A gap in the observation between two runs is part of their distance: one longer than
    # merge_gap_s can never be bridged.
    merged: list[_Run] = []
    for run in runs:
        if merged and spans[run.first].start_s - spans[merged[-1].last].end_s <= merge_gap_s:
            merged[-1] = _Run(merged[-1].first, run.last)
        else:
            merged.append(run)
    return merged


def _episode(windows: Sequence[WindowScore], spans: Sequence[Span], run: _Run) -> Episode:
    members = windows[run.first : run.last + 1]
    peak = max(members, key=lambda window: window.probability)
    return Episode(
        zone=peak.zone,
        span=Span(spans[run.first].start_s, spans[run.last].end_s),
        peak_s=peak.centre_s,
        peak_probability=peak.probability,
        mean_probability=sum(window.probability for window in members) / len(members),
        windows=len(members),
    )
