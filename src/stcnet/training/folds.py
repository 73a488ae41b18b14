"""Training the folds of a protocol and predicting what each held out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import lightning_fabric as lf
import torch
from torch import Tensor

from stcnet.datasets import Cell, Fold
from stcnet.datasets.clips import ClipSet, load_clips
from stcnet.datasets.optical_flow import flow_clips
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import Prediction
from stcnet.networks import ClipNetwork
from stcnet.training.checkpoint import check_checkpoint
from stcnet.training.data import describe_cells
from stcnet.training.devices import by_all, by_first, gather, make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, Listener
from stcnet.training.placement import ClipsOn, place_clips
from stcnet.training.recipe import Recipe
from stcnet.training.sharing import part_of


def train_cells(
    recipe: Recipe,
    cells: Sequence[Cell],
    data: Path,
    folder: Path,
    *,
    fabric: lf.Fabric | None = None,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
) -> ClipNetwork:
    """Train a recipe on shared cells; see :func:`stcnet.training.fitting.fit`.

    Args:
        recipe: What to do.
        cells: The clips to train on.
        data: The folder of their mosaics.
        folder: Where the run goes; one that was interrupted there is resumed.
        fabric: Devices and precision, launched; None: one device, a GPU where there is one.
        clips_on: Where the clips lie, see :func:`stcnet.training.placement.place_clips`.
        listener: Told of steps and epochs.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
        TrainingError: The run cannot start, go on or resume.
        OutputError: The folder cannot be written.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    described = describe_cells(cells)
    by_first(fabric, lambda: check_checkpoint(folder, recipe, described))
    clips = by_all(fabric, lambda: load_seen(recipe, data, cells))
    return fit(
        recipe,
        clips,
        described,
        folder,
        fabric=fabric,
        clips_on=clips_on,
        listener=listener,
    )


def run_fold(
    recipe: Recipe,
    fold: Fold,
    data: Path,
    folder: Path,
    *,
    fabric: lf.Fabric | None = None,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
) -> list[Prediction]:
    """Train on a fold's training clips and predict its test clips.

    Args:
        recipe: What to do.
        fold: Free of leaks.
        data: The folder of the mosaics.
        folder: Of the whole protocol; the fold's run goes into a folder of its name there.
        fabric: Devices and precision, launched; None: one device, a GPU where there is one.
        clips_on: Where the clips lie, see :func:`stcnet.training.placement.place_clips`.
        listener: Told of steps and epochs.

    Returns:
        A prediction for each test clip, in their order.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
        TrainingError: The run cannot start, go on or resume.
        OutputError: The folder cannot be written.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    model = train_cells(
        recipe,
        fold.train,
        data,
        folder / fold.name,
        fabric=fabric,
        clips_on=clips_on,
        listener=listener,
    )
    clips = by_all(fabric, lambda: load_seen(recipe, data, fold.test))
    logits = predict_together(recipe, model, clips, fabric, clips_on)
    return [
        Prediction(cell.id, fold.name, logit)
        for cell, logit in zip(fold.test, logits.tolist(), strict=True)
    ]


def predict_together(
    recipe: Recipe,
    model: ClipNetwork,
    clips: ClipSet,
    fabric: lf.Fabric,
    clips_on: ClipsOn = "auto",
) -> Tensor:
    """Smoke logits of clips, each predicted by one of the processes.

    Args:
        recipe: Of the model.
        model: In evaluation mode.
        clips: What to score, in the memory of the host.
        fabric: Devices, launched.
        clips_on: Where the clips lie, see :func:`stcnet.training.placement.place_clips`.

    Returns:
        Logits on the CPU, float64, shape (N,), the same in every process.
    """
    network_input = recipe.network.input_of(model)
    part = part_of(len(clips), fabric.global_rank, fabric.world_size)
    mine = clips if fabric.world_size == 1 else clips.select(range(part.start, part.stop))
    placed = place_clips(mine, fabric.device, clips_on)
    logits = predict_logits(model, network_input.to(fabric.device), placed)
    return torch.cat(gather(fabric, logits))


def load_seen(recipe: Recipe, data: Path, cells: Sequence[Cell]) -> ClipSet:
    """Clips as the recipe's network looks at them: RGB, or the optical flow of it.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
    """
    settings = recipe.network
    clips = load_clips(data, cells, settings.input_size)
    if settings.outline().channels == clips.frames.shape[2]:
        return clips
    return flow_clips(clips, workers=os.cpu_count() or 1)
