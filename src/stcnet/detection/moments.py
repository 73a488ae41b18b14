"""What is known of a zone at a moment: the one reading of scores that all pictures share.

Windows overlap, so many of them see a moment. The probability *at* a moment is that of the window
whose speaking stretch covers it (:func:`stcnet.events.attribute_time`), as on the timeline of the
report: picture, curve and episodes agree.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from stcnet.events import attribute_time
from stcnet.reports import ZoneState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stcnet.detection.record import Detection
    from stcnet.reports import ReportZone
    from stcnet.types import Episode, FloatArray, WindowScore


class ZoneMoments:
    """The windows and episodes of one zone, to be asked by time in seconds.

    Args:
        detection: What was found.
        zone: One of its zones.
    """

    def __init__(self, detection: Detection, zone: ReportZone) -> None:
        self.zone = zone
        own = [
            (score, activation)
            for score, activation in zip(detection.scores, detection.activations, strict=True)
            if score.zone == zone.name
        ]
        self._windows = [score for score, _ in own]
        self._activations = [activation for _, activation in own]
        self._spans = attribute_time(self._windows)
        self._starts_s = [span.start_s for span in self._spans]
        self._episodes = [each for each in detection.episodes if each.zone == zone.name]

    def window_at(self, time_s: float) -> tuple[WindowScore, FloatArray] | None:
        """The window that speaks for a moment and its activation map; None in a gap."""
        k = bisect_right(self._starts_s, time_s) - 1
        if k < 0 or time_s > self._spans[k].end_s:
            return None
        return self._windows[k], self._activations[k]

    def smoking_at(self, time_s: float) -> bool:
        """Whether a moment lies in an episode."""
        return any(each.span.start_s <= time_s <= each.span.end_s for each in self._episodes)

    def peaks(self) -> Iterator[tuple[Episode, FloatArray]]:
        """Each episode with the activation map of its most probable window."""
        for episode in self._episodes:
            for window, activation in zip(self._windows, self._activations, strict=True):
                if (window.centre_s, window.probability) == (
                    episode.peak_s,
                    episode.peak_probability,
                ):
                    yield episode, activation
                    break


class ZoneTrace:
    """The state of a zone as time goes on, with the recent past of its probability.

    Args:
        moments: The zone.
        past_s: Seconds of the past to keep.
    """

    def __init__(self, moments: ZoneMoments, past_s: float) -> None:
        self._moments = moments
        self._past_s = past_s
        self._trace: deque[tuple[float, float]] = deque()

    def advance(self, time_s: float) -> tuple[ZoneState, FloatArray | None]:
        """The state at a moment after those before, and, in an episode, where smoke is seen."""
        spoken = self._moments.window_at(time_s)
        smoking = self._moments.smoking_at(time_s)
        if spoken is not None:
            self._trace.append((time_s, spoken[0].probability))
        while self._trace and self._trace[0][0] < time_s - self._past_s:
            self._trace.popleft()
        state = ZoneState(
            name=self._moments.zone.name,
            box=self._moments.zone.box,
            probability=spoken[0].probability if spoken else None,
            smoking=smoking,
            trace=tuple(self._trace),
        )
        return state, spoken[1] if spoken and smoking else None
