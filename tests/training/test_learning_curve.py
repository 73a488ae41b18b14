"""``benchmarks/learning_curve.py`` trains shares, goes on, and refuses what is another run's."""

import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "learning_curve.py"
REHEARSAL = ("--epochs", "1", "--size", "32", "--scenes", "2", "--accelerator", "cpu")
FOLDS = ("--folds", "leave-out-S0", "--shares", "1/4,1/2", "--draws", "1")


@pytest.fixture
def run(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> "Run":  # fmt: skip
    return Run(small_data, tmp_path / "out", monkeypatch, capsys)


class Run:
    """Runs the script in this process."""

    def __init__(
        self, data: Path, out: Path, patch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]
    ) -> None:
        self.data, self.out, self._patch, self._output = data, out, patch, output

    def __call__(self, *options: str) -> tuple[int, str, str]:
        given = [str(SCRIPT), "--data", str(self.data), "--out", str(self.out), *options]
        self._patch.setattr(sys, "argv", given)
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        assert isinstance(ended.value.code, int)
        return ended.value.code, *self._output.readouterr()


@pytest.mark.slow
def test_a_curve_is_trained_once_and_printed_again(run: Run) -> None:
    code, first, err = run(*REHEARSAL, *FOLDS)
    assert code == 0, err
    assert "1of4/draw-1: leave-out-S0, " in first
    assert "| 1/4 | 1 | " in first
    record = json.loads((run.out / "curve.json").read_text(encoding="utf-8"))
    assert [curve["of"] for curve in record["curves"]] == ["RISE, smoke F1", "RISE, ROC AUC"]
    assert record["judged"].startswith("judged at logit 0, as ")
    quarter, half = (point["clips"] for point in record["curves"][0]["points"])
    assert half == pytest.approx(2 * quarter, abs=3)
    recipes = [
        json.loads((run.out / share / "draw-1/leave-out-S0/recipe.json").read_text())["epochs"]
        for share in ("1of4", "1of2")
    ]
    assert recipes == [pytest.approx(4, abs=1), 2]

    code, again, _ = run(*REHEARSAL, *FOLDS)
    assert code == 0
    assert "draw-1: leave-out" not in again
    assert first.endswith(again)
    assert again == (run.out / "curve.md").read_text(encoding="utf-8")

    # The pretraining that all shares have in common is looked at first.
    code, _, err = run(*REHEARSAL, *FOLDS, "--epochs", "2")
    assert code == 2
    assert "pretraining/last.ckpt: the checkpoint belongs to another recipe" in err
    code, _, err = run(*REHEARSAL, *FOLDS, "--epochs", "2", "--table")
    assert code == 2
    assert "draw-1/leave-out-S0: a finished run is of another recipe; name another" in err


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--folds", "S9"), "error: --folds: there is no such fold (got S9; allowed: leave-out-"),
        (("--shares", "1/4,2"), "error: --shares: there is no such share (got 2; allowed: above"),
        (("--shares", "half"), "error: --shares: there is no such share (got half;"),
        (("--draws", "0"), "error: --draws: a share is drawn once or more (got 0)"),
        (("--table",), "out: no share is finished; leave --table out"),
    ],
    ids=["fold", "share", "no number", "draws", "nothing there"],
)
def test_what_cannot_be_drawn_is_one_line(run: Run, options: tuple[str, ...], line: str) -> None:
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert line in err
    assert len(err.splitlines()) == 1
