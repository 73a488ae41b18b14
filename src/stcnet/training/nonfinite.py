"""What is kept where a loss is not finite: the batch, for whoever looks for the reason."""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
import torch

from stcnet.datasets.clips import ClipSet
from stcnet.errors import OutputError, TrainingError
from stcnet.training.batches.making import Batch
from stcnet.training.checkpoint import replace_file

BATCH_FILE = "nan-batch.safetensors"


class NotFiniteError(TrainingError):
    """Loss or gradient of a step are not finite; the weights are as before it.

    Args:
        where: Recipe, epoch and step.
        loss: Of the batch.
        norm: Of the gradient, before it is clipped.
        batch: All that the step was given.
        kept: Where the batch can be found; None: nowhere.
    """

    def __init__(
        self, where: str, loss: float, norm: float, batch: Batch, kept: Path | None = None
    ) -> None:
        self.where, self.loss, self.norm, self.batch = where, loss, norm, batch
        hint = "lower optimiser.learning_rate"
        super().__init__(
            "loss or gradient are no longer finite",
            where=where,
            got=f"loss {loss:.3g}, norm of the gradient {norm:.3g}",
            hint=hint if kept is None else f"{hint}, or look into the batch, kept in {kept}",
        )

    def keep(self, folder: Path, clips: ClipSet) -> Path | None:
        """Write the batch into a folder.

        Args:
            folder: Of the run.
            clips: What the batch was drawn from.

        Returns:
            The file; None if it cannot be written, which must not hide this error.
        """
        path = folder / BATCH_FILE
        try:
            replace_file(path, _packed(self.batch, clips, self.where))
        except OutputError:
            return None
        return path

    def kept_in(self, path: Path | None) -> NotFiniteError:
        """The same error, naming the file of the batch."""
        return NotFiniteError(self.where, self.loss, self.norm, self.batch, path)


def _packed(batch: Batch, clips: ClipSet, where: str) -> bytes:
    """The batch as safetensors; ids and place stand in its metadata."""
    tensors = {
        "frames": batch.frames,
        "residuals": batch.residuals,
        "targets": batch.targets,
        "weights": batch.weights,
        "positions": torch.as_tensor(batch.positions),
        "indices": torch.as_tensor(batch.indices),
    }
    ids = json.dumps([clips.ids[position] for position in batch.positions])
    return safetensors.torch.save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        metadata={"ids": ids, "where": where},
    )
