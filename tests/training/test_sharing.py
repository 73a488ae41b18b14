"""Parts of a batch: together they are the batch."""

from types import SimpleNamespace
from typing import Any, cast

import lightning_fabric as lf
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from stcnet.training.batches.making import Batch
from stcnet.training.sharing import Share, part_of, share_of, share_statistics


def fabric_of(rank: int, processes: int, device: str = "cpu") -> lf.Fabric:
    fake: Any = SimpleNamespace(global_rank=rank, world_size=processes, device=torch.device(device))
    return cast("lf.Fabric", fake)


def batch_of(clips: int) -> Batch:
    numbers = torch.arange(float(clips))
    pictures = numbers.reshape(-1, 1, 1, 1, 1)
    return Batch(
        frames=pictures,
        residuals=pictures,
        targets=torch.stack([numbers, 1 - numbers], dim=1),
        weights=numbers,
        positions=np.arange(clips),
        indices=np.arange(clips)[:, np.newaxis],
    )


def shares(clips: int, processes: int) -> list[Share]:
    return [share_of(batch_of(clips), fabric_of(rank, processes)) for rank in range(processes)]


@given(st.integers(1, 40), st.integers(1, 9))
def test_parts_are_the_whole_in_order(count: int, processes: int) -> None:
    parts = [part_of(count, rank, processes) for rank in range(processes)]
    assert [n for part in parts for n in range(count)[part]] == list(range(count))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 20), st.integers(1, 6))
def test_the_mean_of_the_parts_is_that_of_the_batch(clips: int, processes: int) -> None:
    """Whatever the loss of a clip is; here it is the clip's number."""
    parts = shares(clips, processes)
    means = [float(share.batch.frames.mean()) * share.factor for share in parts]
    assert np.mean(means) == pytest.approx((clips - 1) / 2)
    assert sum(share.clips for share in parts) == clips


def test_a_process_without_a_clip_takes_part_with_one_that_does_not_count() -> None:
    parts = shares(2, 3)
    assert [share.clips for share in parts] == [1, 1, 0]
    assert [share.factor for share in parts] == [1.5, 1.5, 0.0]
    assert all(len(share.batch) == 1 for share in parts)


def test_all_that_belongs_to_a_clip_stays_with_it() -> None:
    batch = shares(5, 2)[1].batch
    assert batch.positions.tolist() == [3, 4]
    assert batch.indices.ravel().tolist() == [3, 4]
    assert batch.weights.tolist() == batch.targets[:, 0].tolist() == [3, 4]
    assert batch.frames.ravel().tolist() == batch.residuals.ravel().tolist() == [3, 4]


def test_one_process_has_the_batch_itself_and_draws_on() -> None:
    torch.manual_seed(5)
    whole = batch_of(4)
    share = share_of(whole, fabric_of(0, 1))
    assert share.batch is whole
    assert (share.clips, share.factor) == (4, 1.0)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))


def test_processes_drop_out_differently() -> None:
    drawn = []
    for rank in range(3):
        torch.manual_seed(5)
        share_of(batch_of(4), fabric_of(rank, 3))
        drawn.append(torch.rand(8))
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[1], drawn[2])


@pytest.mark.parametrize(
    ("processes", "device", "shared"),
    [(1, "cuda", False), (2, "cpu", False), (2, "cuda", True)],
    ids=["one GPU", "two processes on the CPU", "two GPUs"],
)
def test_gpus_share_the_statistics_of_a_batch(processes: int, device: str, shared: bool) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4)))
    before = dict(model.named_parameters())
    share_statistics(model, fabric_of(0, processes, device))
    norms = [module for module in model.modules() if isinstance(module, nn.SyncBatchNorm)]
    assert bool(norms) == shared
    # The optimiser holds these very parameters.
    after = dict(model.named_parameters())
    assert all(after[name] is value for name, value in before.items())
