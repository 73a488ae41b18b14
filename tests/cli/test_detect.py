"""``stcnet detect``: what it prints, what it leaves, what its options change."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stcnet.cli.detect import results_of
from stcnet.inference import Measured, OperatingPoint
from tiny_model import make_parts

from .conftest import Run, write_video

SMOKING = ["--threshold", "0.0001", "--shortest", "0"]


def record_in(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "events.json").read_text())
    return record


def test_a_folder_of_results_is_left(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = run("detect", video, "--frame-interval", "5s", "--model", model, "--out", out,
                  "--zone", "gate=0,0,0.5,1", "--zone", "stack=20,4,40,40", *SMOKING)  # fmt: skip
    assert outcome.code == 0
    assert outcome.errors == []
    headline, first, second, report = outcome.out.splitlines()
    assert headline.startswith("Smoke in 2 episodes in 2 zones, 55 s of 55 s observed")
    assert first.startswith("  1. gate: 0:00 to 0:55 (55 s), probability up to ")
    assert second.startswith("  2. stack: 0:00 to 0:55 (55 s), probability up to ")
    assert report == f"Report: {out / 'report.html'}"
    assert sorted(entry.name for entry in out.iterdir()) == [
        "events.csv", "events.json", "overlay.mp4", "report.html", "scores.csv"
    ]  # fmt: skip


def test_the_default_folder_is_named_after_the_source(
    run: Run, video: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("detect", video, "--frame-interval", "5", "--model", model, "--no-overlay")
    assert run(*arguments).code == 0
    assert sorted(entry.name for entry in (tmp_path / "stcnet-gate").iterdir()) == [
        "events.csv", "events.json", "report.html", "scores.csv"
    ]  # fmt: skip
    again = run(*arguments)
    assert again.code == 2
    assert again.errors == [
        "error: stcnet-gate: the output folder exists already; name another with --out, or "
        "replace it with --overwrite"
    ]
    assert run(*arguments, "--overwrite").code == 0


@pytest.mark.parametrize(
    ("source", "out"),
    [("gate.mp4", "stcnet-gate"), ("2026.03.01", "stcnet-2026.03.01"), (".", "stcnet-here.now")],
)
def test_folders_keep_all_of_their_name(
    source: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here.now"
    (here / "2026.03.01").mkdir(parents=True)
    (here / "gate.mp4").touch()
    monkeypatch.chdir(here)
    assert results_of(Path(source)) == Path(out)


def test_a_name_that_is_no_text_costs_nothing(run: Run, model: Path, tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"bad\xff.mp4")
    try:
        write_video(tmp_path / "good.mp4").rename(source)
    except OSError:
        pytest.skip("this file system holds no such name")
    outcome = run("detect", source, "--frame-interval", "5s", "--model", model, "--no-overlay",
                  "--out", tmp_path / "out")  # fmt: skip
    assert (outcome.code, outcome.errors) == (0, [])
    assert record_in(tmp_path / "out")["source"]["name"] == r"bad\udcff.mp4"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param([], (0.6, 0.4, 15, 60), id="the model's thresholds"),
        pytest.param(["--threshold", "0.3"], (0.3, 0.2, 15, 60), id="both thresholds follow"),
        pytest.param(["--threshold", "0.3", "--off-threshold", "0.1"], (0.3, 0.1, 15, 60),
                     id="both given"),
        pytest.param(["--shortest", "1m", "--merge-gap", "500ms"], (0.6, 0.4, 60, 0.5),
                     id="lengths"),
    ],
)  # fmt: skip
def test_options_reach_the_record(
    run: Run,
    video: Path,
    model: Path,
    tmp_path: Path,
    options: list[str],
    expected: tuple[float, ...],
) -> None:
    out = tmp_path / "out"
    common = ("--frame-interval", "5s", "--model", model, "--out", out, "--no-overlay")
    assert run("detect", video, *common, *options).code == 0
    settings = record_in(out)["settings"]
    keys = ("on_threshold", "off_threshold", "shortest_s", "merge_gap_s")
    assert tuple(settings[key] for key in keys) == pytest.approx(expected)


@pytest.fixture
def cautious(tmp_path: Path) -> Path:
    """A model that states two operating points, one of them without a threshold."""
    some = Measured(value=0.5, low=0.2, high=1.4)
    common: dict[str, Any] = {
        "hours_per_day": 12, "smoke_free": 500, "smoky": 400, "least_rate": 3, "basis": "clips",
    }  # fmt: skip
    points = (
        OperatingPoint(
            alarms_per_day=1, threshold=0.9, false_alarms=some, recall=some, **common
        ),
        OperatingPoint(alarms_per_day=0.2, reason="too few clips", **common),
    )  # fmt: skip
    parts = make_parts()
    description = parts.description.model_copy(update={"operating_points": points})
    path = tmp_path / "cautious.stcnet"
    parts.with_(description=description).write(path)
    return path


def test_a_rate_of_false_alarms_sets_both_thresholds(
    run: Run, video: Path, cautious: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = run("detect", video, "--frame-interval", "5s", "--model", cautious, "--out", out,
                  "--no-overlay", "--alarms-per-day", "1")  # fmt: skip
    assert outcome.code == 0
    assert outcome.errors == [
        "1 false alarm a camera-day: threshold 0.900, estimated 0.50 (0.20 to 1.4), not proven; "
        "recall 0.50 (0.20 to 1.4)"
    ]
    settings = record_in(out)["settings"]
    assert (settings["on_threshold"], settings["off_threshold"]) == pytest.approx((0.9, 0.6))
    assert [settings["operating_point"]] == outcome.errors
    assert outcome.errors[0] in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--alarms-per-day", "0.2"], "too few clips", id="not to be told"),
        pytest.param(["--alarms-per-day", "3"], "allowed: 1, 0.2", id="not stated"),
        pytest.param(["--alarms-per-day", "1", "--threshold", "0.7"], "two ways", id="both given"),
    ],
)
def test_a_rate_without_a_threshold_is_refused(
    run: Run, video: Path, cautious: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    out = tmp_path / "out"
    outcome = run("detect", video, "--frame-interval", "5s", "--model", cautious, "--out", out,
                  *options)  # fmt: skip
    assert outcome.code == 2
    (line,) = outcome.errors
    assert message in line
    assert not out.exists()


def test_warnings_are_printed_and_reported(
    run: Run, video: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = run("detect", video, "--frame-interval", "5s", "--model", model, "--out", out,
                  "--zone", "low=0,0,64,20", "--no-overlay")  # fmt: skip
    (warning,) = record_in(out)["warnings"]
    assert "zone low of 64x20 pixels is squeezed" in warning
    assert [line for line in outcome.err.splitlines() if line.startswith("warning")] == [
        f"warning: {warning}"
    ]


def test_a_broken_end_is_judged_as_far_as_it_goes(run: Run, model: Path, tmp_path: Path) -> None:
    cut = write_video(tmp_path / "cut.mp4", 60)
    cut.write_bytes(cut.read_bytes()[: -cut.stat().st_size // 5])
    out = tmp_path / "out"
    outcome = run("detect", cut, "--frame-interval", "5s", "--model", model, "--out", out)
    assert outcome.code == 0
    assert outcome.errors == []
    assert any("cut.mp4" in warning for warning in record_in(out)["warnings"])


@pytest.mark.real_data
def test_a_real_clip_knows_its_own_time(
    run: Run, shared_data: Path, model: Path, tmp_path: Path
) -> None:
    (clip,) = (shared_data / "real-video").glob("*.mp4")
    out = tmp_path / "out"
    outcome = run("detect", clip, "--model", model, "--out", out, *SMOKING)
    assert outcome.code == 0
    assert "2018-06-11 10:15:15 UTC to 2018-06-11 10:18:10 UTC" in outcome.out
    assert record_in(out)["source"]["started_at"] == "2018-06-11T10:15:15.000Z"


def test_that_pictures_were_held_still_is_told(
    run: Run, video: Path, model: Path, tmp_path: Path
) -> None:
    common = ("--frame-interval", "5s", "--model", model, "--no-overlay")
    for options, expected in (((), False), (("--stabilise",), True)):
        out = tmp_path / f"held-{expected}"
        assert run("detect", video, *common, "--out", out, *options).code == 0
        assert record_in(out)["settings"]["stabilised"] is expected
        shown = (out / "report.html").read_text(encoding="utf-8")
        assert "Picture held still" in shown
        assert (">yes<" in shown) is expected


def test_clips_may_be_held_still_too(run: Run, video: Path, model: Path) -> None:
    common = ("score", video, "--json", "--frame-interval", "5s", "--model", model)
    assert [run(*common, *options).code for options in ((), ("--stabilise",))] == [0, 0]
