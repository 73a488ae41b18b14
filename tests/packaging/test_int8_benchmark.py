"""``benchmarks/int8.py`` sets fp32 and int8 side by side on the same terms."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmark_scripts import loaded
from small_cells import make_cells
from staged_model import staged_parts
from stcnet.datasets import Cell
from stcnet.evaluation.calibration import calibrated, cross_calibrations
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import judge_protocol


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with loaded("int8") as module:
        yield module


def said(cells: list[Cell], noise: float = 0.0) -> list[Prediction]:
    rng = np.random.default_rng(0)
    folds = [(c, f"leave-out-{c.split}") for c in cells]
    folds += [(c, "leave-out-plants") for c in cells if c.site == "other-plants"]
    logits = rng.normal([2 * c.label - 0.5 for c, _ in folds], 1.5)
    logits += noise * rng.standard_normal(len(folds))
    return [Prediction(c.id, f, float(x)) for (c, f), x in zip(folds, logits, strict=True)]


def test_what_is_the_same_costs_nothing(benchmark: ModuleType) -> None:
    cells = make_cells(96)
    found = dict(benchmark.comparisons(said(cells), said(cells), cells))
    assert list(found) == [
        *(f"leave-out-{split}" for split in ("S0", "S1", "S2", "S4")),
        "leave-out-plants",
        benchmark.MEAN,
    ]
    for comparison in found.values():
        differences = [each.difference for each in comparison.metrics.values()]
        assert {(d.value, d.low, d.high) for d in differences} == {(0.0, 0.0, 0.0)}


def test_both_are_judged_by_the_calibration_of_fp32(benchmark: ModuleType) -> None:
    """An int8 package keeps it, so that what shifts all logits costs something."""
    cells = make_cells(96)
    fp32, int8 = said(cells), said(cells, noise=0.7)
    fits = cross_calibrations(fp32, cells)
    found = dict(benchmark.comparisons(fp32, int8, cells))[benchmark.MEAN].metrics["smoke_f1"]
    expected = {
        side: next(
            row.metrics["smoke_f1"].value
            for row in judge_protocol([calibrated(p, fits[p.fold]) for p in predictions], cells)
            if (row.fold, row.group) == ("mean", "rise")
        )
        for side, predictions in {"fp32": fp32, "int8": int8}.items()
    }
    assert (found.theirs.value, found.ours.value) == pytest.approx(tuple(expected.values()))
    assert found.difference.value == pytest.approx(expected["int8"] - expected["fp32"])
    assert found.difference.low < found.difference.value < found.difference.high


def test_a_fold_alone_is_judged_at_logit_0(benchmark: ModuleType) -> None:
    cells = make_cells(96)
    alone = [p for p in said(cells) if p.fold == "leave-out-S1"]
    ((name, comparison),) = benchmark.comparisons(alone, alone, cells)
    assert (name, comparison.clips) == (
        "leave-out-S1",
        len([p for p in alone if is_rise(p, cells)]),
    )
    rows = judge_protocol(alone, cells)
    expected = next(row for row in rows if row.group == "rise").metrics["smoke_f1"]
    assert comparison.metrics["smoke_f1"].ours == expected


def is_rise(prediction: Prediction, cells: list[Cell]) -> bool:
    return next(cell.site for cell in cells if cell.id == prediction.id) != "ijmond"


def run(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["int8.py", *map(str, arguments)])
    try:
        benchmark.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_size_and_speed_of_a_package(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = staged_parts().write(tmp_path / "staged.stcnet").source
    kept = tmp_path / "int8.json"
    options: list[Any] = ["--model", model, "--threads", 1, "--repeats", 2, "--clips", 2]
    assert run(benchmark, monkeypatch, *options, "--json", kept) == 0
    record = json.loads(kept.read_text())
    assert record["bytes"][0] == model.stat().st_size
    assert [(each["verdict"], each["threads"]) for each in record["speed"]] == [
        ("on a clip", 1),
        ("in a stream", 1),
    ]
    assert all(min(each["fp32_ms"], each["int8_ms"], each["ratio"]) > 0 for each in record["speed"])
    assert "| verdict in a stream, 1 thread, ms | " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--runs", "."], "--runs and --data go together", id="runs without data"),
        pytest.param(["--runs", ".", "--data", "gone"], "cells.json", id="no data"),
        pytest.param(["--model", "gone.stcnet"], "cannot be read", id="no package"),
    ],
)
def test_refuses(
    arguments: list[str],
    message: str,
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(benchmark, monkeypatch, *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize("name", ["pretraining", "all"])
def test_what_holds_no_clip_out_is_no_fold(
    name: str,
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    small_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "weights.safetensors").touch()
    assert run(benchmark, monkeypatch, "--runs", tmp_path, "--data", small_data) == 2
    assert "the folders hold no finished fold" in capsys.readouterr().err
