"""The folder of results: complete, in agreement with itself, and with the right pictures."""

import csv
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from stcnet.detection import RESULT_FILES, detect_into
from stcnet.detection.pictures import draw_pictures, shown_stretch, shrunk
from stcnet.detection.scoring import detect
from stcnet.errors import SourceError, StcnetError
from stcnet.events import EpisodeSettings
from stcnet.inference import ModelPackage
from stcnet.preprocess import crop
from stcnet.types import Span, Zone

from .conftest import MakeSource, picture_at

TIMES_S = [5.0 * k for k in range(14)]
SMOKING = EpisodeSettings(on_threshold=1e-9, off_threshold=0, shortest_s=0)
CLEAR = EpisodeSettings(on_threshold=1.0, off_threshold=1.0)


@pytest.fixture
def results(make_source: MakeSource, package: ModelPackage, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    zones = [Zone.parse("left=0,0,0.5,1"), Zone.parse("right=20,4,28,28")]
    detect_into(out, make_source(TIMES_S), package, zones, SMOKING)
    return out


def test_every_file_is_there(results: Path) -> None:
    assert sorted(entry.name for entry in results.iterdir()) == sorted(RESULT_FILES)


def test_the_files_agree(results: Path, package: ModelPackage) -> None:
    record: dict[str, Any] = json.loads((results / "events.json").read_text())
    with (results / "events.csv").open() as stream:
        events = list(csv.DictReader(stream))
    with (results / "scores.csv").open() as stream:
        scores = list(csv.DictReader(stream))
    assert [event["zone"] for event in events] == ["left", "right"]
    assert [event["zone"] for event in record["episodes"]] == ["left", "right"]
    assert len(scores) == 2 * 7
    assert max(float(s["probability"]) for s in scores if s["zone"] == "left") == pytest.approx(
        record["episodes"][0]["peak_probability"]
    )
    model = record["model"]
    assert (model["name"], model["version"], model["sha256"]) == (
        "tiny", "1.2.3", package.sha256
    )  # fmt: skip
    assert (model["threshold"], model["alarm_threshold"]) == (0.5, 0.6)
    assert model["calibration"] == "random numbers"
    assert (model["training"], model["limits"]) == ("random numbers", ["knows nothing"])
    assert (record["settings"]["cadence_s"], record["settings"]["window_s"]) == (5, 35)


def test_the_record_tells_the_cadence_that_was_seen(
    make_source: MakeSource, package: ModelPackage, tmp_path: Path
) -> None:
    source = make_source([7.0 * k for k in range(12)])
    detect_into(tmp_path / "out", source, package, overlay=False)
    record = json.loads((tmp_path / "out" / "events.json").read_text())
    assert (record["settings"]["cadence_s"], record["settings"]["window_s"]) == (7, 49)


def test_the_annotated_video_shows_each_sampled_frame(results: Path) -> None:
    with av.open(str(results / "overlay.mp4")) as container:
        assert container.streams.video[0].average_rate == 12
        assert sum(1 for _ in container.decode(video=0)) == len(TIMES_S)


def test_the_report_shows_both_peaks(results: Path) -> None:
    page = (results / "report.html").read_text()
    assert page.count("at the peak of episode") == 2
    assert page.count("data:image/jpeg") == 1 + 2 * 2


def test_peak_pictures_are_the_zone_at_the_peak(
    make_source: MakeSource, package: ModelPackage
) -> None:
    source = make_source(TIMES_S)
    found = detect(source, package, [Zone.parse("right=20,4,28,28")], SMOKING)
    ((episode, picture),) = draw_pictures(source, found, 5.0).items()
    best = max(range(len(found.scores)), key=lambda k: found.scores[k].probability)
    # The window of 8 frames has its centre between its 4th and 5th; the earlier one is taken.
    assert picture.time_s == episode.peak_s - 2.5 == 5.0 * (best + 3)
    assert np.array_equal(picture.image, crop(picture_at(best + 3), found.zones[0].box))
    assert picture.activation is found.activations[best]


@pytest.mark.parametrize(
    ("settings", "overlay", "passes"),
    [
        pytest.param(SMOKING, True, 2, id="peaks and video"),
        pytest.param(SMOKING, False, 2, id="peaks alone"),
        pytest.param(CLEAR, True, 2, id="video alone"),
        pytest.param(CLEAR, False, 1, id="nothing to draw"),
    ],
)
def test_the_source_is_read_again_only_for_pictures(
    make_source: MakeSource,
    package: ModelPackage,
    tmp_path: Path,
    settings: EpisodeSettings,
    overlay: bool,
    passes: int,
) -> None:
    source = make_source(TIMES_S)
    detect_into(tmp_path / "out", source, package, settings=settings, overlay=overlay)
    assert (tmp_path / "out" / "overlay.mp4").exists() == overlay
    # One more, of a few frames, tells how far apart they are.
    assert source.passes == 1 + passes


@pytest.mark.parametrize("times_s", [[], [0.0, 5.0], [30.0 * k for k in range(99)]])
def test_a_refused_source_leaves_nothing(
    make_source: MakeSource, package: ModelPackage, tmp_path: Path, times_s: list[float]
) -> None:
    with pytest.raises(SourceError):
        detect_into(tmp_path / "deep" / "out", make_source(times_s), package)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_drawing_leaves_nothing(
    make_source: MakeSource, package: ModelPackage, tmp_path: Path
) -> None:
    def broken(stage: str, done_s: float, total_s: float | None) -> None:
        if stage == "drawing" and done_s > 20:
            raise StcnetError("the disk is full")

    with pytest.raises(StcnetError, match="full"):
        detect_into(tmp_path / "out", make_source(TIMES_S), package, progress=broken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("time_s", "duration_s", "stretch"),
    [
        pytest.param(5, 300, Span(0, 300), id="all of a short source"),
        pytest.param(3600, 7200, Span(0, 3600), id="the first hour of a long one"),
        pytest.param(4000, 7200, Span(400, 4000), id="then the last hour"),
    ],
)
def test_the_traces_show_at_most_an_hour(time_s: float, duration_s: float, stretch: Span) -> None:
    assert shown_stretch(time_s, duration_s) == stretch


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((32, 20), (32, 20), id="small"),
        pytest.param((1280, 640), (640, 320), id="wide"),
        pytest.param((1, 1300), (1, 640), id="a line"),
    ],
)
def test_waiting_pictures_are_small(size: tuple[int, int], expected: tuple[int, int]) -> None:
    width, height = size
    image = np.full((height, width, 3), 9, np.uint8)
    small = shrunk(image)
    assert small.shape == (expected[1], expected[0], 3)
    assert not np.shares_memory(small, image)
