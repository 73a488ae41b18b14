"""``stcnet reproduce rise`` from end to end on rendered clips and on small cells."""

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
from stcnet.reproduction.jobs import RECORD_FILE
from stcnet.reproduction.records import COLUMNS
from stcnet.reproduction.rows import ROWS, Slot
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
    rows = ("--rows", "flagship", "--splits", "S4")
    told = reproduce(run, rise, whole, *rows)
    assert told.code == 0, told.err
    assert "job 1/1, flagship S4 ..." in told.err
    assert "QUICK: not a reproduction" in told.out
    start = (
        r"\| STCNet flagship \(this package\) \| ImageNet \(packaged\) \| smoke F1 \| not run / -"
    )
    assert re.search(start, told.out)
    assert re.search(r"\| \.\d{3} \([^)]+\) / - \| not run / - \|", told.out)
    assert f"table: {whole / 'reproduction.html'}" in told.out
    assert states(whole, "flagship")["S4"] == "done"
    assert not list((whole / "flagship" / "S4").rglob(CHECKPOINT_FILE))
    left = iter(range(plans.QUICK_EPOCHS))

    def pull_the_plug(*_: object) -> None:
        if next(left, None) is None:  # the epochs on rendered scenes are over
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("stcnet.training.loop.Listener.on_epoch", pull_the_plug)
        assert reproduce(run, rise, broken, *rows).code == 130
    assert not (broken / "flagship" / "S4" / RECORD_FILE).exists()
    assert (broken / "flagship" / "S4" / "member-1" / CHECKPOINT_FILE).exists()
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
    (scores,) = [scores for scores in json.loads(told.out) if scores["by"] == "all"]
    assert {name: estimate[0] for name, estimate in scores["metrics"].items()} == {
        name: estimate[0] for name, estimate in ours["metrics"].items()
    }


BAD: list[Any] = [
    pytest.param(["--rows", "i3d"], "--rows: there is no such row (got i3d; allowed: flow-svm,",
                 id="row"),
    pytest.param(["--splits", "S3"], "--splits: the data holds no such split (got S3; allowed: S0,"
                 " S1, S2, S4); not in the data", id="split"),
    pytest.param(["--budget", "half"], "--budget: there is no such budget (got half; allowed: full,"
                 " quick)", id="budget"),
    pytest.param(["--pretrained", "i3d=a.pt"], "--pretrained: the pretrained weights cannot be"
                 " understood (got i3d=a.pt; allowed: kinetics-rgb=PATH,", id="slot"),
    pytest.param(["--pretrained", "kinetics-rgb"], "--pretrained: ", id="no path"),
    pytest.param(["--accelerator", "tpu"], "--accelerator: there is no such accelerator (got tpu;",
                 id="accelerator"),
    pytest.param(["--data", "tests"], "tests: the folder holds no data that the table can be made"
                 " on (allowed: cells.json or metadata.json)", id="data"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_one_line(
    run: Run, small_data: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    told = reproduce(run, small_data, tmp_path / "out", *arguments)
    assert told.code == 2
    (line,) = told.errors
    assert line.startswith(f"error: {message}")
    assert (told.out, list(tmp_path.iterdir())) == ("", [])


def test_alone_it_tells_its_tables(run: Run) -> None:
    told = run("reproduce")
    assert (told.code, told.err) == (0, "")
    assert "rise" in told.out


def named_in_code(text: str) -> set[str]:
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    (.+)$", text, re.MULTILINE)
    return {word for part in code for word in re.findall(r"[\w.-]+", part)}


def test_options_columns_rows_and_slots_are_documented() -> None:
    command: Any = get_command(app)
    options = {
        name
        for parameter in command.commands["reproduce"].commands["rise"].params
        for name in parameter.opts
    }
    rows, slots = {row.name for row in ROWS}, set(get_args(Slot))
    documented = named_in_code(PAGE.read_text(encoding="utf-8"))
    assert (options - {"--help"}) | set(COLUMNS) | rows | slots <= documented
