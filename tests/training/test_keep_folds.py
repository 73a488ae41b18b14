"""Weights of folds that are kept in 16 bits."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import safetensors.torch
import torch

from benchmark_scripts import loaded
from small_cells import tiny_recipe
from stcnet.training.checkpoint import WEIGHTS_FILE, load_run, save_run
from stcnet.training.data import TrainingData


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with loaded("keep_folds") as module:
        yield module


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    recipe = tiny_recipe(epochs=1)
    data = TrainingData(description="none", clips=("a", "b"), labels_sha256="")
    save_run(tmp_path / "runs" / "fold", recipe.network.untrained(), recipe, data)
    (tmp_path / "runs" / "unfinished").mkdir()
    return tmp_path / "runs"


def keep(script: ModuleType, monkeypatch: pytest.MonkeyPatch, runs: Path, out: Path) -> int:
    monkeypatch.setattr("sys.argv", ["keep_folds.py", "--runs", str(runs), "--out", str(out)])
    code: int = script.exit_code_of(script.main)
    return code


def test_the_copy_is_the_run_in_half_of_the_size(
    script: ModuleType,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "kept"
    assert keep(script, monkeypatch, runs, out) == 0
    assert [path.name for path in out.iterdir()] == ["fold"]
    sizes = [(folder / "fold" / WEIGHTS_FILE).stat().st_size for folder in (runs, out)]
    assert sizes[1] < 0.6 * sizes[0]
    before, after = load_run(runs / "fold"), load_run(out / "fold")
    assert (after.recipe, after.data) == (before.recipe, before.data)
    for name, weight in after.network().state_dict().items():
        expected = before.network().state_dict()[name]
        assert weight.dtype == expected.dtype
        torch.testing.assert_close(weight, expected, rtol=1e-3, atol=1e-6)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("| fold |")
    assert 0 < float(line.split("|")[3]) < 1e-3


def test_weights_beyond_16_bits_are_refused(
    script: ModuleType,
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = runs / "fold" / WEIGHTS_FILE
    weights = safetensors.torch.load_file(path)
    name = next(name for name, weight in weights.items() if weight.is_floating_point())
    safetensors.torch.save_file(weights | {name: weights[name] + 1e5}, path)
    assert keep(script, monkeypatch, runs, tmp_path / "kept") == 2
    assert "too large for 16 bits" in capsys.readouterr().err
    assert not (tmp_path / "kept").exists()


def test_a_folder_without_runs_is_refused(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert keep(script, monkeypatch, tmp_path, tmp_path / "kept") == 2
    assert "holds no finished run" in capsys.readouterr().err
