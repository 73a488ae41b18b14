"""Model soups: one recipe trained several times from the same start, the weights averaged.

Trainings that start alike and differ in the order and augmentation of their clips end in one basin,
where the mean of their weights scores as well as the mean of their predictions, for the price of a
single network, and holds better on data of another kind (Wortsman et al., ICML 2022; Rame et al.,
NeurIPS 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import lightning_fabric as lf
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet
from stcnet.networks import ClipNetwork
from stcnet.training.batches.placement import ClipsOn
from stcnet.training.checkpoint import check_checkpoint, save_run
from stcnet.training.data import TrainingData
from stcnet.training.devices import by_first, make_fabric
from stcnet.training.fitting import fit
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.loop import SILENT, AsPart, Length, Listener, Training
from stcnet.training.randomness import step_rng
from stcnet.training.recipes.recipe import Recipe


def members_of(recipe: Recipe, folder: Path) -> list[tuple[Recipe, Path]]:
    """What a recipe trains, and where: itself in its folder, or each member in one of its own."""
    if recipe.soup == 1:
        return [(recipe, folder)]
    return [
        (
            recipe.model_copy(update={"soup": 1, "seed": recipe.seed + number}),
            folder / f"member-{number + 1}",
        )
        for number in range(recipe.soup)
    ]


def refuse_foreign(recipe: Recipe, data: TrainingData, folder: Path) -> None:
    """Refuse a folder that holds another run, before much is done for this one.

    A single run is foreign to a soup, whose own checkpoints lie with its members.

    Raises:
        TrainingError: As :func:`stcnet.training.checkpoint.load_checkpoint`.
    """
    own = members_of(recipe, folder)
    for expected, place in own if recipe.soup == 1 else [(recipe, folder), *own]:
        check_checkpoint(place, expected, data)


def fit_soup(
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
    """Train a recipe as often as its ``soup`` says and average the weights, or go on with it.

    The arguments, and what is raised, are those of :func:`stcnet.training.fitting.fit`; the
    listener is told of the steps and epochs of all members. The batch-norm statistics of the mean
    are taken on plain clips, as those of each member were.

    Returns:
        The averaged network, in evaluation mode; with a soup of 1 that of the only training.
    """
    fabric = fabric or make_fabric(precision=recipe.precision)
    train = partial(fit, fabric=fabric, clips_on=clips_on)
    if recipe.soup == 1:
        return train(recipe, clips, data, folder, listener=listener, groundwork=groundwork)
    by_first(fabric, partial(refuse_foreign, recipe, data, folder))
    start, one = from_one_start(recipe, groundwork), Length.of(recipe, len(clips))
    states = []
    for number, (member, own) in enumerate(members_of(recipe, folder)):
        heard = AsPart(listener, one.times(number), one.times(recipe.soup))
        network = train(member, clips, data, own, listener=heard, groundwork=start)
        states.append(network.state_dict())
    soup = Training(recipe, clips, fabric, clips_on, start)
    network = settled_mean(soup, states, [1 / len(states)] * len(states))
    by_first(fabric, partial(save_run, folder, network, recipe, data))
    return network


def from_one_start(recipe: Recipe, groundwork: Groundwork) -> Groundwork:
    """A groundwork whose network all members start from, its random layers drawn once."""
    if groundwork.network is not None:
        return groundwork
    step_rng(recipe.seed, 0, -1)
    return replace(groundwork, network=recipe.network.build())


def settled_mean(
    training: Training, states: Sequence[dict[str, Tensor]], shares: Sequence[float]
) -> ClipNetwork:
    """The network of a mean of weights, with batch-norm statistics of its own.

    Args:
        training: Not begun; its network takes the weights, its clips give the statistics.
        states: State dicts of the network.
        shares: Of each in the mean; they sum to 1.

    Returns:
        In evaluation mode.
    """
    training.result.load_state_dict(mean_state(states, shares))
    training.settle()
    return training.result.eval()


def mean_state(states: Sequence[dict[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """The mean of state dicts of one network; of whole numbers, such as counters, the first."""
    parts = torch.tensor(shares, dtype=torch.float64)

    def mean(name: str, value: Tensor) -> Tensor:
        if not value.is_floating_point():
            return value
        stacked = torch.stack([state[name].double() for state in states], dim=-1)
        return (stacked @ parts.to(stacked.device)).to(value.dtype)

    return {name: mean(name, value) for name, value in states[0].items()}
