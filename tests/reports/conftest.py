"""A report of two zones with three episodes, a gap, hostile names and pictures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pytest

from stcnet.events import EpisodeSettings, find_episodes, summarise
from stcnet.reports import DetectionReport, ModelFacts, PeakPicture, ReportZone, SourceFacts
from stcnet.types import PixelBox, WindowScore

HOSTILE = "<script>alert('x')</script> & \"quoted\".mp4"
STARTED = datetime(2018, 6, 11, 10, 15, 15, tzinfo=UTC)

MakeReport: TypeAlias = Callable[..., DetectionReport]


def scores_of(zone: str, probabilities: list[float], start_s: float = 0) -> list[WindowScore]:
    return [
        WindowScore(zone, start_s + 5 * k, start_s + 5 * k + 175, probability, probability - 0.5)
        for k, probability in enumerate(probabilities)
    ]


GATE, STACK = '<b>gate</b>, "north"', "stack & flare"
SCORES = [
    *scores_of(GATE, [0.1, 0.7, 0.912345678, 0.8, 0.1, 0.1]),
    *scores_of(GATE, [0.95, 0.1], start_s=1000.123456),
    *scores_of(STACK, [0.05, 0.05, 0.05, 0.62, 0.61]),
]


@pytest.fixture
def make_report() -> MakeReport:
    """A factory; keywords replace fields of the report, ``scores`` takes its episodes along."""

    def make(scores: list[WindowScore] = SCORES, **changes: Any) -> DetectionReport:
        settings = EpisodeSettings(on_threshold=0.6, off_threshold=0.5, shortest_s=10)
        episodes = find_episodes(scores, settings)
        picture = np.full((90, 120, 3), 128, dtype=np.uint8)
        activation = np.array([[4, -4], [-4, 8]], dtype=np.float32)
        report = DetectionReport(
            source=SourceFacts(HOSTILE, 640, 360, 1200.5, 5.0, STARTED),
            zones=[
                ReportZone(GATE, PixelBox(0, 0, 320, 360)),
                ReportZone(STACK, PixelBox(400, 20, 180, 180)),
            ],
            settings=settings,
            cadence_s=5.0,
            window_s=175.0,
            stabilised=False,
            model=ModelFacts(
                name="tiny <i>model</i>",
                version="1.2.3",
                sha256="ab" * 32,
                preset="stcnet-mobilenetv2",
                threshold=0.4,
                alarm_threshold=0.6,
                calibration="Platt scaling",
                training="clips of three plants",
                limits=["Daylight only & <u>no night</u>."],
            ),
            scores=scores,
            episodes=episodes,
            summary=summarise(scores, episodes),
            created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            stcnet_version="0.1.0",
            view=np.zeros((360, 640, 3), dtype=np.uint8),
            pictures={episode: PeakPicture(picture, activation, 90.0) for episode in episodes[:2]},
            warnings=["Two <em>frames</em> were missing."],
        )
        return replace(report, **changes)

    return make
