"""A run from its first epoch, or from where it stopped, to the weights it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import lightning_fabric as lf
import torch
from lightning_fabric.loggers.tensorboard import TensorBoardLogger

from stcnet.datasets.clips import ClipSet
from stcnet.errors import OutputError, TrainingError
from stcnet.networks import ClipNetwork
from stcnet.training.batches.placement import ClipsOn
from stcnet.training.checkpoint import (
    CHECKPOINT_FILE,
    Progress,
    load_checkpoint,
    replace_file,
    save_checkpoint,
    save_run,
)
from stcnet.training.data import TrainingData
from stcnet.training.devices import by_first, make_fabric
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, EpochReport, Listener, Training
from stcnet.training.nonfinite import NotFiniteError
from stcnet.training.recipes.recipe import Recipe

LOG_FILE = "epochs.csv"
LONGEST_REASON = 160
"""Characters of PyTorch's own message in ours."""


def fit(
    recipe: Recipe,
    clips: ClipSet,
    data: TrainingData,
    folder: Path,
    *,
    fabric: lf.Fabric | None = None,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
    groundwork: Groundwork = BARE,
) -> ClipNetwork:
    """Train a recipe, or go on where an earlier run in ``folder`` stopped.

    Args:
        recipe: What to do.
        clips: The training clips, in the memory of the host.
        data: What they are, for the record.
        folder: Where checkpoint, logs and the resulting weights go.
        fabric: Devices and precision, launched; None: one device, a GPU where there is one.
        clips_on: Where the clips lie, see :func:`stcnet.training.batches.placement.place_clips`.
        listener: Told of steps and epochs.
        groundwork: What a recipe with scenes needs, see
            :func:`stcnet.training.pretraining.lay_groundwork`.

    Returns:
        The trained network, in evaluation mode.

    Raises:
        TrainingError: The checkpoint in ``folder`` does not fit, the clips or the network do not
            fit on the device, or the loss is not finite.
        OutputError: The folder cannot be written.
        ValueError: ``data`` does not tell ``clips``, the groundwork is not the recipe's, or the
            recipe is one of several trainings, see
            :func:`stcnet.training.finishing.fit_whole`.
    """
    data.require_told(clips.ids)
    if recipe.soup > 1 or recipe.finishing is not None:
        raise ValueError("several trainings are asked for, and fit is one")
    fabric = fabric or make_fabric(precision=recipe.precision)
    earlier = by_first(fabric, lambda: load_checkpoint(folder, recipe, data))
    training = Training(recipe, clips, fabric, clips_on, groundwork)
    if earlier is not None:
        _restore(training, folder, *earlier)
    log = EpochLog(folder)

    def record(report: EpochReport) -> None:
        # A run that dies before the checkpoint is whole repeats the epoch, and its line.
        log.write(report)
        save_checkpoint(folder, recipe, data, Progress(training.finished), training.state())
        log.show(report)

    while training.finished < recipe.epochs:
        with kept_batch(folder, training.clips, fabric), _told_of_memory():
            report = training.run_epoch(listener)
        by_first(fabric, partial(record, report))
        listener.on_epoch(report)
    training.settle()
    by_first(fabric, partial(save_run, folder, training.result, recipe, data))
    log.close()
    return training.result.eval()


def _restore(
    training: Training, folder: Path, progress: Progress, parts: dict[str, dict[str, object]]
) -> None:
    try:
        training.restore(progress, parts)
    except (RuntimeError, ValueError, KeyError) as error:
        raise TrainingError(
            "the checkpoint does not fit the recipe's network",
            where=folder / CHECKPOINT_FILE,
            got=_first_misfit(error),
            hint="train into another folder, or remove it to start anew",
        ) from None


def _first_misfit(error: Exception) -> str:
    """Of PyTorch's list of all that does not fit, the beginning."""
    first = str(error).partition("\n\t")[2].partition("\n")[0] or repr(error)
    return first if len(first) <= LONGEST_REASON else f"{first[:LONGEST_REASON]} ..."


@contextmanager
def kept_batch(folder: Path, clips: ClipSet, fabric: lf.Fabric) -> Iterator[None]:
    """Keep the batch that spoils a run.

    Args:
        folder: Of the run; the file goes there.
        clips: What its batches are drawn from.
        fabric: Of the run.

    Raises:
        NotFiniteError: Again, naming the file; in every process.
    """
    try:
        yield
    except NotFiniteError as error:
        raise error.kept_in(by_first(fabric, partial(error.keep, folder, clips))) from None


@contextmanager
def _told_of_memory() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            "the memory of the GPU is full",
            where="training",
            got=str(error).partition(". ")[0],
            hint="raise the recipe's accumulation, lower its batch_size, or use --clips-on host",
        ) from None


class EpochLog:
    """``epochs.csv`` and the TensorBoard log of a run.

    Args:
        folder: Of the run; the logs go into ``logs`` there.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "logs" / LOG_FILE
        self._board = TensorBoardLogger(folder, name="logs", version="tensorboard")

    def write(self, report: EpochReport) -> None:
        """Add an epoch to ``epochs.csv``.

        Lines of this epoch or later ones, left by a run that started anew, are dropped.

        Raises:
            OutputError: The file cannot be written.
        """
        numbers = _numbers(report)
        earlier = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        kept = earlier.splitlines()[1 : report.epoch]
        row = ",".join([str(report.epoch), *(f"{number:.6g}" for number in numbers.values())])
        text = "\n".join([",".join(["epoch", *numbers]), *kept, row, ""])
        replace_file(self.path, text.encode())

    def show(self, report: EpochReport) -> None:
        """Add an epoch to the TensorBoard log.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            self._board.log_metrics(_numbers(report), step=report.epoch)
            self._board.experiment.flush()
        except OSError as error:
            raise OutputError(
                "the TensorBoard log cannot be written",
                where=self.path.parent,
                got=error.strerror or error,
                hint="free disk space, then run the command again to resume",
            ) from None

    def close(self) -> None:
        """Close the TensorBoard log."""
        self._board.finalize("success")


def _numbers(report: EpochReport) -> dict[str, float]:
    return {"loss": report.loss, "accuracy": report.accuracy, "rate": report.learning_rate}
