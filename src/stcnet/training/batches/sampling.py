"""Which clips an epoch shows, and how much each of them counts in the loss."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stcnet.datasets.clips import ClipSet, IndexArray, WeightVector, draw_order
from stcnet.errors import DataError
from stcnet.training.losses import LossSettings

Balance = Literal["none", "class", "class-and-view"]


def epoch_order(
    clips: ClipSet, exponent: float, balance: Balance, rng: np.random.Generator
) -> IndexArray:
    """The clips of one epoch in their order, shape (N,).

    Args:
        clips: What there is.
        exponent: Of the population weights, see :func:`stcnet.datasets.clips.draw_order`.
        balance: ``class``: smoke is drawn as often as none; ``class-and-view``: so it is in each
            camera view, and each view as often as any other.
        rng: Source of randomness.

    Raises:
        DataError: Views are to be balanced, and the clips do not know theirs.
    """
    if balance == "none":
        return draw_order(clips.weights, exponent, rng)
    return draw_order(balanced_chances(clips, exponent, balance), 1.0, rng)


def with_scenes(
    order: IndexArray, scenes: int, share: float, rng: np.random.Generator
) -> IndexArray:
    """An epoch's order with rendered scenes strewn in.

    Args:
        order: Positions of the real clips, shape (N,).
        scenes: How many scenes there are; their positions follow those of the N real clips.
        share: Of the epoch that scenes are to make up, 0..1, less than 1.
        rng: Source of randomness.

    Returns:
        Positions, shape (M,); a scene comes twice only where there are too few.
    """
    count = scenes_beside(len(order), share)
    rounds = [rng.permutation(scenes) for _ in range(-(-count // scenes))]
    drawn = np.concatenate(rounds)[:count] if rounds else np.empty(0, dtype=np.int64)
    return rng.permutation(np.concatenate([order, len(order) + drawn]))


def scenes_beside(clips: int, share: float) -> int:
    """How many scenes go with a number of real clips to make up a share of both, below 1."""
    return round(clips * share / (1 - share))


def balanced_chances(clips: ClipSet, exponent: float, balance: Balance) -> WeightVector:
    """Chance of each clip to be drawn, shape (N,), with the same sum in each group of ``balance``.

    Within a group the chances follow ``weight ** exponent``.

    Raises:
        DataError: As :func:`epoch_order`.
    """
    chances: WeightVector = clips.weights**exponent
    groups = _groups(clips, balance)
    totals = np.bincount(groups, weights=chances)
    shared = chances / totals[groups]
    return np.asarray(shared / shared.sum(), dtype=np.float64)


def _groups(clips: ClipSet, balance: Balance) -> NDArray[np.int64]:
    """Number of the group of each clip, shape (N,)."""
    labels = clips.labels.cpu().numpy().astype(np.int64)
    if balance == "class":
        return labels
    if not clips.views:
        raise DataError(
            "the clips do not know their camera views",
            where="balance",
            got=balance,
            allowed="none, class",
        )
    views = np.unique(np.array(clips.views), return_inverse=True)[1]
    return np.asarray(views * 2 + labels, dtype=np.int64)


class ClipWeights:
    """How much each clip counts in the loss.

    Args:
        clips: The training clips.
        loss: What their weight is made of.
    """

    def __init__(self, clips: ClipSet, loss: LossSettings) -> None:
        population = clips.weights**loss.population_exponent
        sure = clips.label_weights if loss.label_weights else np.ones(len(clips))
        self.population = torch.from_numpy(population / population.mean()).float()
        self.sure = torch.from_numpy(sure).float()

    def of(self, positions: IndexArray, certain: Tensor) -> Tensor:
        """Weights of the clips at ``positions``, shape (B,).

        Args:
            positions: Shape (B,).
            certain: Clips whose label was made with them, whatever the data set says of it;
                boolean, shape (B,).
        """
        index = torch.from_numpy(positions)
        sure = self.sure[index].to(certain.device).masked_fill(certain, 1.0)
        return sure * self.population[index].to(certain.device)
