"""Training the folds of a protocol and predicting what each held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stcnet.datasets import Cell, Fold
from stcnet.datasets.clips import load_clips
from stcnet.datasets.network_input import NetworkInput
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import Prediction
from stcnet.networks import STCNet
from stcnet.training.data import describe_cells
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, Listener
from stcnet.training.recipe import Recipe


def train_cells(
    recipe: Recipe,
    cells: Sequence[Cell],
    data: Path,
    folder: Path,
    *,
    accelerator: str = "auto",
    listener: Listener = SILENT,
) -> STCNet:
    """Train a recipe on shared cells; see :func:`stcnet.training.fitting.fit`.

    Args:
        recipe: What to do.
        cells: The clips to train on.
        data: The folder of their mosaics.
        folder: Where the run goes; one that was interrupted there is resumed.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        listener: Told of steps and epochs.
    """
    clips = load_clips(data, cells, recipe.network.input_size)
    return fit(
        recipe, clips, describe_cells(cells), folder, accelerator=accelerator, listener=listener
    )


def run_fold(
    recipe: Recipe,
    fold: Fold,
    data: Path,
    folder: Path,
    *,
    accelerator: str = "auto",
    listener: Listener = SILENT,
) -> list[Prediction]:
    """Train on a fold's training clips and predict its test clips.

    Args:
        recipe: What to do.
        fold: Free of leaks.
        data: The folder of the mosaics.
        folder: Of the whole protocol; the fold's run goes into a folder of its name there.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
        listener: Told of steps and epochs.

    Returns:
        A prediction for each test clip, in their order.
    """
    model = train_cells(
        recipe, fold.train, data, folder / fold.name, accelerator=accelerator, listener=listener
    )
    device = next(model.parameters()).device
    settings = recipe.network
    network_input = NetworkInput(settings.normalisation(model), settings.residual).to(device)
    clips = load_clips(data, fold.test, settings.input_size)
    logits = predict_logits(model, network_input, clips.to(device))
    return [
        Prediction(cell.id, fold.name, logit)
        for cell, logit in zip(fold.test, logits.tolist(), strict=True)
    ]
