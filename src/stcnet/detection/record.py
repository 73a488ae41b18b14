"""What one pass over a source finds out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stcnet.events import EpisodeSettings, Summary
from stcnet.inference import Sampling
from stcnet.reports import ReportZone, SourceFacts
from stcnet.types import Episode, FloatArray, Picture, WindowScore


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """The scores of a source and what follows from them. All times as in ``WindowScore``.

    Attributes:
        source: What was judged.
        zones: Its zones, in the order they were named.
        settings: How scores became episodes.
        sampling: How frames were taken: the model's own, or that of a source with rarer frames.
        times_s: Capture times of the sampled frames.
        scores: One for each window and zone, in order of time within a zone.
        activations: Of each score, where it comes from: float32, shape (h, w); the mean is its
            logit.
        episodes: Grouped by zone, in order of time within a zone.
        summary: Statistics of each zone and of the camera.
        view: The first frame, RGB, uint8, shape (H, W, 3).
        warnings: What the reader must know about this run, one sentence each.
        stabilised: Whether the picture was held still before it was judged.
    """

    source: SourceFacts
    zones: Sequence[ReportZone]
    settings: EpisodeSettings
    sampling: Sampling
    times_s: Sequence[float]
    scores: Sequence[WindowScore]
    activations: Sequence[FloatArray]
    episodes: Sequence[Episode]
    summary: Summary
    view: Picture
    warnings: Sequence[str]
    stabilised: bool = False
