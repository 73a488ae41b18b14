"""Where a run trains: device and precision, through Lightning Fabric."""

from __future__ import annotations

from pathlib import Path

import lightning_fabric as lf
import torch
from lightning_fabric.loggers.tensorboard import TensorBoardLogger


def make_fabric(folder: Path, accelerator: str = "auto") -> lf.Fabric:
    """A Fabric for one device: bf16 mixed precision on a GPU, 32 bits on the CPU.

    Args:
        folder: Where the TensorBoard log goes.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
    """
    cuda = torch.cuda.is_available() and accelerator != "cpu"
    return lf.Fabric(
        accelerator=accelerator,
        devices=1,
        precision="bf16-mixed" if cuda else "32-true",
        loggers=TensorBoardLogger(folder, name="logs", version="tensorboard"),
    )
