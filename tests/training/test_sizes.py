"""The benchmark of input sizes, on folds that train in seconds."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmark_scripts import loaded
from small_cells import make_cells, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.evaluation.predictions import Prediction, parse_predictions, read_rows
from stcnet.training.checkpoint import DATA_FILE
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold

FOLD = "leave-out-S0"


@pytest.fixture(scope="module")
def benchmark_module() -> Iterator[ModuleType]:
    with loaded("sizes") as module:
        yield module


@pytest.fixture(scope="module")
def trained(
    small_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Prediction]]:
    """A finished fold and its own predictions."""
    data = CellCollection(small_data, tuple(make_cells()))
    (fold,) = folds_of(data, FOLD)
    folder = tmp_path_factory.mktemp("runs")
    return folder, run_fold(tiny_recipe(epochs=1), fold, data, folder, fabric=make_fabric("cpu"))


def measure(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, *options: object
) -> tuple[int, Path]:
    monkeypatch.setattr("sys.argv", ["sizes.py", *map(str, options)])
    return module.exit_code_of(module.main), Path(str(options[-1]))


def test_a_fold_is_judged_at_every_size(
    benchmark_module: ModuleType,
    trained: tuple[Path, list[Prediction]],
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs, own = trained
    options = ("--data", small_data, "--runs", runs, "--sizes", "64,32", "--out", tmp_path / "out")
    code, out = measure(benchmark_module, monkeypatch, *options)
    told = capsys.readouterr()
    assert code == 0, told.err
    head, _, *lines = told.out.splitlines()[2:]
    assert head == "| fold | clips of | 32 px | 64 px |"
    assert {tuple(line.split(" | ")[:2]) for line in lines} == {
        (f"| {FOLD}", group) for group in ("rise", "other-plants")
    }
    at = {size: parse_predictions(read_rows(out / f"{size}.csv"), out) for size in (32, 64)}
    assert [p.id for p in at[32]] == [p.id for p in own]
    assert [p.logit for p in at[32]] == pytest.approx([p.logit for p in own], abs=1e-4)
    assert [p.logit for p in at[64]] != pytest.approx([p.logit for p in own], abs=1e-4)

    monkeypatch.setattr(benchmark_module, "predict_fold", None)
    assert measure(benchmark_module, monkeypatch, *options)[0] == 0
    assert capsys.readouterr().out == told.out


@pytest.mark.parametrize("sizes", ["100", "0", "128,,160", "large", "2048"])
def test_other_sizes_are_refused(
    benchmark_module: ModuleType,
    small_data: Path,
    tmp_path: Path,
    trained: tuple[Path, list[Prediction]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sizes: str,
) -> None:
    options = ("--data", small_data, "--runs", trained[0], "--sizes", sizes, "--out", tmp_path)
    assert measure(benchmark_module, monkeypatch, *options)[0] == 2
    assert "no size of an input" in capsys.readouterr().err


def test_a_folder_without_folds_is_refused(
    benchmark_module: ModuleType,
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ("--data", small_data, "--runs", tmp_path, "--out", tmp_path / "out")
    assert measure(benchmark_module, monkeypatch, *options)[0] == 2
    assert "holds no finished fold" in capsys.readouterr().err


def test_a_run_that_has_seen_a_test_clip_is_refused(
    benchmark_module: ModuleType,
    small_data: Path,
    tmp_path: Path,
    trained: tuple[Path, list[Prediction]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs, own = trained
    shutil.copytree(runs, tmp_path / "runs")
    record = tmp_path / "runs" / FOLD / DATA_FILE
    text = record.read_text().replace('"clips": [', f'"clips": [\n"{own[0].id}",', 1)
    record.write_text(text)
    options = ("--data", small_data, "--runs", tmp_path / "runs", "--out", tmp_path / "out")
    assert measure(benchmark_module, monkeypatch, *options)[0] == 2
    assert f"has seen a test clip (got {own[0].id})" in capsys.readouterr().err
