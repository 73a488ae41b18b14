"""Which clips an epoch shows, and how much they count."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from small_cells import planted_clips, tiny_recipe
from stcnet.datasets.clips import ClipSet, draw_order
from stcnet.errors import DataError
from stcnet.training.batches.sampling import Balance, ClipWeights, balanced_chances, epoch_order


def uneven(views: tuple[str, ...] = ()) -> ClipSet:
    """Ten clips, two of them with smoke."""
    return replace(planted_clips(10), labels=torch.tensor([1, 1] + [0] * 8), views=views)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_without_balance_the_order_is_that_of_the_weights(exponent: float) -> None:
    clips = uneven()
    order = epoch_order(clips, exponent, "none", rng())
    np.testing.assert_array_equal(order, draw_order(clips.weights, exponent, rng()))


def test_classes_are_drawn_alike() -> None:
    clips = uneven()
    drawn = np.concatenate([epoch_order(clips, 0.0, "class", rng(n)) for n in range(400)])
    assert np.mean(drawn < 2) == pytest.approx(0.5, abs=0.03)


@given(
    labels=st.lists(st.integers(0, 1), min_size=2, max_size=30),
    exponent=st.floats(0, 2),
    seed=st.integers(0, 2**32),
    balance=st.sampled_from(["class", "class-and-view"]),
)
def test_every_group_has_the_same_chance(
    labels: list[int], exponent: float, seed: int, balance: Balance
) -> None:
    count = len(labels)
    views = tuple(f"0-{view}" for view in rng(seed).integers(0, 3, count))
    weights = rng(seed).uniform(0.1, 50, count)
    clips = replace(
        planted_clips(count, size=2), labels=torch.tensor(labels), views=views, weights=weights
    )
    chances = balanced_chances(clips, exponent, balance)
    groups: dict[Any, list[int]] = {}
    for position, label in enumerate(labels):
        key = label if balance == "class" else (label, views[position])
        groups.setdefault(key, []).append(position)
    for members in groups.values():
        assert chances[members].sum() == pytest.approx(1 / len(groups))
        within = weights[members] ** exponent
        np.testing.assert_allclose(chances[members] * len(groups), within / within.sum())


def test_views_must_be_known_to_be_balanced() -> None:
    with pytest.raises(DataError, match=r"balance: the clips do not know .* allowed: none, class"):
        epoch_order(uneven(), 0.0, "class-and-view", rng())


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        pytest.param({}, [1.0, 1.0, 1.0, 1.0], id="all alike"),
        pytest.param({"label_weights": True}, [0.5, 1, 0.66, 0.75], id="how sure labels are"),
        pytest.param({"population_exponent": 1}, [0.4, 0.8, 1.2, 1.6], id="the population"),
        pytest.param({"population_exponent": 1, "label_weights": True},
                     [0.2, 0.8, 0.792, 1.2], id="both"),
    ],
)  # fmt: skip
def test_how_much_clips_count(loss: dict[str, Any], expected: list[float]) -> None:
    clips = replace(
        planted_clips(4),
        weights=np.array([1.0, 2.0, 3.0, 4.0]),
        label_weights=np.array([0.5, 1.0, 0.66, 0.75]),
    )
    weights = ClipWeights(clips, tiny_recipe(loss={"kind": "cross-entropy"} | loss).loss)
    order = np.array([3, 0, 1, 2])
    found = weights.of(order, torch.zeros(4, dtype=torch.bool))
    torch.testing.assert_close(found, torch.tensor(expected)[torch.from_numpy(order)])


def test_a_label_that_was_made_is_sure() -> None:
    clips = replace(planted_clips(2), label_weights=np.array([0.5, 0.5]))
    loss = tiny_recipe(loss={"kind": "focal", "label_weights": True}).loss
    found = ClipWeights(clips, loss).of(np.array([0, 1]), torch.tensor([True, False]))
    assert found.tolist() == [1.0, 0.5]
