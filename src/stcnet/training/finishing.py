"""The whole training of a recipe: once or as a soup, and then its finishing.

What rendered scenes taught a network is lost while it learns from real clips alone. In the
finishing, the last few epochs, it sees both, at a rate of its own and from the averaged weights.
What that costs on real clips a mean with the weights from before gives back (Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import lightning_fabric as lf

from stcnet.datasets.clips import ClipSet
from stcnet.networks import ClipNetwork
from stcnet.training.batches.placement import ClipsOn
from stcnet.training.checkpoint import check_checkpoint, check_finished, save_run
from stcnet.training.data import TrainingData
from stcnet.training.devices import by_first, make_fabric
from stcnet.training.fitting import fit
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, AsPart, Length, Listener, Training
from stcnet.training.recipes.recipe import Recipe
from stcnet.training.soups import fit_soup, settled_mean
from stcnet.training.soups import refuse_foreign as refuse_foreign_soup

BEFORE_FOLDER = "before-finishing"
FINISHING_FOLDER = "finishing"


def fit_whole(
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
    """Do all that a recipe says about the real clips, or go on with it.

    The arguments, and what is raised, are those of :func:`stcnet.training.fitting.fit`; the
    listener is told of the steps and epochs of all parts.

    Returns:
        The trained network, in evaluation mode.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    train = partial(fit_soup, fabric=fabric, clips_on=clips_on)
    if recipe.finishing is None:
        return train(recipe, clips, data, folder, listener=listener, groundwork=groundwork)
    by_first(fabric, partial(refuse_foreign, recipe, data, folder))
    first, last = recipe.before_finishing(), recipe.at_the_end()
    before = Length.of(first, len(clips)).times(first.soup)
    whole = before.and_then(Length.of(last, len(clips)))
    network = train(
        first,
        clips,
        data,
        folder / BEFORE_FOLDER,
        listener=AsPart(listener, Length(0, 0), whole),
        groundwork=groundwork,
    )
    finished = fit(
        last,
        clips,
        data,
        folder / FINISHING_FOLDER,
        fabric=fabric,
        clips_on=clips_on,
        listener=AsPart(listener, before, whole),
        groundwork=replace(groundwork, network=network),
    )
    if kept := recipe.finishing.keep:
        training = Training(last, clips, fabric, clips_on, replace(groundwork, network=network))
        states = [network.state_dict(), finished.state_dict()]
        finished = settled_mean(training, states, [kept, 1 - kept])
    by_first(fabric, partial(save_run, folder, finished, recipe, data))
    return finished


def refuse_foreign(recipe: Recipe, data: TrainingData, folder: Path) -> None:
    """Refuse a folder that holds another run, before much is done for this one.

    A run without finishing is foreign to one with it, whose checkpoints lie with its parts.

    Raises:
        TrainingError: As :func:`stcnet.training.checkpoint.load_checkpoint`.
    """
    if recipe.finishing is None:
        refuse_foreign_soup(recipe, data, folder)
    else:
        check_checkpoint(folder, recipe, data)
        refuse_foreign_soup(recipe.before_finishing(), data, folder / BEFORE_FOLDER)
        check_checkpoint(folder / FINISHING_FOLDER, recipe.at_the_end(), data)
    check_finished(folder, recipe)
