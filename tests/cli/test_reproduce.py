"""``stcnet reproduce rise`` from end to end on rendered clips and on small cells."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

from stcnet.cli.app import app
from stcnet.datasets.rise.rendering import synthesise_rise
from stcnet.reproduction import plans
from stcnet.reproduction.rows import ROWS, Slot
from stcnet.reproduction.tables import COLUMNS
from stcnet.training.checkpoint import CHECKPOINT_FILE

from .conftest import Outcome, Run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "researchers.md"


@pytest.fixture(scope="module")
def rise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rise")
    synthesise_rise(folder, clips_per_view=1, days=4, size=32, seed=3)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Quick runs of 32 pixels."""
    monkeypatch.setattr(plans, "QUICK_SIZE", 32)
    plans.recipe_within.cache_clear()
    yield
    plans.recipe_within.cache_clear()


def reproduce(run: Run, data: Path, out: Path, *more: object) -> Outcome:
    return run("reproduce", "rise", "--data", data, "--out", out, "--budget", "quick",
               "--accelerator", "cpu", *more)  # fmt: skip


def states(out: Path, row: str) -> dict[str, str]:
    stored = json.loads((out / "reproduction.json").read_text())
    splits: dict[str, Any] = next(r for r in stored["rows"] if r["row"] == row)["splits"]
    return {split: cell["state"] for split, cell in splits.items()}


def said(out: Path, row: str, split: str) -> str:
    return (out / row / split / "predictions.csv").read_text()


@pytest.mark.usefixtures("small")
def test_rendered_rise_interrupted_and_resumed(
    run: Run, rise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    rows = ("--rows", "rgb-svm, flagship", "--splits", "S4")
    told = reproduce(run, rise, whole, *rows)
    assert told.code == 0, told.err
    assert "job 2/2, flagship S4 ..." in told.err
    assert "QUICK: not a reproduction" in told.out
    assert re.search(r"\| RGB-SVM \| from scratch \| smoke F1 \| not run / \.57 \|", told.out)
    assert re.search(r"\| \.\d{3} \([^)]+\) / \.57 \| not run / \.53 \|", told.out)
    assert f"table: {whole / 'reproduction.html'}" in told.out
    assert states(whole, "flagship")["S4"] == "done"
    assert not list(whole.rglob(CHECKPOINT_FILE))

    def pull_the_plug(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("stcnet.training.loop.Listener.on_epoch", pull_the_plug)
        assert reproduce(run, rise, broken, *rows).code == 130
    assert states(broken, "rgb-svm")["S4"] == "done"
    assert states(broken, "flagship")["S4"] == "open"
    assert (broken / "flagship" / "S4" / CHECKPOINT_FILE).exists()
    again = reproduce(run, rise, broken, *rows)
    assert again.code == 0, again.err
    assert said(whole, "flagship", "S4") == said(broken, "flagship", "S4")


@pytest.mark.usefixtures("small")
def test_small_cells_with_a_row_that_fails(run: Run, small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pointer = tmp_path / "rgb.pt"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    told = reproduce(run, small_data, out, "--rows", "rgb-svm,flagship", "--splits", "S1",
                     "--pretrained", f"kinetics-rgb={pointer}")  # fmt: skip
    assert told.code == 1
    assert "rgb-svm S1 failed:" in told.err
    assert re.search(r"error: .*jobs failed.* \(got 1 of 2\); mend the cause", told.err)
    assert "Git LFS pointer" in told.out
    assert states(out, "flagship") == dict.fromkeys(("S0", "S2", "S4"), "open") | {
        "S1": "done", "S3": "absent", "S5": "absent",
    }  # fmt: skip
    stored = json.loads((out / "reproduction.json").read_text())
    ours = next(row for row in stored["rows"] if row["row"] == "flagship")["splits"]["S1"]
    told = run("evaluate", "--predictions", out / "flagship" / "S1" / "predictions.csv", "--json")
    assert told.code == 0, told.err
    (row,) = [row for row in json.loads(told.out) if row["group"] == "all"]
    assert {name: estimate[0] for name, estimate in row["metrics"].items()} == {
        name: estimate[0] for name, estimate in ours["metrics"].items()
    }
