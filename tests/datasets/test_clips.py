"""Clips in memory, the order of an epoch and the frames of a batch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from small_cells import make_cells, planted_clips
from stcnet.datasets import read_clips
from stcnet.datasets.clips import draw_frames, draw_order, fixed_frames, load_clips
from stcnet.preprocess import phase_indices, segment_bounds


def test_clips_are_loaded_in_the_order_of_their_records(small_data: Path) -> None:
    cells = [make_cells()[n] for n in (7, 0, 30, 2)]
    clips = load_clips(small_data, cells, 32)
    assert clips.ids == tuple(cell.id for cell in cells)
    assert clips.labels.tolist() == [cell.label for cell in cells]
    assert clips.weights.tolist() == [cell.population_weight for cell in cells]
    for position, frames in read_clips(small_data, cells, 32):
        np.testing.assert_array_equal(
            clips.frames[position].numpy(), np.moveaxis(frames, -1, 1)
        )  # fmt: skip


def test_selecting_and_gathering_keep_clips_together() -> None:
    clips = planted_clips(6)
    chosen = clips.select([4, 1])
    assert chosen.ids == ("clip-4", "clip-1")
    assert chosen.weights.tolist() == clips.weights[[4, 1]].tolist()
    assert torch.equal(chosen.frames, clips.frames[[4, 1]])
    gathered = clips.gather(np.array([4, 1]), np.array([[0, 9], [3, 35]]))
    assert torch.equal(gathered[1, 0], clips.frames[1, 3])
    assert torch.equal(gathered[0, 1], clips.frames[4, 9])


def test_labels_are_sure_unless_it_is_said_otherwise() -> None:
    assert planted_clips(3).label_weights.tolist() == [1, 1, 1]
    doubtful = replace(planted_clips(3), label_weights=np.array([0.5, 1, 0.66]))
    chosen = doubtful.select([2, 0]).to(torch.device("cpu"))
    assert chosen.label_weights.tolist() == [0.66, 0.5]
    with pytest.raises(ValueError, match="broadcast"):
        replace(planted_clips(3), label_weights=np.ones(2))


def test_views_go_with_their_clips() -> None:
    assert planted_clips(3).select([0]).views == ()
    seen = replace(planted_clips(3), views=("a", "b", "c"))
    assert seen.select([2, 0]).views == ("c", "a")
    with pytest.raises(ValueError, match="2 views of 3 clips"):
        replace(planted_clips(3), views=("a", "b"))


@given(st.integers(1, 50), st.integers(0, 2**32))
def test_exponent_zero_shows_every_clip_once(count: int, seed: int) -> None:
    order = draw_order(np.arange(1.0, count + 1), 0, np.random.default_rng(seed))
    assert sorted(order.tolist()) == list(range(count))


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_positive_exponents_follow_the_weights(exponent: float) -> None:
    weights = np.array([1.0, 4.0, 16.0])
    rng = np.random.default_rng(0)
    drawn = np.concatenate([draw_order(weights, exponent, rng) for _ in range(4000)])
    shares = np.bincount(drawn, minlength=3) / len(drawn)
    np.testing.assert_allclose(shares, weights**exponent / (weights**exponent).sum(), atol=0.01)


def test_the_order_depends_on_the_seed_alone() -> None:
    weights = np.ones(20)

    first, again, other = (
        draw_order(weights, 0.5, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_random_frames_lie_one_in_each_segment() -> None:
    frames = draw_frames(200, 36, 9, np.random.default_rng(0))
    bounds = segment_bounds(36, 9)
    assert (frames >= bounds[:-1]).all()
    assert (frames < bounds[1:]).all()
    # Every frame of every segment is drawn by some clip.
    assert len(np.unique(frames)) == 36


@pytest.mark.parametrize(("segments", "phases"), [(9, 4), (3, 12), (9, 1)])
def test_fixed_frames_are_those_of_preprocessing(segments: int, phases: int) -> None:
    for phase in range(phases):
        frames = fixed_frames(5, 36, segments, phases, phase)
        expected = phase_indices(36, segments, phases)[phase]
        np.testing.assert_array_equal(frames, [expected] * 5)
