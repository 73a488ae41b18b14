"""Networks are measured in every mode, and what cannot be is a row with its reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import save_file

from stcnet.inference.graphs import GraphRunner
from stcnet.measuring import models
from stcnet.measuring.machine import Machine, this_machine
from stcnet.measuring.models import NOT_EXPORTED, NOT_ON_GPU, Row, measure_model
from stcnet.measuring.modes import (
    CLIP_FILE,
    FRAME_FILE,
    WEIGHTS_FILE,
    Setting,
    measure_onnx,
    measure_torch,
)
from stcnet.measuring.processes import ProcessFailedError
from stcnet.measuring.tables import as_json, model_table
from stcnet.measuring.timing import WARM_UP, Measured, time_calls
from stcnet.networks import NETWORKS
from stcnet.networks.costs import network_cost
from stcnet.networks.published_costs import PUBLISHED_COSTS
from stcnet.reproduction.rows import ROWS
from tiny_model import SIZE, make_parts

SETTING = Setting("plain-lite0", 32, 2, 3, "cpu", 1)
MACHINE = Machine("a processor", 2, 1, None, "2.13.0", "1.26.0")


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in this process, which has imported everything already."""

    def here(function: Callable[..., object], *arguments: Any, **named: Any) -> object:
        return function(*arguments, **named)

    monkeypatch.setattr(models, "in_own_process", here)


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
def test_eager_and_onnx_are_measured() -> None:
    eager, clips, stream = measure_model(SETTING, ["eager", "onnx"])
    assert [row.mode for row in (eager, clips, stream)] == ["eager", "onnx", "onnx, stream"]
    for row in (eager, clips, stream):
        assert row.state == "measured"
        assert row.cost == network_cost("plain-lite0", 32)
        assert row.measured is not None
        assert len(row.measured.durations_ms) == 3
        assert min(row.measured.durations_ms) > 0
    assert (clips.measured, stream.measured) != (None, None)
    assert clips.measured is not None
    assert stream.measured is not None
    assert (clips.measured.batch, stream.measured.batch) == (2, 1)
    # Two clips are sixteen runs of the frame graph, a verdict of a stream is one.
    assert min(clips.measured.durations_ms) > min(stream.measured.durations_ms)


def test_graphs_are_run_frame_by_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = make_parts(frames=3)
    (tmp_path / FRAME_FILE).write_bytes(parts.frame_graph)
    (tmp_path / CLIP_FILE).write_bytes(parts.clip_graph)
    save_file(parts.weights, tmp_path / WEIGHTS_FILE)
    runs: list[str] = []
    for name in ("features", "phase"):
        run = getattr(GraphRunner, name)

        def counted(*given: Any, name: str = name, run: Callable[..., object] = run) -> object:
            runs.append(name)
            return run(*given)

        monkeypatch.setattr(GraphRunner, name, counted)
    measured = measure_onnx(replace(SETTING, size=SIZE), 3, tmp_path)
    assert {mode: len(each.durations_ms) for mode, each in measured.items()} == {
        "onnx": 3, "onnx, stream": 3,
    }  # fmt: skip
    clips, stream = 2 * (WARM_UP + 3), WARM_UP + 3
    assert runs.count("features") == 1 + 3 * clips + stream
    assert runs.count("phase") == clips + stream


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        pytest.param(replace(SETTING, network="i3d"), NOT_EXPORTED, id="I3D"),
        pytest.param(replace(SETTING, accelerator="cuda"), NOT_ON_GPU, id="GPU"),
    ],
)
def test_what_has_no_onnx_says_so(setting: Setting, reason: str) -> None:
    (row,) = measure_model(setting, ["onnx"])
    assert (row.state, row.reason, row.measured) == ("absent", reason, None)


def test_a_failing_mode_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(function: Callable[..., object], *arguments: Any, **named: Any) -> object:
        if named["compiled"]:
            raise ProcessFailedError("InvalidCxxCompiler: no compiler")
        return function(*arguments, **named)

    monkeypatch.setattr(models, "in_own_process", here)
    eager, compiled = measure_model(SETTING, ["eager", "compiled"])
    assert eager.state == "measured"
    assert (compiled.state, compiled.reason) == ("failed", "InvalidCxxCompiler: no compiler")
    table = model_table([eager, compiled])
    assert table.lines[1][4:7] == ("failed: InvalidCxxCompiler: no compiler", "-", "-")


def test_a_network_that_cannot_be_built_fails_in_every_mode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_name: str, _size: int) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(models, "network_cost", broken)
    rows = list(measure_model(SETTING, ["eager", "onnx"]))
    assert [(row.mode, row.state) for row in rows] == [("eager", "failed"), ("onnx", "failed")]
    told = "failed: RuntimeError: shapes do not match"
    assert model_table(rows).lines[0][2:5] == ("-", "-", told)


def test_compiled_runs_what_the_compiler_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[object] = []

    def compile_(network: object) -> object:
        passed.append(network)
        return network

    monkeypatch.setattr(torch, "compile", compile_)
    before = torch.get_num_threads()
    measured = measure_torch(replace(SETTING, repeats=1, batch=1), compiled=True)
    assert len(passed) == len(measured.durations_ms) == 1
    assert torch.get_num_threads() == before


def test_only_the_calls_after_warming_up_count() -> None:
    calls: list[int] = []
    durations, ready_s = time_calls(lambda: calls.append(1), 5)
    assert (len(calls), len(durations)) == (WARM_UP + 5, 5)
    assert ready_s >= 0


def test_the_published_figures_stand_beside_ours() -> None:
    cost = network_cost("i3d-tsm")
    measured = Measured((30.0, 10.0, 20.0), 4, 512.4, 1.5)
    row = Row("i3d-tsm", "eager", cost, measured)
    (line,) = model_table([row]).lines
    assert line == (
        "i3d-tsm", "eager", "12.29 M", "62.64 G", "20.0 (12.0-28.0)", "200", "512",
        "12.3 M", "62.7 G", "31.85",
    )  # fmt: skip
    record = json.loads(json.dumps(as_json([row], MACHINE, SETTING), allow_nan=False))
    assert record["machine"]["processor"] == "a processor"
    assert record["rows"][0]["measured"]["latency_ms"] == 20.0
    assert record["rows"][0]["published"]["latency_ms"] == 31.85


def test_the_published_costs_are_of_known_networks() -> None:
    assert PUBLISHED_COSTS.keys() <= NETWORKS.keys()
    latencies = {
        row.name.removeprefix("rgb-"): row.published.latency_ms
        for row in ROWS
        if row.published and row.published.latency_ms
    }
    assert latencies == {
        name: cost.latency_ms for name, cost in PUBLISHED_COSTS.items() if cost.latency_ms
    }


def test_the_machine_is_told() -> None:
    machine = this_machine("cpu")
    assert machine.processor
    assert f"PyTorch {torch.__version__}" in machine.in_words()
    assert MACHINE.in_words().startswith("a processor, 2 cores, 1 thread; ")
