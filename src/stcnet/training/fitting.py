"""A run from its first epoch, or from where it stopped, to the weights it leaves."""

from __future__ import annotations

from pathlib import Path

import lightning_fabric as lf

from stcnet.datasets.clips import ClipSet
from stcnet.networks import STCNet
from stcnet.training.checkpoint import (
    Progress,
    load_checkpoint,
    replace_file,
    save_checkpoint,
    save_run,
)
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.loop import SILENT, EpochReport, Listener, Training
from stcnet.training.recipe import Recipe

LOG_FILE = "epochs.csv"


def fit(
    recipe: Recipe,
    clips: ClipSet,
    data: TrainingData,
    folder: Path,
    *,
    accelerator: str = "auto",
    listener: Listener = SILENT,
) -> STCNet:
    """Train a recipe, or go on where an earlier run in ``folder`` stopped.

    Args:
        recipe: What to do.
        clips: The training clips.
        data: What they are, for the record.
        folder: Where checkpoint, logs and the resulting weights go.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        listener: Told of steps and epochs.

    Returns:
        The trained network, in evaluation mode.

    Raises:
        TrainingError: The checkpoint in ``folder`` does not fit, or the loss is not finite.
        OutputError: The folder cannot be written.
    """
    fabric = make_fabric(folder, accelerator)
    training = Training(recipe, clips, fabric)
    earlier = load_checkpoint(folder, recipe, data)
    if earlier is not None:
        training.restore(*earlier)
    while training.finished < recipe.epochs:
        report = training.run_epoch(listener)
        progress = Progress(training.finished)
        save_checkpoint(folder, recipe, data, progress, training.state())
        log_epoch(fabric, folder, report)
        listener.on_epoch(report)
    fabric.logger.finalize("success")
    training.settle()
    save_run(folder, training.result, recipe, data)
    return training.result.eval()


def log_epoch(fabric: lf.Fabric, folder: Path, report: EpochReport) -> None:
    """Add an epoch to the TensorBoard log and to ``epochs.csv``.

    Lines of this epoch or later ones, left by a run that started anew, are dropped.

    Raises:
        OutputError: The folder cannot be written.
    """
    numbers = {"loss": report.loss, "accuracy": report.accuracy, "rate": report.learning_rate}
    fabric.log_dict(numbers, step=report.epoch)
    path = folder / "logs" / LOG_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = lines[1 : report.epoch]
    row = ",".join([str(report.epoch), *(f"{number:.6g}" for number in numbers.values())])
    text = "\n".join([",".join(["epoch", *numbers]), *kept, row, ""])
    replace_file(path, text.encode())
