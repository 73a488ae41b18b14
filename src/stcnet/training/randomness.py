"""Seeds: each step has its own, so that a resumed run draws what an uninterrupted one would."""

from __future__ import annotations

import numpy as np
import torch


def step_rng(seed: int, epoch: int, step: int) -> np.random.Generator:
    """Seed torch's global generator for one step and give a numpy generator for it.

    Args:
        seed: Of the run.
        epoch: From 0.
        step: Within the epoch, from 0; -1 for what is drawn once an epoch.
    """
    for_numpy, for_torch = _sequences(seed, epoch, step)
    torch.manual_seed(int(for_torch.generate_state(1, np.uint64)[0] >> np.uint64(1)))
    return np.random.default_rng(for_numpy)


def foreseen_rng(seed: int, epoch: int, step: int) -> np.random.Generator:
    """What :func:`step_rng` will give for a step that is yet to come; seeds nothing."""
    return np.random.default_rng(_sequences(seed, epoch, step)[0])


def _sequences(seed: int, epoch: int, step: int) -> list[np.random.SeedSequence]:
    """Of numpy and of torch."""
    return np.random.SeedSequence([seed, epoch, step + 1]).spawn(2)
