"""``stcnet train`` on two devices or two machines: one voice, one set of files, one exit code."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from small_cells import make_cells, tiny_settings
from stcnet.evaluation.predictions import read_rows
from stcnet.training.checkpoint import WEIGHTS_FILE, load_run

STCNET = "import sys; from stcnet.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command line as a file, which the other processes can be started from."""
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(STCNET)
    return path


def train(program: Path, folder: Path, data: Path, **settings: Any) -> Any:
    recipe = folder / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_settings(**settings)))
    command = [sys.executable, program, "train", recipe, "--data", data, "--out",
               folder / "out", "--accelerator", "cpu", "--devices", "2",
               "--protocol", "leave-out-S0"]  # fmt: skip
    return subprocess.run(
        [str(part) for part in command], check=False, timeout=400, capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two processes want two processors")
def test_two_processes_speak_and_write_as_one(
    program: Path, small_data: Path, tmp_path: Path
) -> None:
    done = train(program, tmp_path, small_data, epochs=1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| clips of | fold |") == 1
    assert done.stdout.count("predictions: ") == 1
    assert done.stderr.splitlines()[:2] == [
        "leave-out-S0: 1 left out of training, too like or near a test clip", "leave-out-S0 ...",
    ]  # fmt: skip
    assert done.stderr.count("epoch 1/1") == 1
    rows = read_rows(tmp_path / "out" / "predictions.csv")
    held_out = [cell.id for cell in make_cells() if cell.split == "S0"]
    assert [row.values["id"] for row in rows] == held_out
    weights = tmp_path / "out" / "leave-out-S0" / WEIGHTS_FILE
    before = weights.read_bytes()

    refused = train(program, tmp_path, small_data, epochs=2)
    assert refused.returncode == 2
    assert refused.stdout == ""
    _, line = refused.stderr.splitlines()
    assert "last.ckpt: the checkpoint belongs to another recipe" in line
    assert weights.read_bytes() == before


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.slow
def test_two_machines_speak_and_write_as_one(
    program: Path, small_data: Path, tmp_path: Path
) -> None:
    """Each machine is given the same command; here both of them are this one."""
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump(tiny_settings(epochs=1, batch_size=24)))
    command = [sys.executable, program, "train", recipe, "--data", small_data, "--out",
               tmp_path / "out", "--accelerator", "cpu", "--nodes", "2"]  # fmt: skip
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    machines = [
        subprocess.Popen(
            [str(part) for part in command], env={**os.environ, **shared, "NODE_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        (said, told), (unsaid, untold) = (machine.communicate(timeout=400) for machine in machines)
    finally:
        for machine in machines:
            machine.kill()
    assert [machine.returncode for machine in machines] == [0, 0], told + untold
    assert said == f"trained on {len(make_cells())} clips: {tmp_path / 'out'}\n"
    assert told.count("epoch 1/1") == 1
    assert (unsaid, untold) == ("", "")
    assert load_run(tmp_path / "out").data.clips == tuple(cell.id for cell in make_cells())
