"""``benchmarks/adaptation.py`` teaches a run clips of plants, and never what it is tested on."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

from small_cells import make_cells
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.folds.protocols import folds_of
from stcnet.training.checkpoint import save_run
from stcnet.training.data import TrainingData
from stcnet.training.recipes.recipe import load_recipe

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "adaptation.py"
CELLS = tuple(make_cells())


def run_on(folder: Path, clips: tuple[LabelledClip, ...]) -> Path:
    """A run of random weights that says it was trained on some clips."""
    recipe = load_recipe("adapt")
    network = recipe.network.model_copy(update={"input_size": 32, "pretrained": "none"})
    recipe = recipe.model_copy(update={"network": network})
    data = TrainingData(description="some", clips=tuple(sorted(clip.id for clip in clips)))
    torch.manual_seed(1)
    save_run(folder, network.untrained(), recipe, data)
    return folder


def call(
    data: Path, run: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *options: str
) -> int | str | None:
    given = [SCRIPT, "--data", data, "--run", run, "--out", out, "--epochs", "1", *options]
    monkeypatch.setattr(sys, "argv", [str(part) for part in given])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    return ended.value.code


@pytest.mark.slow
def test_all_clips_of_the_plants_are_tested_by_what_has_not_seen_them(
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (fold,) = folds_of(CellCollection(small_data, CELLS), "leave-plants-out")
    run, out = run_on(tmp_path / "run", fold.train), tmp_path / "out"
    assert call(small_data, run, out, monkeypatch, "--shares", "1/2,1") == 0
    printed = capsys.readouterr().out
    rows = [line.split(" | ")[0] for line in printed.splitlines() if line.startswith("| ")]
    assert rows == ["| teaching clips", "| ---", "| 0", "| 2", "| 4"]
    tested = {clip.id for clip in fold.test}
    for name in ("0", "2", "4"):
        lines = (out / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
        assert {line.split(",")[0] for line in lines} == tested
    for record in out.glob("runs-*/*/data.json"):
        taught = set(json.loads(record.read_text(encoding="utf-8"))["clips"])
        split = record.parent.name.split("-")[1:]
        assert taught < tested
        assert {cell.split for cell in CELLS if cell.id in taught}.isdisjoint(split)
    assert len(list(out.glob("runs-*/*/data.json"))) == 4

    # What is finished is not trained again.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert call(small_data, run, out, monkeypatch, "--shares", "1/2,1") == 0
    assert capsys.readouterr().out == printed
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")} == before


def test_a_run_that_knows_the_plants_is_refused(
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (fold,) = folds_of(CellCollection(small_data, CELLS), "leave-out-S0")
    run = run_on(tmp_path / "run", fold.train)
    assert call(small_data, run, tmp_path / "out", monkeypatch) == 2
    assert "has seen clips of the plants" in capsys.readouterr().err
    assert call(small_data, run, tmp_path / "out", monkeypatch, "--shares", "2") == 2
