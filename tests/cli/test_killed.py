"""``stcnet train``, killed wherever it may be, goes on as if nothing had happened."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from small_cells import tiny_settings
from stcnet.training.checkpoint import CHECKPOINT_FILE, DATA_FILE, RECIPE_FILE, WEIGHTS_FILE

NURSERY = Path(__file__).with_name("nursery.py")
KILLS = 3
SYNCS = 4
"""Of an epoch: the log and its folder, the checkpoint and its folder."""


def run_all(jobs: list[dict[str, Any]]) -> list[tuple[int, float]]:
    done = subprocess.run(
        [sys.executable, str(NURSERY), json.dumps(jobs)], check=False, timeout=500,
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(code, seconds) for code, seconds in json.loads(done.stdout.splitlines()[-1])]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def command(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two epochs of six steps, with everything that draws at random."""
    recipe = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_settings(epochs=2, batch_size=8, augmentation={})))
    return ["train", str(recipe), "--data", str(small_data), "--accelerator", "cpu", "--out"]


@pytest.fixture(scope="module")
def whole(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The folder of a run that nobody disturbed, and the processor time it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    ((code, seconds),) = run_all([{"arguments": [*command, str(folder)]}])
    assert code == 0
    return folder, seconds


def assert_as_if_nothing_was(folder: Path, whole: Path) -> None:
    for name in (WEIGHTS_FILE, RECIPE_FILE, DATA_FILE, "logs/epochs.csv"):
        assert digest(folder / name) == digest(whole / name), name
    assert not list(folder.rglob("*.partial"))


@pytest.mark.slow
def test_killed_at_random_moments(
    command: list[str], whole: tuple[Path, float], tmp_path: Path
) -> None:
    moments = random.Random(0)
    job = {"arguments": [*command, str(tmp_path)]}
    kills = [{**job, "after_s": moments.uniform(0.1, 0.9) * whole[1]} for _ in range(KILLS)]
    outcomes = run_all([*kills, job])
    codes = [code for code, _ in outcomes]
    assert codes[0] == -signal.SIGKILL
    assert set(codes[1:-1]) <= {-signal.SIGKILL, 0}
    assert codes[-1] == 0
    assert_as_if_nothing_was(tmp_path, whole[0])


@pytest.mark.slow
def test_killed_while_it_saves(
    command: list[str], whole: tuple[Path, float], tmp_path: Path
) -> None:
    """In the log of the second epoch, in its checkpoint, and in the weights of the result."""
    job = {"arguments": [*command, str(tmp_path)]}
    kills = [{**job, "at_sync": sync} for sync in (SYNCS + 1, 3, SYNCS + 1)]
    outcomes = run_all([*kills, job])
    assert [code for code, _ in outcomes] == [-signal.SIGKILL] * len(kills) + [0]
    assert (tmp_path / CHECKPOINT_FILE).is_file()
    assert_as_if_nothing_was(tmp_path, whole[0])
