"""One pass gives each zone the scores of its windows, in memory that does not grow."""

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from stcnet.detection import detect
from stcnet.errors import SourceError
from stcnet.events import EpisodeSettings
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.types import Frame, PixelBox, Zone

from .conftest import HEIGHT, WIDTH, MadeSource, MakeSource, picture_at

WINDOW = 8
ZONES = [Zone.parse("left=0,0,24,32"), Zone.parse("right=20,4,28,28")]
BOXES = [PixelBox(0, 0, 24, 32), PixelBox(20, 4, 28, 28)]


def test_each_zone_gets_the_verdicts_on_its_windows(
    make_source: MakeSource, package: ModelPackage
) -> None:
    found = detect(make_source([5.0 * k for k in range(11)]), package, ZONES)
    scorer = ClipScorer(package)
    expected = [
        (zone.name, 5.0 * first, 5.0 * (first + WINDOW - 1), scorer.score(clip, box))
        for first in range(4)
        for zone, box in zip(ZONES, BOXES, strict=True)
        for clip in [np.stack([picture_at(first + k) for k in range(WINDOW)])]
    ]
    assert [(s.zone, s.start_s, s.end_s) for s in found.scores] == [e[:3] for e in expected]
    for score, activation, (*_, verdict) in zip(
        found.scores, found.activations, expected, strict=True
    ):
        assert score.probability == pytest.approx(verdict.probability, abs=1e-6)
        assert score.logit == pytest.approx(verdict.logit, abs=1e-5)
        assert activation == pytest.approx(verdict.activation, abs=1e-4)


def test_frames_are_sampled_by_their_capture_time(
    make_source: MakeSource, package: ModelPackage
) -> None:
    every_second = detect(make_source([float(k) for k in range(41)]), package)
    assert list(every_second.times_s) == [5.0 * k for k in range(9)]
    assert [(s.start_s, s.end_s) for s in every_second.scores] == [(0, 35), (5, 40)]
    assert every_second.source.frame_interval_s == 1.0
    assert every_second.source.duration_s == 40.0


@pytest.mark.parametrize(
    ("step_s", "warned"),
    [
        pytest.param(7.5, False, id="a little slow"),
        pytest.param(7.6, True, id="too slow for its cadence"),
        pytest.param(10.0, True, id="a frame a stride"),
        pytest.param(15.0, True, id="as slow as can be"),
    ],
)
def test_a_source_with_rarer_frames_is_judged_by_fewer_offsets(
    make_source: MakeSource, package: ModelPackage, step_s: float, warned: bool
) -> None:
    found = detect(make_source([step_s * k for k in range(11)]), package)
    frames, sampling = (4 if warned else 8), package.manifest.sampling
    assert list(found.times_s) == pytest.approx([step_s * k for k in range(11)])
    starts_s = [step_s * k for k in range(12 - frames)]
    assert [s.start_s for s in found.scores] == pytest.approx(starts_s)
    assert [s.end_s - s.start_s for s in found.scores] == pytest.approx(
        [step_s * (frames - 1)] * len(starts_s)
    )
    scorer = ClipScorer(package)
    for first, score in enumerate(found.scores):
        clip = np.stack([picture_at(first + k) for k in range(frames)])
        assert score.logit == pytest.approx(scorer.score(clip).logit, abs=1e-5)
    assert (found.sampling == sampling) is not warned
    told = [each for each in found.warnings if f"a frame every {step_s:g} s" in each]
    assert len(told) == warned


def test_no_window_reaches_across_a_gap(make_source: MakeSource, package: ModelPackage) -> None:
    before, after = [5.0 * k for k in range(9)], [200 + 5.0 * k for k in range(10)]
    both = detect(make_source([*before, *after]), package)
    assert [(s.start_s, s.end_s) for s in both.scores] == [
        (0, 35), (5, 40), (200, 235), (205, 240), (210, 245)
    ]  # fmt: skip
    assert both.summary.camera.not_observed_s == pytest.approx(160)


def test_the_models_thresholds_hold_unless_others_are_given(
    make_source: MakeSource, package: ModelPackage
) -> None:
    source = make_source([5.0 * k for k in range(10)])
    assert detect(source, package).settings.on_threshold == package.calibration.alarm_threshold
    always = EpisodeSettings(on_threshold=1e-9, off_threshold=0, shortest_s=0)
    found = detect(source, package, ZONES, always)
    assert [episode.zone for episode in found.episodes] == ["left", "right"]
    assert found.summary.camera.emission_s == pytest.approx(45)


@pytest.mark.parametrize(
    ("times_s", "message"),
    [
        pytest.param([5.0 * k for k in range(WINDOW - 1)],
                     r"made.mp4: is shorter than a window of 35 s \(8 frames\) "
                     r"\(got 30 s, 7 frames at one every 5 s\); .* --frame-interval", id="short"),
        pytest.param([k / 25 for k in range(250)], "shorter .*got 10 s, 3 frames", id="25 fps"),
        pytest.param([0.0], "shorter .*got 0 s, 1 frame", id="one frame"),
        pytest.param([], "shorter .*got 0 s, 0 frames", id="no frame"),
        pytest.param([gap + 5.0 * k for gap in (0, 100, 200) for k in range(6)],
                     "no stretch between its gaps is as long as a window", id="gaps"),
        pytest.param([20.0 * k for k in range(30)],
                     "too far apart to be judged every 10 s .*up to 15 s", id="slow"),
        pytest.param([7.0 * k for k in range(6)],
                     r"shorter than a window of 49 s \(8 frames\) \(got 35 s, 6 frames at one "
                     "every 7 s", id="off the cadence and short"),
        pytest.param([10.0 * k for k in range(3)],
                     r"shorter than a window of 30 s \(4 frames\) \(got 20 s, 3 frames at one "
                     "every 10 s", id="slow and short"),
    ],
)  # fmt: skip
def test_sources_without_a_window_are_refused(
    make_source: MakeSource, package: ModelPackage, times_s: list[float], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        detect(make_source(times_s), package)


def test_warnings_are_kept_for_the_report(make_source: MakeSource, package: ModelPackage) -> None:
    zone = Zone.parse("flat=0,0,48,16")
    (warning,) = detect(make_source([5.0 * k for k in range(9)]), package, [zone]).warnings
    assert "zone flat of 48x16 pixels is squeezed" in warning


class WatchedSource(MadeSource):
    """Knows how many of the pictures it gave are still held by somebody."""

    def __init__(self, times_s: list[float]) -> None:
        super().__init__(times_s, declared=None, name="watched")
        self._given: list[weakref.ref[object]] = []

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self._given.append(weakref.ref(frame.image))
            yield frame

    def held(self) -> int:
        return sum(given() is not None for given in self._given)


def test_pictures_are_dropped_once_they_are_seen(package: ModelPackage) -> None:
    source = WatchedSource([2.5 * k for k in range(199)])
    held: list[int] = []
    found = detect(source, package, ZONES, progress=lambda *_: held.append(source.held()))
    assert len(held) == len(found.times_s) == 100
    assert max(held) <= 3
    assert source.held() == 0
    assert found.view.shape == (HEIGHT, WIDTH, 3)


def test_progress_is_told_of_every_sampled_frame(
    make_source: MakeSource, package: ModelPackage
) -> None:
    told: list[tuple[str, float, float | None]] = []
    detect(
        make_source([5.0 * k for k in range(9)]), package, progress=lambda *each: told.append(each)
    )
    assert told == [("judging", 5.0 * k, None) for k in range(9)]
