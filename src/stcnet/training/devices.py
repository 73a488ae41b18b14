"""Where a run trains: devices, processes and precision, through Lightning Fabric.

Several devices train as one: each process makes the same batch from the same seeds and trains on
its part of it, and the gradients are averaged (Li et al., VLDB 2020). Only the first process
writes.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar, get_args

import lightning_fabric as lf
import torch

from stcnet.errors import ConfigError, StcnetError
from stcnet.training.recipes.settings import Precision

ResultT = TypeVar("ResultT")
ACCELERATORS = ("auto", "cpu", "cuda")
PARENT_CHECK_S = 1.0


def make_fabric(
    accelerator: str = "auto",
    *,
    devices: int = 1,
    nodes: int = 1,
    precision: str = "auto",
) -> lf.Fabric:
    """A Fabric for one device or many; with many, pass it to :func:`launch` before anything else.

    Args:
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        devices: GPUs of this machine to train on, or processes where it trains on the CPU.
        nodes: Machines that take part, each with as many devices.
        precision: ``32-true``, ``bf16-mixed``, or ``auto``: the second on a GPU, else the first.

    Raises:
        ConfigError: There is no such accelerator or precision, or there are not as many devices.
    """
    cuda = _has_cuda(accelerator)
    _require_devices(devices, nodes, cuda=cuda)
    require_known("precision", precision, get_args(Precision), "--precision")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if precision == "auto":
        precision = "bf16-mixed" if cuda else "32-true"
    return lf.Fabric(
        accelerator="cuda" if cuda else "cpu",
        devices=devices,
        num_nodes=nodes,
        strategy="ddp" if devices * nodes > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]  # one of the names that were allowed
    )


def _has_cuda(accelerator: str) -> bool:
    require_known("accelerator", accelerator, ACCELERATORS, "--accelerator")
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "no GPU is available", where="--accelerator", got=accelerator, allowed="cpu"
        )
    return accelerator != "cpu" and torch.cuda.is_available()


def require_known(what: str, name: str, allowed: Sequence[str], option: str) -> None:
    """Refuse the name of something that is not one of those allowed.

    Raises:
        ConfigError: It is another.
    """
    if name not in allowed:
        raise ConfigError(
            f"there is no such {what}", where=option, got=name, allowed=", ".join(allowed)
        )


def _require_devices(devices: int, nodes: int, *, cuda: bool) -> None:
    most = torch.cuda.device_count() if cuda else os.cpu_count() or 1
    if not 1 <= devices <= most:
        kind = "GPUs" if cuda else "processors"
        raise ConfigError(
            f"this machine has not as many {kind}",
            where="--devices",
            got=devices,
            allowed=f"1..{most}",
        )
    if nodes < 1:
        raise ConfigError("a run takes at least one machine", where="--nodes", got=nodes)


def launch(fabric: lf.Fabric) -> None:
    """Start the other processes of a run; each of them runs this program from its beginning.

    Does nothing where there is one process, and starts none where torchrun or Slurm has done so.
    """
    fabric.launch()
    if fabric.world_size > 1:
        atexit.register(_leave)
    if fabric.local_rank > 0:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _leave() -> None:
    """Part from the other processes while Python still runs.

    Gloo's threads may hold tensors yet, and end the process with an abort where they let go of them
    later (pytorch/pytorch#179291). The group is freed once no network holds it.
    """
    gc.collect()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _end_with_parent(parent: int) -> None:
    """End this process once its parent is gone: nobody else frees the device it holds."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)


def by_first(fabric: lf.Fabric, action: Callable[[], ResultT]) -> ResultT:
    """Do something in the first process only, such as writing; all get its result.

    Raises:
        StcnetError: The action raised it; in every process, so that none waits for another.
    """
    if fabric.world_size == 1:
        return action()
    result, error = _attempt(action) if fabric.is_global_zero else (None, None)
    result, error = fabric.broadcast((result, error))
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # without an error it is what the action gave


def by_all(fabric: lf.Fabric, action: Callable[[], ResultT]) -> ResultT:
    """Do something in every process, such as reading; each gets its own result.

    Raises:
        StcnetError: The action raised it in some process; the first of them, in every process.
    """
    if fabric.world_size == 1:
        return action()
    result, error = _attempt(action)
    first = next((error for error in gather(fabric, error) if error is not None), None)
    if first is not None:
        raise first
    return result  # type: ignore[return-value]  # without an error it is what the action gave


def gather(fabric: lf.Fabric, value: ResultT) -> list[ResultT]:
    """The values of all processes, in their order."""
    if fabric.world_size == 1:
        return [value]
    values: list[ResultT] = [value] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values


def _attempt(action: Callable[[], ResultT]) -> tuple[ResultT | None, StcnetError | None]:
    """The result of an action, or the error that a user can mend."""
    try:
        return action(), None
    except StcnetError as error:
        return None, error
