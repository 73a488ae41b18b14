"""``stcnet bench models``: a small rehearsal, and options that are refused."""

import json
from pathlib import Path

import pytest
import torch

from .conftest import Run


def test_a_rehearsal_prints_and_keeps_the_numbers(run: Run, tmp_path: Path) -> None:
    numbers = tmp_path / "bench.json"
    told = run("bench", "models", "--names", "plain-lite0", "--size", 32, "--repeats", 2,
               "--modes", "eager", "--json", numbers)  # fmt: skip
    assert told.code == 0, told.err
    head, _, rehearsal, *_, line = told.out.splitlines()
    assert rehearsal == "REHEARSAL on 32 x 32 pixels: not comparable with published figures"
    assert head.endswith("batch of 1, 32 bits, median of 2")
    assert line.startswith("| plain-lite0 | eager | 3.57 M | 0.06 G | ")
    (row,) = json.loads(numbers.read_bytes())["rows"]
    assert len(row["measured"]["durations_ms"]) == 2
    if Path("/proc/self/status").exists():
        # Weights alone are 14 MiB.
        assert row["measured"]["memory_mib"] > 10


def test_a_failure_is_a_line_and_an_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str, _size: int) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("stcnet.measuring.models.network_cost", broken)
    told = run("bench", "models", "--names", "i3d, plain-lite0", "--modes", "onnx")
    assert told.code == 1
    assert told.out.count("failed: RuntimeError: no") == 2
    assert "networks failed, for the reasons in the table (got 2 of 2 lines)" in told.err


def test_the_group_alone_shows_its_commands(run: Run) -> None:
    told = run("bench")
    assert (told.code, told.err) == (0, "")
    assert "models" in told.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("--names", "i3d,i3e"), "--names: there is no such name (got 'i3e'", id="name"
        ),
        pytest.param(("--names", ","), "--names: there is no such name (got ','", id="no name"),
        pytest.param(
            ("--modes", "fast"),
            "--modes: there is no such name (got 'fast'; allowed: eager, compiled, onnx)",
            id="mode",
        ),
        pytest.param(("--size", "100"), "allowed: multiples of 32", id="size"),
        pytest.param(("--batch", "0"), "--batch", id="batch"),
        pytest.param(("--accelerator", "tpu"), "--accelerator", id="accelerator"),
        pytest.param(
            ("--accelerator", "cuda"),
            "PyTorch finds no GPU here",
            id="no GPU",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_wrong_options(run: Run, arguments: tuple[str, ...], message: str) -> None:
    told = run("bench", "models", *arguments)
    assert told.code == 2
    assert message in told.errors[-1]
