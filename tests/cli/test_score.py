"""``stcnet score``: a line for each clip, in order, whatever the others are."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from stcnet.inference import ClipScorer, ModelPackage
from stcnet.video import open_source

from .conftest import FRAMES, Run, write_video


def test_json_lines_in_order(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    other = write_video(tmp_path / "other.mp4", 9)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    clips = [other, empty, video, tmp_path / "missing.mp4"]
    outcome = run("score", *clips, "--json", "--frame-interval", "5s", "--model", model)
    records = [json.loads(line) for line in outcome.out.splitlines()]
    assert outcome.code == 2
    assert outcome.errors == []
    assert [record["path"] for record in records] == [str(clip) for clip in clips]
    assert [sorted(record) for record in records] == [
        ["model", "path", "probability", "smoke", "threshold"], ["error", "path"],
        ["model", "path", "probability", "smoke", "threshold"], ["error", "path"],
    ]  # fmt: skip
    assert "the file is empty" in records[1]["error"]
    for record in (records[0], records[2]):
        assert record["smoke"] == (record["probability"] >= record["threshold"])
        assert (record["threshold"], record["model"]) == (0.5, "tiny 1.2.3")


def test_the_probability_is_the_clip_scorers(run: Run, video: Path, model: Path) -> None:
    outcome = run("score", video, "--json", "--frame-interval", "5s", "--model", model)
    assert outcome.code == 0
    with open_source(video) as source:
        frames = np.stack([frame.image for frame in source])
    expected = ClipScorer(ModelPackage.load(model)).score(frames).probability
    assert len(frames) == FRAMES
    assert json.loads(outcome.out)["probability"] == pytest.approx(expected, abs=1e-5)


def test_text_is_a_table(run: Run, video: Path, model: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp4"
    outcome = run("score", video, missing, video, "--frame-interval", "5s", "--model", model)
    header, first, third = outcome.out.splitlines()
    assert outcome.code == 2
    assert header.split()[:3] == ["verdict", "probability", "clip"]
    assert re.search(r"\(smoke from probability 0\.\d+ on\)$", header)
    assert first == third
    assert first.endswith(f"  {video}")
    assert first.startswith(("smoke ", "no smoke "))
    assert outcome.errors == [f"error: {missing}: there is no such file or folder"]


def test_each_clip_that_fails_is_named_by_its_path(run: Run, model: Path, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "clip.mp4" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        write_video(path, 3)
    outcome = run("score", *paths, "--frame-interval", "5s", "--model", model)
    assert outcome.code == 2
    assert [error.split(": the clip has too few")[0] for error in outcome.errors] == [
        f"error: {path}" for path in paths
    ]


def test_a_zone_is_judged_alone(run: Run, video: Path, model: Path) -> None:
    common = ("score", video, "--json", "--frame-interval", "5s", "--model", model)
    whole = json.loads(run(*common).out)
    zone = json.loads(run(*common, "--zone", "low=0,24,24,24").out)
    assert zone["probability"] != whole["probability"]


def test_a_clip_far_too_short_for_the_model_is_warned_of(
    run: Run, video: Path, model: Path
) -> None:
    outcome = run("score", video, "--model", model)
    assert outcome.code == 0
    assert outcome.err.startswith("warning: gate.mp4: its frames span 0.9 s, the model is made for")
    assert "--frame-interval" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--zone", "a=0,0,9,9", "--zone", "b=0,0,9,9"],
                     "error: --zone: a clip is judged in one zone (got 2)", id="two zones"),
        pytest.param(["--frame-interval", "soon"],
                     "error: --frame-interval: this is not a length of time", id="interval"),
        pytest.param(["--model", "none.stcnet"],
                     "error: none.stcnet: the model package cannot be read", id="model"),
    ],
)  # fmt: skip
def test_wrong_options_are_refused_before_any_clip(
    run: Run, video: Path, model: Path, options: list[str], message: str
) -> None:
    outcome = run("score", video, "--model", model, *options)
    (error,) = outcome.errors
    assert outcome.code == 2
    assert outcome.out == ""
    assert error.startswith(message)


def test_the_smaller_form_of_a_model_is_told_apart(run: Run, video: Path) -> None:
    forms = {
        form: json.loads(run("score", video, "--json", "--frame-interval", "15s", *form).out)[
            "model"
        ]
        for form in ((), ("--model", "int8"))
    }
    assert forms["--model", "int8"] == f"{forms[()]} int8"


def test_a_name_that_is_no_text_stays_what_it_is_in_json(
    run: Run, model: Path, tmp_path: Path
) -> None:
    missing = tmp_path / os.fsdecode(b"bad\xff.mp4")
    outcome = run("score", missing, "--json", "--model", model)
    assert json.loads(outcome.out)["path"] == str(missing)
    plain = run("score", missing, "--model", model)
    assert plain.errors == [rf"error: {tmp_path}/bad\udcff.mp4: there is no such file or folder"]
