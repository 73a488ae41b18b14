"""The stored comparison of calibrations is what its command says of the stored predictions."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results" / "flagship"


def compare(data: Path, predictions: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "calibration.py"), "--data", str(data),
               "--predictions", str(predictions)]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.real_data
def test_the_stored_table_comes_from_the_stored_predictions(shared_data: Path) -> None:
    told = compare(shared_data / "rise-cells", RESULTS / "predictions.csv")
    assert told.stdout == (RESULTS / "calibration.md").read_text(encoding="utf-8"), told.stderr


def test_missing_data_is_one_line(tmp_path: Path) -> None:
    told = compare(tmp_path, RESULTS / "predictions.csv")
    assert told.returncode == 2
    assert told.stderr.startswith("error: ")
    assert told.stderr.count("\n") == 1
