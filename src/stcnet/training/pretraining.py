"""Rendering the scenes of a recipe, and training on them before any real clip is seen."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import lightning_fabric as lf

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.rendered.bank import rendered_bank
from stcnet.training.batches.placement import ClipsOn
from stcnet.training.checkpoint import DATA_FILE, check_checkpoint, load_run
from stcnet.training.data import TrainingData
from stcnet.training.devices import by_all, by_first
from stcnet.training.fitting import fit
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, Listener
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.start import with_start

SCENES_FOLDER = "scenes"
PRETRAINING_FOLDER = "pretraining"


def lay_groundwork(
    recipe: Recipe,
    folder: Path,
    fabric: lf.Fabric,
    *,
    clips_on: ClipsOn = "auto",
    listener: Listener = SILENT,
    bank: Path | None = None,
) -> Groundwork:
    """Render a recipe's scenes and train on them, or find both where an earlier run left them.

    No real clip has a part in it, so the folds of a protocol share it.

    Args:
        recipe: What to do; one without scenes needs nothing.
        folder: Of the run, or of the whole protocol: ``scenes`` and ``pretraining`` go there.
        fabric: Devices and precision, launched.
        clips_on: Where the scenes lie while they are trained on.
        listener: Told of scenes rendered, and of steps and epochs of the pretraining.
        bank: Folder of the scenes; None: ``scenes`` in ``folder``.

    Raises:
        DataError: The folder holds other scenes, or damaged ones.
        ConfigError: The file of weights that the pretraining starts from cannot be read.
        TrainingError: The pretraining there is another recipe's, or cannot go on.
        OutputError: The folder cannot be written.
    """
    if recipe.scenes is None:
        return BARE
    wanted, size = recipe.scenes, recipe.network.size_in_training
    place = bank or folder / SCENES_FOLDER
    render = partial(rendered_bank, place, wanted.clips, size, seed=wanted.seed)
    by_first(fabric, partial(_rendered, render, listener))
    scenes = by_all(fabric, render)
    if recipe.pretraining is None:
        return Groundwork(scenes)
    own = folder / PRETRAINING_FOLDER
    _pretrain(recipe.before_real_clips(), scenes, own, fabric, clips_on, listener)
    return Groundwork(scenes, by_all(fabric, partial(load_run, own)).network())


def _rendered(render: partial[ClipSet], listener: Listener) -> None:
    render(listener=listener.on_scene)


def _pretrain(
    recipe: Recipe,
    scenes: ClipSet,
    folder: Path,
    fabric: lf.Fabric,
    clips_on: ClipsOn,
    listener: Listener,
) -> None:
    data = with_start(recipe, describe_scenes(scenes))
    by_first(fabric, partial(check_checkpoint, folder, recipe, data))
    # The record is what a finished run writes last.
    if not by_first(fabric, (folder / DATA_FILE).is_file):
        fit(recipe, scenes, data, folder, fabric=fabric, clips_on=clips_on, listener=listener)


def describe_scenes(scenes: ClipSet) -> TrainingData:
    """The record of a training set of rendered scenes."""
    labels = scenes.labels.tolist()
    told = "\n".join(f"{clip}\t{label}" for clip, label in zip(scenes.ids, labels, strict=True))
    return TrainingData(
        description=f"{len(scenes)} rendered scenes ({sum(labels)} smoke)",
        clips=tuple(sorted(scenes.ids)),
        labels_sha256=hashlib.sha256(told.encode()).hexdigest(),
    )
