"""Training the folds of a protocol and predicting what each held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightning_fabric as lf
import torch
from torch import Tensor

from stcnet.datasets import Collection, Fold, LabelledClip
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import OnBad
from stcnet.datasets.leaks.look_alikes import refuse_look_alikes
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import Prediction
from stcnet.networks import ClipNetwork
from stcnet.training.batches.decoding import as_seen, decode
from stcnet.training.batches.placement import ClipsOn, place_clips
from stcnet.training.data import TrainingData, describe_clips, described_as
from stcnet.training.devices import by_all, by_first, gather, make_fabric
from stcnet.training.finishing import fit_whole, refuse_foreign
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, Listener
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.sharing import part_of
from stcnet.training.start import refuse_taught, with_start


def train_clips(
    recipe: Recipe,
    collection: Collection,
    clips: Sequence[LabelledClip],
    folder: Path,
    *,
    fabric: lf.Fabric | None = None,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
    on_bad: OnBad | None = None,
    groundwork: Groundwork = BARE,
) -> TrainingData:
    """Train a recipe on clips of a collection; see :func:`stcnet.training.fitting.fit`.

    Args:
        recipe: What to do.
        collection: Where the clips come from.
        clips: The clips to train on, all with a label.
        folder: Where the run goes; one that was interrupted there is resumed.
        fabric: Devices and precision, launched; None: one device, a GPU where there is one.
        clips_on: Where the clips lie, see :func:`stcnet.training.batches.placement.place_clips`.
        listener: Told of steps and epochs.
        on_bad: Told of files that cannot be used, see
            :func:`stcnet.training.batches.decoding.decode`.
        groundwork: As for :func:`stcnet.training.fitting.fit`; no fold's own.

    Returns:
        What was trained on.

    Raises:
        DataError: A video cannot be used, or none is left.
        TrainingError: The run cannot start, go on or resume.
        OutputError: The folder cannot be written.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    run = _Run(recipe, fabric, clips_on, listener, groundwork)
    run.refuse_foreign(folder, describe_clips(collection, clips), on_bad)
    size = recipe.network.size_in_training
    decoded = by_all(run.fabric, partial(decode, collection, clips, size, on_bad))
    trained_on = described_as(collection, clips, decoded)
    seen = by_all(run.fabric, partial(as_seen, recipe, decoded))
    del decoded  # of a network that looks at flow this is the larger half
    run.fit(seen, trained_on, folder)
    return trained_on


def run_fold(
    recipe: Recipe,
    fold: Fold,
    collection: Collection,
    folder: Path,
    *,
    fabric: lf.Fabric | None = None,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
    on_bad: OnBad | None = None,
    groundwork: Groundwork = BARE,
) -> list[Prediction]:
    """Train on a fold's training clips and predict its test clips.

    What the records could not tell is looked at first: a training clip that looks like a test
    clip ends the fold before anything is trained.

    Args:
        recipe: What to do.
        fold: Free of leaks, as far as the records tell.
        collection: Where its clips come from.
        folder: Of the whole protocol; the fold's run goes into a folder of its name there.
        fabric: Devices and precision, launched; None: one device, a GPU where there is one.
        clips_on: Where the clips lie, see :func:`stcnet.training.batches.placement.place_clips`.
        listener: Told of steps and epochs.
        on_bad: Told of files that cannot be used, see
            :func:`stcnet.training.batches.decoding.decode`.
        groundwork: As for :func:`stcnet.training.fitting.fit`; no fold's own.

    Returns:
        A prediction for each test clip that could be decoded, in their order.

    Raises:
        DataError: A video cannot be used, none is left, or a training clip looks like a test clip.
        TrainingError: The run cannot start, go on or resume, or starts from weights that have
            seen a test clip.
        OutputError: The folder cannot be written.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    run = _Run(recipe, fabric, clips_on, listener, groundwork)
    own = folder / fold.name
    by_first(run.fabric, partial(refuse_taught, recipe, fold, collection))
    run.refuse_foreign(own, describe_clips(collection, fold.train), on_bad)
    sizes = recipe.network.size_in_training, recipe.network.input_size
    train, test = (
        by_all(run.fabric, partial(decode, collection, clips, size, on_bad))
        for clips, size in zip((fold.train, fold.test), sizes, strict=True)
    )
    by_first(run.fabric, partial(refuse_look_alikes, train, test))
    trained_on = described_as(collection, fold.train, train)
    seen = by_all(run.fabric, partial(as_seen, recipe, train))
    del train
    model = run.fit(seen, trained_on, own)
    seen = by_all(run.fabric, partial(as_seen, recipe, test))
    logits = predict_together(recipe, model, seen, run.fabric, clips_on)
    return [
        Prediction(clip, fold.name, logit)
        for clip, logit in zip(test.ids, logits.tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """How clips are trained on."""

    recipe: Recipe
    fabric: lf.Fabric
    clips_on: ClipsOn
    listener: Listener
    groundwork: Groundwork

    def refuse_foreign(self, folder: Path, data: TrainingData, on_bad: OnBad | None) -> None:
        """Refuse another run's checkpoint before anything is decoded.

        Where clips may be left out, only decoding tells which: then :meth:`fit` refuses it.
        """
        if on_bad is None:
            by_first(self.fabric, partial(refuse_foreign, self.recipe, data, folder))

    def fit(self, seen: ClipSet, data: TrainingData, folder: Path) -> ClipNetwork:
        """Train on clips as the network looks at them."""
        return fit_whole(
            self.recipe,
            seen,
            with_start(self.recipe, data),
            folder,
            fabric=self.fabric,
            clips_on=self.clips_on,
            listener=self.listener,
            groundwork=self.groundwork,
        )


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
        clips_on: Where the clips lie, see :func:`stcnet.training.batches.placement.place_clips`.

    Returns:
        Logits on the CPU, float64, shape (N,), the same in every process.
    """
    network_input = recipe.network.input_of(model)
    part = part_of(len(clips), fabric.global_rank, fabric.world_size)
    mine = clips if fabric.world_size == 1 else clips.select(range(part.start, part.stop))
    placed = place_clips(mine, fabric.device, clips_on)
    logits = predict_logits(model, network_input.to(fabric.device), placed)
    return torch.cat(gather(fabric, logits))
