"""Batch-norm statistics for clips as they come.

In training the statistics are gathered on augmented clips. Their residual frames hold noise and
flicker that plain clips lack, which is the likely reason why a network that keeps those statistics
scores plain clips too low and misses smoke. So once the weights stand, the statistics are taken
again on plain training clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from stcnet.networks import ClipNetwork
from stcnet.training.freezing import settled_parts


def settle_statistics(
    network: ClipNetwork, inputs: Iterable[tuple[Tensor, Tensor]], frozen_stages: int
) -> None:
    """Replace the batch-norm statistics of ``network`` by their mean over ``inputs``.

    Frozen parts keep theirs as in training, see :func:`stcnet.training.freezing.settled_parts`.

    Args:
        network: Its weights stay as they are; left in evaluation mode.
        inputs: Frames and residuals of plain clips, as the network takes them; at least one batch.
        frozen_stages: Number of leading parts that are frozen.
    """
    network.eval()
    frozen = set(nn.ModuleList(settled_parts(network, frozen_stages)).modules())
    norms = [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module not in frozen
    ]
    with _gathering(norms), torch.inference_mode():
        for frames, residuals in inputs:
            network(frames, residuals)


@contextmanager
def _gathering(norms: list[_BatchNorm]) -> Iterator[None]:
    """Let norms gather a plain mean of their statistics, starting afresh."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
