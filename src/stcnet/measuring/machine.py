"""On what was measured."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from stcnet.errors import ConfigError
from stcnet.inference.graphs import available_cores
from stcnet.measuring.modes import Accelerator

PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides how fast a network is.

    Attributes:
        processor: Its model.
        cores: That this process may use.
        threads: That PyTorch and ONNX Runtime use.
        gpu: Its model, None where it is not used.
        torch, onnxruntime: Their versions.
    """

    processor: str
    cores: int
    threads: int
    gpu: str | None
    torch: str
    onnxruntime: str

    def as_json(self) -> dict[str, object]:
        """The fields by name."""
        return asdict(self)

    def in_words(self) -> str:
        """One line for people."""
        where = f"{self.gpu}, with " if self.gpu else ""
        return (
            f"{where}{self.processor}, {_counted(self.cores, 'core')}, "
            f"{_counted(self.threads, 'thread')}; "
            f"PyTorch {self.torch}, ONNX Runtime {self.onnxruntime}"
        )


def this_machine(accelerator: Accelerator) -> Machine:
    """The machine that this process runs on.

    Raises:
        ConfigError: There is no GPU, and one is asked for.
    """
    import torch

    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "PyTorch finds no GPU here", where="--accelerator", got="cuda", allowed="cpu"
        )
    return Machine(
        processor_name(),
        available_cores(),
        torch.get_num_threads(),
        torch.cuda.get_device_name() if accelerator == "cuda" else None,
        torch.__version__,
        version("onnxruntime"),
    )


def processor_name() -> str:
    """Model of the processor."""
    try:
        lines = PROCESSORS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
