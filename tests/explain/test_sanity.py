"""What tells whether a map explains, on maps whose answer is known."""

import numpy as np
import pytest
import torch

from stcnet.explain.sanity import energy_gain, randomised, rank_correlation
from stcnet.networks import build_model
from stcnet.types import FloatArray

PLUME = np.zeros((3, 40, 40), np.float32)
PLUME[:, 8:16, 16:32] = 0.5


@pytest.mark.parametrize("side", [5, 8, 40])
def test_a_map_that_is_everywhere_the_same_is_chance(side: int) -> None:
    assert energy_gain(np.ones((3, side, side), np.float32), PLUME) == pytest.approx(1)


def test_a_map_on_the_plume_alone_gains_the_most() -> None:
    share = (PLUME > 0).mean()
    assert energy_gain((PLUME > 0).astype(np.float32), PLUME) == pytest.approx(1 / share)
    assert energy_gain((PLUME == 0).astype(np.float32), PLUME) == 0


def test_one_map_speaks_for_every_frame() -> None:
    rng = np.random.default_rng(0)
    single = rng.random((5, 5), dtype=np.float32)
    assert energy_gain(single, PLUME) == pytest.approx(energy_gain(np.stack([single] * 3), PLUME))


def test_what_is_too_thin_to_see_is_no_plume() -> None:
    faint = np.full_like(PLUME, 0.04)
    faint[:, :, :20] = 0.5
    left = np.zeros((3, 4, 4), np.float32)
    left[:, :, :2] = 1
    assert energy_gain(left, faint) == pytest.approx(2)


@pytest.mark.parametrize(
    ("maps", "opacity"),
    [(np.zeros((3, 5, 5), np.float32), PLUME), (np.ones((3, 5, 5), np.float32), 0 * PLUME)],
    ids=["no map", "no plume"],
)
def test_nothing_has_no_gain(maps: FloatArray, opacity: FloatArray) -> None:
    with pytest.raises(ValueError, match="a gain needs a map"):
        energy_gain(maps, opacity)


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda x: x, 1.0), (lambda x: 5 * x + 2, 1.0), (np.exp, 1.0), (lambda x: -x, -1.0)],
    ids=["itself", "scaled", "bent", "turned round"],
)
def test_ranks_know_no_scale(change: object, expected: float) -> None:
    values = np.random.default_rng(1).normal(size=(4, 5, 5)).astype(np.float32)
    assert callable(change)
    assert rank_correlation(values, change(values)) == pytest.approx(expected)


def test_maps_that_have_nothing_to_do_with_each_other_do_not_agree() -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.random((40, 10, 10), dtype=np.float32) for _ in range(2))
    assert abs(rank_correlation(first, second)) < 0.05


@pytest.mark.parametrize("blocks", [2, 5])
def test_the_last_blocks_are_shuffled_and_no_others(blocks: int) -> None:
    network = build_model("plain-lite0", frames=2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fresh = randomised(network, blocks)
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)
    parts = list(zip(network.blocks(), fresh.blocks(), strict=True))
    for number, (trained, shuffled) in enumerate(parts):
        known = torch.cat([each.flatten() for each in trained.parameters()])
        new = torch.cat([each.flatten() for each in shuffled.parameters()])
        assert known.double().sum().item() == pytest.approx(new.double().sum().item())
        assert torch.equal(known, new) == (number < len(parts) - blocks)
