"""Picture, curve and episodes agree: they all read a moment in the same way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.detection.moments import ZoneMoments, ZoneTrace
from stcnet.detection.record import Detection
from stcnet.events import EpisodeSettings, attribute_time, find_episodes, summarise
from stcnet.inference import Sampling
from stcnet.reports import ReportZone, SourceFacts
from stcnet.types import PixelBox, WindowScore

ZONE = ReportZone("gate", PixelBox(0, 0, 8, 8))
OTHER = ReportZone("other", PixelBox(0, 0, 8, 8))
SETTINGS = EpisodeSettings(on_threshold=0.5, off_threshold=0.4, shortest_s=0, merge_gap_s=10)


def detection_of(scores: list[WindowScore]) -> Detection:
    """Of two zones with the same scores; the map of each score tells which one it is."""
    both = [*scores, *(WindowScore("other", s.start_s, s.end_s, 1.0) for s in scores)]
    episodes = find_episodes(both, SETTINGS)
    return Detection(
        source=SourceFacts("made", 8, 8, 1000, 5),
        zones=[ZONE, OTHER],
        settings=SETTINGS,
        sampling=Sampling(),
        times_s=[],
        scores=both,
        activations=[np.full((1, 1), k, np.float32) for k in range(len(both))],
        episodes=episodes,
        summary=summarise(both, episodes),
        view=np.zeros((8, 8, 3), np.uint8),
        warnings=[],
    )


def windows(starts_s: list[float], probabilities: list[float]) -> list[WindowScore]:
    return [
        WindowScore("gate", start, start + 40, p)
        for start, p in zip(sorted(starts_s), probabilities, strict=False)
    ]


@given(
    st.lists(st.floats(0, 900), min_size=1, max_size=12, unique=True),
    st.lists(st.floats(0, 1), min_size=12, max_size=12),
    st.floats(-10, 1000),
)
def test_the_window_that_speaks_for_a_moment(
    starts_s: list[float], probabilities: list[float], time_s: float
) -> None:
    scores = windows(starts_s, probabilities)
    speaking = [
        (score, k)
        for k, (score, span) in enumerate(zip(scores, attribute_time(scores), strict=True))
        if span.start_s <= time_s <= span.end_s
    ]
    spoken = ZoneMoments(detection_of(scores), ZONE).window_at(time_s)
    if spoken is None:
        assert speaking == []
    else:
        assert (spoken[0], int(spoken[1][0, 0])) == speaking[-1]


SCORES = windows([0, 10, 20, 30, 200, 210], [0.1, 0.9, 0.7, 0.1, 0.2, 0.6])
# They speak for 0..25, 25..35, 35..45, 45..70, then, after a gap, 200..225 and 225..250.


@pytest.mark.parametrize(
    ("time_s", "probability", "smoking"),
    [
        pytest.param(0, 0.1, False, id="first moment"),
        pytest.param(24, 0.1, False, id="before the episode"),
        pytest.param(30, 0.9, True, id="peak"),
        pytest.param(44, 0.7, True, id="end of the episode"),
        pytest.param(46, 0.1, False, id="after it"),
        pytest.param(100, None, False, id="gap"),
        pytest.param(240, 0.6, True, id="second episode"),
        pytest.param(251, None, False, id="after the end"),
    ],
)
def test_state_at_a_moment(time_s: float, probability: float | None, smoking: bool) -> None:
    state, activation = ZoneTrace(ZoneMoments(detection_of(SCORES), ZONE), 3600).advance(time_s)
    assert (state.probability, state.smoking) == (probability, smoking)
    assert (activation is not None) == smoking


def test_the_trace_forgets_what_is_long_past() -> None:
    trace = ZoneTrace(ZoneMoments(detection_of(SCORES), ZONE), past_s=20)
    states = [trace.advance(time_s)[0] for time_s in (0, 10, 30, 40, 100, 205)]
    assert [state.trace for state in states] == [
        ((0, 0.1),),
        ((0, 0.1), (10, 0.1)),
        ((10, 0.1), (30, 0.9)),
        ((30, 0.9), (40, 0.7)),
        (),
        ((205, 0.2),),
    ]


def test_peaks_come_with_the_map_of_their_window() -> None:
    moments = ZoneMoments(detection_of(SCORES), ZONE)
    assert [(e.peak_s, int(activation[0, 0])) for e, activation in moments.peaks()] == [
        (30, 1), (230, 5)
    ]  # fmt: skip
