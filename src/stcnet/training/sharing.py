"""What each of several processes does of a step, so that together they do what one would.

Every process makes the whole batch, from the same seeds, and trains on its part. So the clips, the
frames drawn of them and their augmentation do not depend on the number of processes, only the order
of sums does. The price is that each process augments the clips of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightning_fabric as lf
import numpy as np
import torch
from torch import nn

from stcnet.training.batches.making import Batch


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """The part of a batch that one process trains on.

    Attributes:
        batch: Its clips, at least one.
        clips: How many of them count; 0 where the batch has fewer clips than there are processes.
        factor: Of the mean loss over ``batch``. The mean of the products over all processes, as
            which their gradients are averaged, is the mean loss of the whole batch.
    """

    batch: Batch
    clips: int
    factor: float


def share_of(batch: Batch, fabric: lf.Fabric) -> Share:
    """The part of ``batch`` of this process.

    What is drawn from here on, such as dropout, differs between the processes.
    """
    rank, processes = fabric.global_rank, fabric.world_size
    if processes == 1:
        return Share(batch, len(batch.targets), 1.0)
    torch.manual_seed(torch.initial_seed() + rank)
    rows = part_of(len(batch.targets), rank, processes)
    clips = rows.stop - rows.start
    factor = clips * processes / len(batch.targets)
    # A process without a clip takes part in the exchange of gradients all the same.
    return Share(batch.rows(rows if clips else slice(0, 1)), clips, factor)


def part_of(count: int, rank: int, processes: int) -> slice:
    """The share of one process in ``count`` things in a row; sizes differ by one at most.

    >>> [part_of(5, rank, 3) for rank in range(3)]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    edges = np.cumsum([0, *(len(part) for part in np.array_split(np.arange(count), processes))])
    return slice(int(edges[rank]), int(edges[rank + 1]))


def share_statistics(model: nn.Module, fabric: lf.Fabric) -> None:
    """Let batch norms of several GPUs normalise by the whole batch, in place.

    PyTorch cannot do so on CPUs: there each process normalises its part by itself.
    """
    if fabric.world_size > 1 and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
