"""Every network in every mode, one row after the other; what fails is a row with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from stcnet.errors import StcnetError
from stcnet.measuring.modes import (
    ONNX_CLIP,
    Mode,
    Setting,
    export_onnx,
    measure_onnx,
    measure_torch,
)
from stcnet.measuring.processes import ProcessFailedError, describe, in_own_process
from stcnet.measuring.timing import Measured
from stcnet.networks.costs import NetworkCost, network_cost

NOT_EXPORTED = "only STCNets are exported to ONNX"
NOT_ON_GPU = "model packages run on the processor: --accelerator cpu measures this"

State = Literal["measured", "absent", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """A network in one mode.

    Attributes:
        network: Its name.
        mode: How it was run; a stream is a mode of its own.
        cost: None where even that cannot be told.
        measured: None where nothing was.
        state: ``absent`` where there is no such thing as this network in this mode.
        reason: Why nothing was measured.
    """

    network: str
    mode: str
    cost: NetworkCost | None
    measured: Measured | None = None
    state: State = "measured"
    reason: str | None = None


def measure_model(setting: Setting, modes: Sequence[Mode]) -> Iterator[Row]:
    """Measure a network in some modes.

    Args:
        setting: Which network, and under what.
        modes: In this order; ``onnx`` gives a row for clips and one for a stream.
    """
    try:
        cost = network_cost(setting.network, setting.size)
    except (StcnetError, RuntimeError, ValueError) as error:
        yield from (
            Row(setting.network, mode, None, state="failed", reason=describe(error))
            for mode in modes
        )
        return
    for mode in modes:
        try:
            yield from _measure(setting, mode, cost)
        except ProcessFailedError as error:
            yield Row(setting.network, mode, cost, state="failed", reason=str(error))


def _measure(setting: Setting, mode: Mode, cost: NetworkCost) -> Iterator[Row]:
    if mode == "onnx":
        yield from _measure_onnx(setting, cost)
        return
    compiled = mode == "compiled"
    measured = in_own_process(measure_torch, setting, compiled=compiled)
    yield Row(setting.network, mode, cost, measured)


def _measure_onnx(setting: Setting, cost: NetworkCost) -> Iterator[Row]:
    name = setting.network
    if setting.accelerator != "cpu":
        yield Row(name, ONNX_CLIP, cost, state="absent", reason=NOT_ON_GPU)
        return
    with TemporaryDirectory() as folder:
        # Two processes, so that the memory of the exporter is not taken for that of the graphs.
        if not in_own_process(export_onnx, name, setting.size, Path(folder)):
            yield Row(name, ONNX_CLIP, cost, state="absent", reason=NOT_EXPORTED)
            return
        measured = in_own_process(measure_onnx, setting, cost.frames, Path(folder))
    for mode, each in measured.items():
        yield Row(name, mode, cost, each)
