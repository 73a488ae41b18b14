"""``benchmarks/cameras.py`` from folds to tables, and what it says where it cannot."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmark_scripts import loaded
from small_cells import make_cells
from stcnet.datasets.cells.protocols import PLANTS_FOLD, fold_test
from stcnet.evaluation.condition_runs import FoldModel
from stcnet.evaluation.predictions import Prediction, write_predictions
from stcnet.inference.phases import PhaseScorer
from stcnet.training.checkpoint import WEIGHTS_FILE
from tiny_model import make_parts

FOLDS = ("leave-out-S0", "leave-out-S1", PLANTS_FOLD)


@pytest.fixture(scope="module")
def cameras() -> Iterator[ModuleType]:
    with loaded("cameras") as module:
        yield module


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Folds with stored predictions; whoever loads their weights finds none in them."""
    cells = make_cells(48)
    for fold in FOLDS:
        folder = tmp_path / "runs" / fold
        folder.mkdir(parents=True)
        (folder / WEIGHTS_FILE).touch()
        said = [
            Prediction(cell.id, fold, 2.0 * cell.label - 1 + n % 5 - 2)
            for n, cell in enumerate(fold_test(cells, fold) or [])
        ]
        write_predictions(folder / "predictions.csv", said)
    return tmp_path / "runs"


def run(cameras: ModuleType, monkeypatch: pytest.MonkeyPatch, *options: object) -> None:
    monkeypatch.setattr(sys, "argv", ["cameras.py", *map(str, options)])
    cameras.main()


def tiny_models(monkeypatch: pytest.MonkeyPatch, cameras: ModuleType, place: Path) -> None:
    """Every fold has the same tiny model."""
    package = make_parts(8, 4).write(place / "tiny.stcnet")
    scorer = PhaseScorer(package.runner(1), package.manifest.input)
    model = FoldModel(scorer, package.manifest.sampling)
    monkeypatch.setattr(cameras, "load_model", lambda folder: model)


def test_from_folds_to_tables(
    cameras: ModuleType,
    runs: Path,
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny_models(monkeypatch, cameras, tmp_path)
    numbers = tmp_path / "cameras.json"
    run(cameras, monkeypatch, "--data", small_data, "--runs", runs, "--only", "motion",
        "--scenes", 0, "--json", numbers)  # fmt: skip
    told, progress = capsys.readouterr()
    assert told.startswith(
        "Models of leave-out-S0, leave-out-S1, leave-out-plants; each fold calibrated on the "
        "others. They ask for a frame every 5 s and compare frames 20 s apart.\n"
    )
    assert told.count("\n| motion |") == 6
    assert "mean of 2 folds: smoke F1" in told
    assert "\nAs recorded they give their stored predictions to within " in told
    assert "recorded clips: " in progress
    record = json.loads(numbers.read_text())
    assert record["folds"] == sorted(FOLDS)
    assert {row["group"] for row in record["recorded"]} == {"time", "motion"}
    assert record["rendered"] == []


def test_one_fold_is_judged_at_logit_0(cameras: ModuleType, runs: Path) -> None:
    stored = cameras.stored_predictions({"leave-out-S0": runs / "leave-out-S0"})
    calibrations, basis = cameras.calibrate_folds(stored, make_cells(48))
    assert calibrations == {}
    assert basis.startswith("judged at logit 0, as predictions: a fold can only be calibrated")


def test_stored_predictions_are_held_to_the_scores(cameras: ModuleType) -> None:
    as_trained = ("as recorded: all offsets averaged", "leave-out-S0")
    logits = {as_trained: {"a": 1.0, "b": -2.0}, ("blind", "leave-out-S0"): {"a": 9.0}}
    stored = [Prediction("a", "leave-out-S0", 1.1), Prediction("b", "leave-out-S0", -2.3)]
    assert cameras.largest_difference(logits, stored) == pytest.approx(0.3)
    with pytest.raises(cameras.ConfigError, match=r"leave-out-S0.*miss a clip.*got b"):
        cameras.largest_difference(logits, stored[:1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--runs", "nowhere"], "--runs: there is no such folder", id="no folder"),
        pytest.param(["--runs", "."], "--runs: no finished fold", id="no fold"),
        pytest.param(["--runs", "runs", "runs"], "--runs: a fold comes twice", id="twice"),
        pytest.param(["--runs", "runs", "--only", "rain"], "--only: there is no such group",
                     id="no such group"),
        pytest.param(["--runs", "runs", "--sides", "16"], "--sides: a side is wrong", id="side"),
        pytest.param(["--runs", "runs"], "holds no finished training run", id="empty weights"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_one_line(
    cameras: ModuleType,
    runs: Path,
    small_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(runs.parent)
    with pytest.raises(SystemExit) as ended:
        run(cameras, monkeypatch, "--data", small_data, *options)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("option", ["--clips", "--scenes", "--threads"])
def test_numbers_out_of_range_are_refused(
    cameras: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(cameras, monkeypatch, "--data", ".", "--runs", ".", f"{option}=-1")
    assert ended.value.code == 2
    assert f"argument {option}: '-1' is no whole number" in capsys.readouterr().err


def test_folds_of_different_recipes_are_refused(
    cameras: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [make_parts(frames, 2).write(tmp_path / f"{frames}.stcnet") for frames in (3, 4)]
    models = {
        str(n): FoldModel(PhaseScorer(p.runner(1), p.manifest.input), p.manifest.sampling)
        for n, p in enumerate(packages)
    }
    with pytest.raises(cameras.ConfigError, match="different recipes"):
        cameras.shared_sampling(models)
