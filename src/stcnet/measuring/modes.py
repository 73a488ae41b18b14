"""The ways to run a network, each measured in a process of its own.

``eager`` and ``compiled`` run all frames of a clip at once in PyTorch. ``onnx`` is what a model
package runs, an STCNet only: the frame graph for each frame, one at a time, and then the clip
graph. A stream needs less: with each new frame one run of either gives a new verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from stcnet.measuring.timing import Measured, peak_memory_mib, time_calls

if TYPE_CHECKING:
    from stcnet.networks import ClipNetwork

Mode = Literal["eager", "compiled", "onnx"]
Accelerator = Literal["cpu", "cuda"]

ONNX_CLIP, ONNX_STREAM = "onnx", "onnx, stream"
FRAME_FILE, CLIP_FILE, WEIGHTS_FILE = "frame.onnx", "clip.onnx", "weights.safetensors"


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what a network is measured.

    Attributes:
        network: Its name.
        size: Side of the input in pixels.
        batch: Clips judged at a time.
        repeats: Calls that count.
        accelerator: Where PyTorch computes.
        threads: Of the processor.
    """

    network: str
    size: int
    batch: int
    repeats: int
    accelerator: Accelerator
    threads: int


def measure_torch(setting: Setting, *, compiled: bool) -> Measured:
    """Latency and memory of a network with random weights in PyTorch, in 32 bits.

    On a GPU the memory is what PyTorch has allocated there at most; on a processor it is what this
    process grew by since the packages were imported, a compiler included.

    Args:
        setting: Under what it is measured.
        compiled: Pass it through ``torch.compile`` first.
    """
    import torch

    from stcnet.networks import build_model

    device = torch.device(setting.accelerator)
    before = peak_memory_mib()
    network = build_model(setting.network).eval().to(device)
    call = _judge(torch.compile(network) if compiled else network, network, setting)
    with _threads_of_torch(setting.threads):
        durations, ready_s = time_calls(call, setting.repeats)
    if device.type == "cuda":
        memory: float | None = torch.cuda.max_memory_allocated(device) / 2**20
    else:
        memory = grown_by(before)
    return Measured(durations, setting.batch, memory, ready_s)


@contextmanager
def _threads_of_torch(count: int) -> Iterator[None]:
    """Let PyTorch use so many threads, and afterwards as many as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _judge(
    run: Callable[..., object], network: ClipNetwork, setting: Setting
) -> Callable[[], object]:
    """A call that judges random clips and waits for the verdict."""
    import torch

    shape = (setting.batch, network.frames, network.channels, setting.size, setting.size)
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(shape, generator=generator).to(setting.accelerator)
    residuals = torch.randn(shape, generator=generator).to(setting.accelerator)

    def call() -> None:
        with torch.inference_mode():
            run(frames, residuals)
        if setting.accelerator == "cuda":
            torch.cuda.synchronize()

    return call


def export_onnx(network: str, size: int, folder: Path) -> bool:
    """Write the graphs of a network with random weights as a package holds them.

    Args:
        network: Its name.
        size: Side of the input in pixels.
        folder: Where to.

    Returns:
        Whether there is anything to export: only an STCNet can be cut into the two graphs.
    """
    from safetensors.numpy import save_file

    from stcnet.networks import STCNet, build_model
    from stcnet.packaging.graphs import export_graphs

    model = build_model(network)
    if not isinstance(model, STCNet):
        return False
    exported = export_graphs(model.eval(), size)
    (folder / FRAME_FILE).write_bytes(exported.frame_graph)
    (folder / CLIP_FILE).write_bytes(exported.clip_graph)
    save_file(dict(exported.weights), folder / WEIGHTS_FILE)
    return True


def measure_onnx(setting: Setting, frames: int, folder: Path) -> dict[str, Measured]:
    """Latency and memory of exported graphs in ONNX Runtime on the processor, without PyTorch.

    Args:
        setting: Under what they are measured; a batch is judged clip by clip, as packages do.
        frames: T, of a clip.
        folder: As :func:`export_onnx` left it.

    Returns:
        Of judging whole clips, and of what a stream costs a verdict.
    """
    from safetensors.numpy import load_file

    from stcnet.inference.graphs import GraphRunner

    before = peak_memory_mib()
    runner = GraphRunner(
        (folder / FRAME_FILE).read_bytes(),
        (folder / CLIP_FILE).read_bytes(),
        load_file(folder / WEIGHTS_FILE),
        threads=setting.threads,
    )
    rng = np.random.default_rng(0)
    pictures = rng.standard_normal((2, 3, setting.size, setting.size), dtype=np.float32)
    latest = [runner.features(*pictures)] * frames

    def judge_clips() -> None:
        for _ in range(setting.batch):
            runner.phase([runner.features(*pictures) for _ in range(frames)])

    def judge_stream() -> None:
        runner.phase([*latest[1:], runner.features(*pictures)])

    clips, ready_s = time_calls(judge_clips, setting.repeats)
    stream, stream_ready_s = time_calls(judge_stream, setting.repeats)
    memory = grown_by(before)
    return {
        ONNX_CLIP: Measured(clips, setting.batch, memory, ready_s),
        ONNX_STREAM: Measured(stream, 1, memory, stream_ready_s),
    }


def grown_by(before: float | None) -> float | None:
    """How much the peak of this process's memory has grown, in MiB."""
    now = peak_memory_mib()
    return None if before is None or now is None else now - before
