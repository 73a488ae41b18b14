"""``stcnet train``, ``evaluate`` and ``export`` on data that are no shared cells: rendered RISE."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from small_cells import tiny_settings
from stcnet.cli.export import _held_out
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.rendering import synthesise_rise
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.predictions import Prediction, read_rows, write_predictions
from stcnet.packaging.findings import HeldOutFolds

from .conftest import Run

Kind: TypeAlias = Callable[[Run, Path, Path], Path]
VIEWS = ("0-0", "0-1", "1-0", "2-0")
FOLDS = ["leave-out-plant-clairton", "leave-out-plant-plant-1", "leave-out-plant-plant-2"]


@pytest.fixture(scope="module")
def rise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 clips of four views of three plants; some of them undecided."""
    folder = tmp_path_factory.mktemp("rise") / "rendered"
    synthesise_rise(folder, clips_per_view=5, views=VIEWS, days=3, size=32, seed=3)
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_settings(epochs=1)))
    return path


def labels_of(folder: Path) -> dict[str, int]:
    clips = RiseCollection.open(folder).clips
    return {clip.id: clip.label for clip in clips if clip.label is not None}


def test_rendered_rise_is_trained_on_and_judged_by_plant(
    run: Run, rise: Path, recipe: Path, tmp_path: Path
) -> None:
    out, labels = tmp_path / "runs", labels_of(rise)
    told = run("train", recipe, "--data", rise, "--out", out, "--accelerator", "cpu", "--protocol",
               "leave-one-plant-out")  # fmt: skip
    assert told.code == 0, told.err
    assert f"{20 - len(labels)} left out, without a decided label" in told.err
    rows = [row.values for row in read_rows(out / "predictions.csv")]
    assert sorted(row["id"] for row in rows) == sorted(labels)
    assert sorted({row["fold"] for row in rows}) == FOLDS
    for fold in FOLDS:
        record = json.loads((out / fold / "data.json").read_text())
        held_out = {row["id"] for row in rows if row["fold"] == fold}
        assert set(record["clips"]) == labels.keys() - held_out
        assert record["description"].endswith(" of RISE")
    # So little training may leave smoke no likelier at higher scores, which is then told.
    calibrated = [] if "not calibrated" in told.err else ["--calibrated"]
    table = run("evaluate", *calibrated, "--predictions", out / "predictions.csv", "--data", rise)
    assert table.code == 0, table.err
    assert told.out.startswith(table.out.strip())
    judged = [line.split(" | ")[0].removeprefix("| ") for line in table.out.splitlines()[2:6]]
    assert judged == [*FOLDS, "mean"]
    assert table.out.endswith("drawn together: view and day\n")


def predictions_of(folder: Path, path: Path, fold_of: dict[str, str]) -> Path:
    """A score for each clip in the fold of its plant, some of them wrong, the first one badly."""
    clips = [clip for clip in RiseCollection.open(folder).clips if clip.label is not None]
    write_predictions(path, [
        Prediction(clip.id, fold_of[clip.plant],
                   (2.0 * (clip.label or 0) - 1) * (1 if n else -3) + 0.3 * (n % 5))
        for n, clip in enumerate(clips)
    ])  # fmt: skip
    return path


PLANTS = dict(zip(("clairton", "plant-1", "plant-2"), FOLDS, strict=True))


def test_predictions_are_judged_with_all_that_the_clips_tell(
    run: Run, rise: Path, tmp_path: Path
) -> None:
    path = predictions_of(rise, tmp_path / "p.csv", PLANTS)
    told = run("evaluate", "--predictions", path, "--data", rise, "--by", "view", "--by", "month",
               "--against", path, "--json")  # fmt: skip
    assert told.code == 0, told.err
    record = json.loads(told.out)
    assert {row["part"] for row in record["parts"] if row["by"] == "view"} == set(VIEWS)
    assert record["scores"][-1]["sample"] == "mean"
    assert record["scores"][-1]["metrics"].keys() == METRICS.keys()
    assert record["comparison"]["metrics"]["accuracy"]["difference"][0] == 0


def test_whole_folds_are_asked_for(run: Run, rise: Path, tmp_path: Path) -> None:
    path = predictions_of(rise, tmp_path / "p.csv", PLANTS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    told = run("evaluate", "--predictions", path, "--data", rise)
    assert told.code == 2
    assert "clips of the fold are not predicted (got 1 missing, " in told.err
    assert run("evaluate", "--predictions", path, "--data", rise, "--skip-bad").code == 0
    swapped = predictions_of(rise, tmp_path / "s.csv", PLANTS | {"plant-1": FOLDS[2]})
    told = run("evaluate", "--predictions", swapped, "--data", rise)
    assert "a clip is predicted that the fold does not hold out" in told.err


def test_the_baseline_is_of_the_cells_alone(run: Run, rise: Path, tmp_path: Path) -> None:
    path = predictions_of(rise, tmp_path / "p.csv", PLANTS)
    told = run("evaluate", "--predictions", path, "--data", rise, "--against", "baseline")
    assert told.code == 2
    (line,) = told.errors
    assert "only the records of the shared cells hold what the baseline said" in line


@pytest.mark.parametrize("options", [(), ("--calibrated",)], ids=["raw", "calibrated"])
def test_mistakes_are_shown(run: Run, rise: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    path, folder = predictions_of(rise, tmp_path / "p.csv", PLANTS), tmp_path / "gallery"
    told = run("evaluate", "--predictions", path, "--data", rise, "--gallery", folder, *options)
    assert told.code == 0, told.err
    logits = {row.values["id"]: float(row.values["logit"]) for row in read_rows(path)}
    wrong = {name for name, label in labels_of(rise).items() if (logits[name] > 0) != bool(label)}
    shown = {gif.stem for gif in folder.rglob("*.gif")}
    assert shown
    assert shown == wrong or options
    page = (folder / "index.html").read_text()
    assert all(f"<dd>{view}, " in page for view in {name[:3] for name in shown})
    assert ("probability" in page) == bool(options)


def test_a_package_of_another_collection_is_calibrated_on_its_folds(
    rise: Path, tmp_path: Path
) -> None:
    held_out = _held_out([predictions_of(rise, tmp_path / "p.csv", PLANTS)], rise, None, 8.0)
    assert isinstance(held_out, HeldOutFolds)
    found = held_out.findings(175.0)
    assert found.protocols == ("leave-one-plant-out",)
    assert not found.of_cells
    assert [row.sample for row in found.scores] == [*FOLDS, "mean"]  # type: ignore[union-attr]
    assert f"on {len(labels_of(rise))} held-out predictions" in found.calibration.basis
    assert {point.hours_per_day for point in found.points} == {8.0}


def own_data(run: Run, rise: Path, folder: Path) -> Path:
    """The same clips, sorted by hand and imported: views are known, days by the clips' names."""
    for clip in RiseCollection.open(rise).clips:
        if clip.label is not None:
            place = folder / "sorted" / ("smoke" if clip.label else "no-smoke") / clip.view
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(rise / "videos" / f"{clip.id}.mp4", place)
    told = run("data", "import", folder / "sorted", "--out", folder / "own", "--interval", "5s")
    assert told.code == 0, told.err
    return folder / "own"


def store(run: Run, rise: Path, folder: Path) -> Path:
    assert run("data", "store", rise, "--out", folder / "store").code == 0
    return folder / "store"


@pytest.mark.parametrize("kind", [own_data, store])
def test_every_kind_is_split_trained_on_and_judged(
    run: Run, rise: Path, recipe: Path, tmp_path: Path, kind: Kind
) -> None:
    data = kind(run, rise, tmp_path)
    split = run("data", "split", data, "--protocol", "leave-out-view-0-1", "--out", tmp_path / "f")
    assert split.code == 0, split.err
    (fold,) = json.loads((tmp_path / "f" / "folds.json").read_text())["folds"]
    told = run("train", recipe, "--data", data, "--out", tmp_path / "out", "--accelerator", "cpu",
               "--protocol", tmp_path / "f" / "folds.json")  # fmt: skip
    assert told.code == 0, told.err
    path = tmp_path / "out" / "predictions.csv"
    assert [row.values["id"] for row in read_rows(path)] == fold["test"]
    trained = json.loads((tmp_path / "out" / fold["name"] / "data.json").read_text())["clips"]
    assert trained == sorted(fold["train"])
    table = run("evaluate", "--predictions", path, "--data", data)
    assert told.out.startswith(table.out.strip())


@pytest.fixture
def spoilt(rise: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """The same with one labelled clip missing and one truncated; their names."""
    folder = tmp_path / "spoilt"
    shutil.copytree(rise, folder)
    missing, cut = sorted(labels_of(rise))[:2]
    (folder / "videos" / f"{missing}.mp4").unlink()
    path = folder / "videos" / f"{cut}.mp4"
    path.write_bytes(path.read_bytes()[:200])
    return folder, [missing, cut]


def test_bad_videos_are_refused_or_left_out(
    run: Run, spoilt: tuple[Path, list[str]], recipe: Path, tmp_path: Path
) -> None:
    folder, bad = spoilt
    command = ("train", recipe, "--data", folder, "--out", tmp_path / "out", "--accelerator", "cpu",
               "--protocol", "leave-out-plant-plant-1")  # fmt: skip
    told = run(*command)
    assert told.code == 2
    (line,) = [line for line in told.errors if line.startswith("error: ")]
    assert "RISE: 2 of the videos cannot be used (got " in line
    assert f"{bad[0]}.mp4: the video is missing, the first); mend them" in line
    assert not (tmp_path / "out" / "predictions.csv").exists()

    told = run(*command, "--skip-bad")
    assert told.code == 0, told.err
    assert [name for name in bad if f"{name}.mp4" in told.err] == bad
    trained = json.loads((tmp_path / "out" / "leave-out-plant-plant-1" / "data.json").read_text())
    assert set(bad).isdisjoint(trained["clips"])
    again = run(*command, "--skip-bad")
    assert again.out == told.out
    assert "epoch 1/1" in told.err
    assert "epoch 1/1" not in again.err


def test_a_test_clip_under_another_name_ends_the_training(
    run: Run, rise: Path, recipe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "planted"
    shutil.copytree(rise, folder)
    clips = {clip.view: clip.id for clip in RiseCollection.open(rise).clips if clip.label == 1}
    tested, trained = clips["1-0"], clips["0-1"]
    shutil.copy(folder / "videos" / f"{tested}.mp4", folder / "videos" / f"{trained}.mp4")
    told = run("train", recipe, "--data", folder, "--out", tmp_path / "out", "--accelerator", "cpu",
               "--protocol", "leave-out-plant-plant-1")  # fmt: skip
    assert told.code == 2
    (line,) = [line for line in told.errors if line.startswith("error: ")]
    assert line.startswith(f"error: {trained}: a training clip shows a test clip again")
    assert f"test clip {tested}" in line
    assert not list(tmp_path.glob("out/*/*"))


def test_cells_that_cannot_be_judged_whole_are_kept_and_said(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(small_data, tmp_path / "cells")
    records = json.loads((data / "cells.json").read_text(encoding="utf-8"))
    records[0]["file"] = "gone.mp4"
    (data / "cells.json").write_text(json.dumps(records), encoding="utf-8")
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_settings(epochs=1)), encoding="utf-8")
    told = run("train", recipe, "--data", data, "--out", tmp_path / "o", "--protocol",
               "leave-out-S0", "--accelerator", "cpu", "--skip-bad")  # fmt: skip
    assert told.code == 0, told.err
    assert "gone.mp4: the mosaic is missing" in told.err
    assert "not judged: predictions of leave-out-S0: clips of the fold are not pred" in told.err
    assert told.out == f"predictions: {tmp_path / 'o' / 'predictions.csv'}\n"
    kept = read_rows(tmp_path / "o" / "predictions.csv")
    assert records[0]["id"] not in {row.values["id"] for row in kept}
