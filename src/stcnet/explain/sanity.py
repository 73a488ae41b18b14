"""Whether explanations explain: they must follow the model, and they must follow the clip."""

from __future__ import annotations

import copy

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr

from stcnet.networks import STCNet
from stcnet.types import FloatArray


def randomised(network: STCNet, blocks: int, *, seed: int = 0) -> STCNet:
    """A copy whose last blocks know nothing: the cascade of Adebayo et al. (NeurIPS 2018, 3.1).

    The values of every weight and statistic are shuffled within their tensor. So they keep their
    distribution and signals their size, which fresh weights behind old statistics would not.

    Args:
        network: The trained network.
        blocks: How many of :meth:`STCNet.blocks`, from the head down; 5 are all.
        seed: Of the shuffling.
    """
    fresh = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    parts = fresh.blocks()
    with torch.no_grad():
        for part in parts[len(parts) - blocks :]:
            for values in part.state_dict().values():
                order = torch.randperm(values.numel(), generator=generator)
                values.copy_(values.flatten()[order].reshape(values.shape))
    return fresh


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation of two sets of maps, -1..1, over all their places.

    Args:
        first: One of them, not constant.
        second: The other, of the same shape, not constant.

    >>> rank_correlation(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[9.0, 7.0], [5.0, 1.0]]))
    -1.0
    """
    return round(float(spearmanr(first.ravel(), second.ravel()).statistic), 6)


def energy_gain(maps: FloatArray, opacity: FloatArray, least: float = 0.05) -> float:
    """How much more of a map's sum lies on a plume than chance would put there.

    Each place of a map stands for the pixels it covers, whose share within the plume counts. 1 is
    chance: the gain of a map that is the same everywhere, or that knows nothing of where plumes
    are. The most is the inverse of the plume's share of the clip, less where places are coarse.

    Args:
        maps: 0 or more, shape (T, h, w); or (h, w), which then speaks for every frame.
        opacity: Of the plume, 0..1, shape (T, H, W).
        least: Opacity from which a pixel belongs to the plume.

    Raises:
        ValueError: The map is zero everywhere, or there is no plume.

    >>> plume = np.zeros((1, 4, 4)); plume[0, :2, :2] = 1
    >>> energy_gain(np.array([[[3.0, 1.0], [0.0, 0.0]]]), plume)
    3.0
    """
    height, width = maps.shape[-2:]
    shares = np.stack([
        cv2.resize(
            (frame >= least).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
        )
        for frame in opacity
    ])  # fmt: skip
    energy = np.broadcast_to(maps, shares.shape)
    if not energy.sum() > 0 or not shares.sum() > 0:
        raise ValueError("a gain needs a map that is not zero everywhere, and a plume")
    return float((energy * shares).sum() / energy.sum() / shares.mean())
