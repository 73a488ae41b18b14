"""The content of a report: one frozen record that every writer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from stcnet.events import EpisodeSettings, Summary
from stcnet.types import Episode, FloatArray, Picture, PixelBox, WindowScore, require_utc

STATEMENT = (
    "This is screening by an image classifier: for each zone it says how probable it is that "
    "the picture shows industrial smoke. It does not measure how dense a plume is, it does not "
    "say whether any rule or permit is kept, and it does not replace a trained observer. "
    "Look at the pictures before you act on them."
)
"""Printed on every page and stored in every record."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The video, picture folder or stream that was judged.

    Attributes:
        name: As a person knows it; never with credentials.
        width, height: Size of its pictures in pixels.
        duration_s: Capture time between its first and last frame, in seconds.
        frame_interval_s: Capture time between consecutive frames, in seconds (the median).
        started_at: Capture time of its first frame in UTC, or None where it is not known.
    """

    name: str
    width: int
    height: int
    duration_s: float
    frame_interval_s: float
    started_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self.started_at)

    def moment(self, time_s: float) -> datetime | None:
        """The UTC time ``time_s`` seconds after the first frame, or None where it is not known."""
        return self.started_at + timedelta(seconds=time_s) if self.started_at else None


@dataclass(frozen=True, slots=True)
class ReportZone:
    """A zone as it was judged: its name and its rectangle in pixels of the source."""

    name: str
    box: PixelBox


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model package that judged.

    Attributes:
        name, version: Of the package.
        sha256: Of the package file, hexadecimal.
        preset: Name of the network, such as ``stcnet-mobilenetv2``.
        threshold: Calibrated probability from which its verdict on a clip is *smoke*, 0..1.
        alarm_threshold: Calibrated probability from which it raises an alarm of itself, 0..1.
        calibration: How its probabilities were calibrated, in a sentence.
        training: What it was trained on, in a sentence or two.
        limits: What it cannot do, one sentence each.
    """

    name: str
    version: str
    sha256: str
    preset: str
    threshold: float
    alarm_threshold: float
    calibration: str
    training: str
    limits: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PeakPicture:
    """What the model saw where an episode is most probable.

    Attributes:
        image: The zone, cut out of a frame of the peak window: RGB, uint8, shape (H, W, 3), of
            any scale.
        activation: Where the window's logit comes from, float32, shape (h, w): its mean is the
            logit, positive speaks for smoke.
        time_s: Capture time of the frame in seconds since the source's first frame.
    """

    image: Picture
    activation: FloatArray
    time_s: float


@dataclass(frozen=True, slots=True, eq=False)
class DetectionReport:
    """Everything that is known after a source was judged.

    Attributes:
        source: What was judged.
        zones: Its zones in the order of the report.
        settings: How scores became episodes.
        cadence_s: Capture time between the frames that are judged, in seconds (the median).
        window_s: Capture time a window spans, in seconds (the median).
        stabilised: Whether the picture was held still before it was judged.
        model: What judged.
        scores: One for each window and zone, in order of time within a zone.
        episodes: As :func:`stcnet.events.find_episodes` gives them.
        summary: As :func:`stcnet.events.summarise` gives it.
        created_at: When the report was made, in UTC.
        stcnet_version: Of this package.
        view: A frame of the whole source, RGB, uint8, shape (H, W, 3), of any scale; the page
            draws the zones on it.
        pictures: The peak pictures of the episodes that have one.
        warnings: What the reader must know about this run, one sentence each.
        operating_point: In words, the false alarms that the model states for the threshold at which
            episodes start; empty where it states none.
    """

    source: SourceFacts
    zones: Sequence[ReportZone]
    settings: EpisodeSettings
    cadence_s: float
    window_s: float
    stabilised: bool
    model: ModelFacts
    scores: Sequence[WindowScore]
    episodes: Sequence[Episode]
    summary: Summary
    created_at: datetime
    stcnet_version: str
    view: Picture | None = None
    pictures: Mapping[Episode, PeakPicture] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    operating_point: str = ""

    def __post_init__(self) -> None:
        require_utc(self.created_at)

    @property
    def end_s(self) -> float:
        """End of the report's time axis, in seconds since the source's first frame."""
        return max([self.source.duration_s, *(score.end_s for score in self.scores)])

    def in_order_of_time(self) -> list[Episode]:
        """The episodes of all zones as a reader meets them: by start, then by end."""
        return in_order_of_time(self.episodes)


def in_order_of_time(episodes: Sequence[Episode]) -> list[Episode]:
    """Episodes as they are numbered for a reader: by start, then by end."""
    return sorted(episodes, key=lambda each: (each.span.start_s, each.span.end_s))
