"""``benchmarks/training_throughput.py`` runs from end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from small_cells import tiny_settings

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "training_throughput.py"
WAYS = [
    "the device (ours)",
    "a DataLoader, arrays on the disk",
    "a DataLoader, MP4 decoded anew",
]


@pytest.mark.slow
def test_each_way_is_measured(tmp_path: Path) -> None:
    recipe, numbers = tmp_path / "tiny.yaml", tmp_path / "numbers.json"
    recipe.write_text(yaml.safe_dump(tiny_settings(augmentation={})))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--recipe", str(recipe), "--accelerator", "cpu", "--clips",
         "5", "--batch", "2", "--epochs", "1", "--workers", "1", "--json", str(numbers)],
        check=False, capture_output=True, text=True, timeout=400,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(numbers.read_text())
    assert list(record["clips_per_s"]) == WAYS
    assert record["clips"] == 5
    assert record["precision"] == "32-true"
    ours = record["clips_per_s"][WAYS[0]]
    for way, rate in record["clips_per_s"].items():
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(way)]
        told, ratio = map(float, line.removeprefix(way).split())
        assert told == pytest.approx(rate, abs=0.051)
        assert ratio == pytest.approx(ours / rate, abs=0.0051)
