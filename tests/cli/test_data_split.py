"""``stcnet data split`` on shared cells."""

from pathlib import Path

from small_cells import make_cells

from .conftest import Run


def test_folds_are_written_and_told(run: Run, small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds"
    command = ("data", "split", small_data, "--protocol", "leave-out-S0", "--out", out)
    told = run(*command)
    assert told.code == 0, told.err
    head, _, line, last = told.out.splitlines()
    assert head.startswith("| fold | train | smoke | validation | smoke | test | smoke | left out")
    tested = [cell for cell in make_cells() if cell.split == "S0"]
    smoke = sum(cell.label for cell in tested)
    assert line.startswith(f"| leave-out-S0 | {48 - len(tested) - 1} | ")
    assert line.endswith(f"| 0 | 0 | {len(tested)} | {smoke} | 1 |")
    assert last == f"written: {out}"
    assert {path.name for path in out.iterdir()} == {"folds.json", "folds.csv"}

    again = run(*command)
    assert again.code == 2
    assert "the output folder exists already" in again.err
    assert run(*command, "--overwrite").code == 0
    refused = run("train", "flagship", "--data", small_data, "--out", tmp_path / "o", "--protocol",
                  tmp_path / "gone.json")  # fmt: skip
    assert "gone.json: the folds cannot be read" in refused.err


def test_an_unknown_protocol_leaves_nothing(run: Run, small_data: Path, tmp_path: Path) -> None:
    told = run("data", "split", small_data, "--protocol", "S0", "--out", tmp_path / "folds")
    assert told.code == 2
    (line,) = told.errors
    assert "no such protocol for this data (got S0; allowed: leave-one-split-out," in line
    assert not list(tmp_path.iterdir())
