"""``stcnet explain``: a folder of pictures, whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stcnet.explain.figures import FIGURE_FILES
from stcnet.inference import ClipScorer, ModelPackage, bundled_package

from .conftest import FRAMES, Run, write_video


def test_a_clip_is_explained_with_the_bundled_model(run: Run, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "explained"
    told = run("explain", video, "--frame-interval", "5s", "--stage", "3", "--out", out)
    assert told.code == 0, told.err
    assert sorted(path.name for path in out.iterdir()) == sorted(FIGURE_FILES)
    record = json.loads((out / "explanation.json").read_text())
    package = ModelPackage.load(bundled_package(), verify=False)
    assert record["model_sha256"] == package.sha256
    assert (record["clip"], record["target"], record["stage"]) == (video.name, "smoke", 3)
    assert record["times_s"] == sorted(record["times_s"])
    assert set(record["times_s"]) <= {5.0 * k for k in range(FRAMES - 1)}
    scored = json.loads(run("score", video, "--frame-interval", "5s", "--json").out)
    assert record["probability"] == pytest.approx(scored["probability"], abs=1e-6)
    smoke = "smoke" if scored["smoke"] else "no smoke"
    lines = told.out.splitlines()
    assert lines[0] == f"{smoke}, probability {scored['probability']:.3f}"
    assert lines[1:] == [f"  {out / name}" for name in FIGURE_FILES]


Arguments = Callable[[Path, Path], list[object]]


def of_folder_with(name: str) -> Arguments:
    def arguments(video: Path, folder: Path) -> list[object]:
        (folder / "there").mkdir()
        (folder / "there" / name).write_text("mine")
        return [video, "--out", folder / "there", "--overwrite"]

    return arguments


def of_existing(video: Path, folder: Path) -> list[object]:
    (folder / "there").mkdir()
    return [video, "--out", folder / "there"]


def of_short(video: Path, folder: Path) -> list[object]:
    short = write_video(folder / "short.mp4", frames=2)
    return [short, "--frame-interval", "5s", "--out", folder / "out"]


BAD: list[Any] = [
    pytest.param(lambda v, t: [t / "gone.mp4", "--out", t / "out"], "there is no such file",
                 id="no clip"),
    pytest.param(lambda v, t: [v, "--stage", "5", "--out", t / "out"],
                 "Invalid value for '--stage'", id="stage"),
    pytest.param(lambda v, t: [v, "--target", "steam", "--out", t / "out"],
                 "Invalid value for '--target'", id="target"),
    pytest.param(lambda v, t: [v, "--model", t / "gone.stcnet", "--out", t / "out"],
                 "the model package cannot be read", id="no model"),
    pytest.param(lambda v, t: [v, "--zone", "a=0,0,9,9", "--zone", "b=0,0,9,9"],
                 "--zone: a clip is judged in one zone", id="two zones"),
    pytest.param(of_short, "short.mp4: the clip has too few frames", id="short"),
    pytest.param(of_existing, "the output folder exists already", id="existing folder"),
    pytest.param(of_folder_with("notes.txt"), "holds more than earlier results", id="own folder"),
    pytest.param(lambda v, t: [v, "--frame-interval", "5s", "--out", t / "out"],
                 "the network of the package cannot be rebuilt in PyTorch", id="another network"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_one_line_and_leave_nothing(
    run: Run, model: Path, video: Path, tmp_path: Path, arguments: Arguments, message: str
) -> None:
    given = arguments(video, tmp_path)
    if "--model" not in given:
        given += ["--model", model]
    before = sorted(tmp_path.rglob("*"))
    told = run("explain", *given)
    assert told.code == 2, told.out
    (line,) = told.errors
    assert line.startswith("error: ")
    assert message in line
    assert sorted(tmp_path.rglob("*")) == before


def test_the_clip_scorer_gives_the_exact_map_alone(model: Path) -> None:
    package = ModelPackage.load(model)
    verdict = ClipScorer(package).score(package.examples.frames[0])
    assert float(verdict.activation.mean()) == pytest.approx(verdict.logit, abs=1e-5)
