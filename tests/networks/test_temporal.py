"""Shift, non-local block and Timeception against plain loops over what they do."""

import math

import pytest
import torch
from torch import Tensor, nn

from stcnet.networks.temporal import (
    NonLocalBlock,
    PairMaximum,
    TimeceptionLayer,
    shift_in_time,
)


def random_maps(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def settled(module: nn.Module) -> nn.Module:
    """In evaluation mode, with norms that do something."""
    torch.manual_seed(0)
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm3d):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
            nn.init.normal_(norm.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(norm.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return module.eval()


@pytest.mark.parametrize(
    ("channels", "divisor", "steps"),
    [(32, 16, 5), (32, 8, 1), (10, 3, 2), (7, 16, 4)],
    ids=["as RISE does", "one step", "not divisible", "fewer channels than the divisor"],
)
def test_shift_against_a_loop(channels: int, divisor: int, steps: int) -> None:
    maps = random_maps(2, channels, steps, 3, 2)
    fold = channels // divisor
    expected = torch.zeros_like(maps)
    for channel in range(channels):
        come_from = 1 if channel < fold else -1 if channel < 2 * fold else 0
        for step in range(steps):
            if 0 <= step + come_from < steps:
                expected[:, channel, step] = maps[:, channel, step + come_from]
    assert torch.equal(shift_in_time(maps, divisor), expected)


def test_a_new_non_local_block_is_the_identity() -> None:
    maps = random_maps(2, 8, 3, 4, 4)
    for block in (NonLocalBlock(8).eval(), NonLocalBlock(8).train()):
        assert torch.equal(block(maps), maps)


@pytest.mark.parametrize(("height", "width"), [(7, 7), (4, 2), (1, 3), (1, 1)])
def test_a_non_local_block_against_its_equations(height: int, width: int) -> None:
    block = settled(NonLocalBlock(6)).double()
    assert isinstance(block, NonLocalBlock)
    clip = random_maps(1, 6, 3, height, width).double()
    with torch.no_grad():
        result = block(clip)[0].flatten(1)
    weights = {
        name: value.detach().flatten(1)
        for name, value in block.named_parameters()
        if value.ndim == 5
    }
    norm = block.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert block.theta.bias is not None
    places = clip[0].flatten(1)
    tall, wide = min(2, height), min(2, width)
    looked_at = []
    for step in range(3):
        for row in range(0, height - tall + 1, tall):
            for column in range(0, width - wide + 1, wide):
                window = clip[0, :, step, row : row + tall, column : column + wide].flatten(1)
                key = (weights["phi.weight"] @ window).amax(1)
                looked_at.append((key, (weights["g.weight"] @ window).amax(1)))
    for place, got in zip(places.T, result.T, strict=True):
        query = weights["theta.weight"] @ place + block.theta.bias.detach()
        chances = [math.exp(float(query @ key)) for key, _ in looked_at]
        found = sum(
            (
                chance / sum(chances) * value
                for chance, (_, value) in zip(chances, looked_at, strict=True)
            ),
            torch.zeros(3, dtype=torch.float64),
        )
        added = weights["out.weight"] @ found
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        expected = place + (added - norm.running_mean) * scale + norm.bias
        assert torch.allclose(got, expected.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("steps", "left"), [(5, 2), (4, 2), (2, 1), (1, 1)])
def test_timeception_widens_and_shortens(steps: int, left: int) -> None:
    layer = TimeceptionLayer(1024)
    assert layer.channels == 1280
    assert layer(random_maps(1, 1024, steps, 2, 3)).shape == (1, 1280, left, 2, 3)


def test_timeception_against_loops_over_groups() -> None:
    layer = settled(TimeceptionLayer(64))
    assert isinstance(layer, TimeceptionLayer)
    maps = random_maps(2, 64, 6, 2, 2)
    groups, inside, width = 8, 8, 2
    together = []
    for group in range(groups):
        mine = maps[:, group * inside : (group + 1) * inside]
        rows = slice(group * width, (group + 1) * width)
        for branch in range(5):
            reduce, along, norm = (
                layer.reduce[branch],
                layer.along_time[branch],
                layer.norms[branch],
            )
            assert isinstance(reduce, nn.Conv3d)
            assert isinstance(norm, nn.BatchNorm3d)
            part = torch.conv3d(mine, reduce.weight[rows])
            if isinstance(along, nn.Conv3d):
                kernel = along.weight[rows]
                part = torch.conv3d(
                    part, kernel, padding=(kernel.shape[2] // 2, 0, 0), groups=width
                )
            elif isinstance(along, PairMaximum):
                part = along(part)
            mean, var = norm.running_mean, norm.running_var
            assert mean is not None
            assert var is not None
            part = torch.batch_norm(
                part,
                norm.weight[rows],
                norm.bias[rows],
                mean[rows],
                var[rows],
                False,
                0.0,
                norm.eps,
                False,
            )
            together.append(part)
    stacked = torch.cat(together, dim=1).relu()
    per_group = 5 * width
    order = [group * per_group + place for place in range(per_group) for group in range(groups)]
    expected = torch.max_pool3d(stacked[:, order], (2, 1, 1))
    assert torch.allclose(layer(maps), expected, atol=1e-5)


def test_pair_maximum() -> None:
    maps = torch.tensor([3.0, 1.0, 2.0]).reshape(1, 1, 3, 1, 1)
    assert PairMaximum()(maps).flatten().tolist() == [3.0, 2.0, 2.0]
