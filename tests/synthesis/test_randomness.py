"""Random numbers that depend on their keys alone."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stcnet.synthesis.randomness import (
    chance,
    hashed_normal_pair,
    hashed_uniform,
    log_uniform,
    uniform,
)

KEYS = torch.arange(20_000)


@given(st.integers(0, 2**31), st.integers(-(2**31), 2**31))
def test_a_number_depends_on_its_keys_and_not_on_its_neighbours(seed: int, number: int) -> None:
    alone = hashed_uniform(torch.tensor(seed), number)
    among = hashed_uniform(torch.tensor([seed, 7]), torch.tensor([number, 3]))
    assert alone == among[0]
    assert 0 <= alone < 1


def test_hashed_numbers_are_spread_evenly_and_independent_of_the_next_key() -> None:
    numbers = hashed_uniform(KEYS)
    assert torch.histc(numbers, 10, 0, 1).sub(2000).abs().max() < 200
    pair = torch.stack([numbers[:-1], numbers[1:]])
    assert torch.corrcoef(pair)[0, 1].abs() < 0.03


@pytest.mark.parametrize("position", [0, 1], ids=["first key", "second key"])
def test_every_key_changes_the_numbers(position: int) -> None:
    keys, others = [KEYS, KEYS + 5], [KEYS, KEYS + 5]
    others[position] = others[position] + 1
    assert (hashed_uniform(*keys) != hashed_uniform(*others)).float().mean() > 0.99


def test_normal_pairs_are_standard_and_uncorrelated() -> None:
    pair = hashed_normal_pair(KEYS)
    assert pair.mean(0).abs().max() < 0.03
    assert torch.allclose(torch.cov(pair.T), torch.eye(2), atol=0.03)


@given(st.integers(0, 2**31), st.integers(-(2**31), 2**31))
def test_a_normal_pair_is_that_of_two_even_numbers(seed: int, number: int) -> None:
    """Drawn at once, and for many keys at once, they are what single draws give."""
    one, two = (hashed_uniform(torch.tensor(seed), number, last) for last in (1, 2))
    radius = torch.sqrt(-2 * torch.log1p(-one))
    expected = torch.stack([radius * torch.cos(2 * math.pi * two),
                            radius * torch.sin(2 * math.pi * two)])  # fmt: skip
    among = hashed_normal_pair(torch.tensor([[seed], [7]]), torch.tensor([3, number, 5]))
    assert among.shape == (2, 3, 2)
    assert torch.allclose(hashed_normal_pair(torch.tensor(seed), number), expected, atol=1e-6)
    assert torch.allclose(among[0, 1], expected, atol=1e-6)


def test_hashing_needs_a_tensor() -> None:
    with pytest.raises(TypeError, match="at least one tensor"):
        hashed_uniform(1, 2)


def test_draws_stay_in_their_bounds() -> None:
    generator = torch.Generator().manual_seed(0)
    even = uniform(generator, (5000,), (-2.0, 3.0))
    steep = log_uniform(generator, (5000,), (0.01, 1.0))
    assert even.min() >= -2
    assert even.max() <= 3
    assert steep.min() >= 0.0099
    assert steep.median().item() == pytest.approx(0.1, rel=0.1)
    assert chance(generator, (5000,), 0.25).float().mean().item() == pytest.approx(0.25, abs=0.03)
