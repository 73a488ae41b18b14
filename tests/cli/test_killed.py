"""``stcnet train``, killed wherever it may be, goes on as if nothing had happened."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from small_cells import MOSAICS, make_records, tiny_settings
from stcnet.training.checkpoint import CHECKPOINT_FILE, DATA_FILE, RECIPE_FILE, WEIGHTS_FILE

NURSERY = Path(__file__).with_name("nursery.py")
KILLS = 3
SYNCS = 4
"""Of an epoch: the log and its folder, the checkpoint and its folder."""


def run_all(jobs: list[dict[str, Any]]) -> list[int]:
    done = subprocess.run(
        [sys.executable, str(NURSERY), json.dumps(jobs)], check=False, timeout=500,
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout.splitlines()[-1])
    return codes


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def command(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two epochs of three steps on the clips of one mosaic, with all that draws at random."""
    folder = tmp_path_factory.mktemp("one-mosaic")
    mosaic = next(iter(MOSAICS))
    (folder / mosaic).symlink_to(small_data / mosaic)
    records = [record for record in make_records() if record["file"] == mosaic]
    (folder / "cells.json").write_text(json.dumps(records))
    recipe = folder / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_settings(epochs=2, batch_size=8, augmentation={})))
    return ["train", str(recipe), "--data", str(folder), "--accelerator", "cpu", "--out"]


@dataclass(frozen=True)
class Runs:
    """Folders of runs: one that nobody disturbed, and two that were killed time and again.

    Attributes:
        codes: With which the processes of the killed ones ended.
    """

    whole: Path
    at_random: Path
    saving: Path
    codes: dict[Path, list[int]]


@pytest.fixture(scope="module")
def runs(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Runs:
    whole, at_random, saving = (tmp_path_factory.mktemp(name) for name in "abc")
    moments = random.Random(0)
    kills: dict[Path, list[dict[str, Any]]] = {
        at_random: [{"after": moments.uniform(0.1, 0.9)} for _ in range(KILLS)],
        saving: [{"at_sync": sync} for sync in (SYNCS + 1, 3, SYNCS + 1)],
    }
    jobs = [(folder, death) for folder, deaths in kills.items() for death in [*deaths, {}]]
    codes = run_all([{"arguments": [*command, str(folder)], **death}
                     for folder, death in [(whole, {}), *jobs]])  # fmt: skip
    assert codes[0] == 0
    by_folder: dict[Path, list[int]] = {at_random: [], saving: []}
    for (folder, _), code in zip(jobs, codes[1:], strict=True):
        by_folder[folder].append(code)
    return Runs(whole, at_random, saving, by_folder)


def assert_as_if_nothing_was(folder: Path, whole: Path) -> None:
    for name in (WEIGHTS_FILE, RECIPE_FILE, DATA_FILE, "logs/epochs.csv"):
        assert digest(folder / name) == digest(whole / name), name
    assert not list(folder.rglob("*.partial"))


@pytest.mark.slow
def test_killed_at_random_moments(runs: Runs) -> None:
    first, *others, last = runs.codes[runs.at_random]
    assert first == -signal.SIGKILL
    assert set(others) <= {-signal.SIGKILL, 0}
    assert last == 0
    assert_as_if_nothing_was(runs.at_random, runs.whole)


@pytest.mark.slow
def test_killed_while_it_saves(runs: Runs) -> None:
    """In the log of the second epoch, in its checkpoint, and in the weights of the result."""
    assert runs.codes[runs.saving] == [-signal.SIGKILL] * 3 + [0]
    assert (runs.saving / CHECKPOINT_FILE).is_file()
    assert_as_if_nothing_was(runs.saving, runs.whole)
