"""What the network sees of a step, and in which order chance decides it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.datasets.clips import draw_frames
from stcnet.datasets.network_input import NetworkInput
from stcnet.preprocess import EFFICIENTNET_LITE
from stcnet.training.batches.making import Batch, BatchMaker, draw_pairs, mix, render_plumes
from stcnet.training.randomness import step_rng
from stcnet.training.recipes.recipe import PlumeSettings, Recipe

NETWORK = tiny_settings()["network"]
INPUT = NetworkInput(EFFICIENTNET_LITE, "signed")


def make(recipe: Recipe, seed: int = 0) -> Batch:
    rng = step_rng(seed, 0, 0)
    return BatchMaker(recipe, planted_clips(4), INPUT).make(np.arange(4), rng)


def test_without_chance_a_batch_is_the_input_of_its_frames() -> None:
    clips = planted_clips(4)
    batch = make(tiny_recipe())
    indices = draw_frames(4, 36, 3, step_rng(0, 0, 0))
    frames, residuals = INPUT(clips.gather(np.arange(4), indices))
    assert torch.equal(batch.frames, frames)
    assert torch.equal(batch.residuals, residuals)
    assert batch.targets.tolist() == [[1, 0], [0, 1]] * 2


def test_fewer_training_frames_are_pairs_of_the_sampled_ones() -> None:
    choices = {"frames": 8, "head": "mean"}
    recipe = tiny_recipe(training_frames=3, network=NETWORK | {"choices": choices})
    batch = make(recipe)
    rng = step_rng(0, 0, 0)
    sampled = draw_frames(4, 36, 9, rng)
    pairs = draw_pairs(sampled, 3, rng).reshape(4, 3, 2)
    assert batch.frames.shape == batch.residuals.shape == (4, 3, 3, 32, 32)
    for clip in range(4):
        for place, (first, second) in enumerate(pairs[clip]):
            two = planted_clips(4).frames[clip][[first, second]][None]
            frame, residual = INPUT(two)
            assert torch.equal(batch.frames[clip, place], frame[0, 0])
            assert torch.equal(batch.residuals[clip, place], residual[0, 0])


@given(st.integers(2, 12), st.data(), st.integers(0, 2**32))
def test_pairs_are_neighbours_and_never_twice(count: int, data: st.DataObject, seed: int) -> None:
    pairs = data.draw(st.integers(1, count - 1))
    rng = np.random.default_rng(seed)
    sampled = draw_frames(3, 36, count, rng)
    drawn = draw_pairs(sampled, pairs, rng)
    assert drawn.shape == (3, 2 * pairs)
    for frames, row in zip(sampled.tolist(), drawn.reshape(3, pairs, 2).tolist(), strict=True):
        chosen = [tuple(pair) for pair in row]
        assert set(chosen) <= set(itertools.pairwise(frames))
        assert sorted(set(chosen)) == chosen


def test_all_pairs_are_drawn_alike() -> None:
    sampled = np.tile(np.arange(5), (4000, 1))
    drawn = draw_pairs(sampled, 2, np.random.default_rng(0))[:, ::2]
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / 4000, 0.5, atol=0.04)


def test_the_seed_of_the_step_decides() -> None:
    recipe = tiny_recipe(augmentation={}, mixup=0.4, plumes={"smoke": 0.5, "steam": 0.5})
    first, again, other = (make(recipe, seed) for seed in (1, 1, 2))
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.frames, other.frames)


@pytest.mark.parametrize(
    ("settings", "labels", "changed"),
    [
        pytest.param({}, [0, 1, 0, 1], [], id="none"),
        pytest.param({"smoke": 1}, [1, 1, 1, 1], [0, 2], id="smoke goes into smoke-free clips"),
        pytest.param({"smoke": 1, "dense": 1}, [1, 1, 1, 1], [0, 2], id="dense smoke likewise"),
        pytest.param({"dense": 1}, [0, 1, 0, 1], [], id="no smoke, so none is dense"),
        pytest.param({"steam": 1}, [0, 1, 0, 1], [0, 1, 2, 3], id="steam keeps the label"),
    ],
)
def test_rendered_plumes(settings: dict[str, float], labels: list[int], changed: list[int]) -> None:
    clips = planted_clips(4)
    pixels = clips.frames[:, ::9].float()
    times_s = torch.arange(0, 180, 45).float().expand(4, -1)
    rng = np.random.default_rng(3)
    chances = PlumeSettings.model_validate(settings)
    result, said = render_plumes(pixels, clips.labels, times_s, chances, rng)
    assert said.tolist() == labels
    differs = (result != pixels).flatten(1).any(dim=1)
    assert differs.nonzero().flatten().tolist() == changed
    assert 0 <= float(result.min()) <= float(result.max()) <= 255


def test_dense_smoke_hides_what_is_behind_it() -> None:
    stripes = torch.zeros(16, 4, 3, 64, 64)
    stripes[..., ::8] = 255
    labels, times_s = torch.zeros(16, dtype=torch.int64), torch.arange(0, 60, 15.0).expand(16, -1)

    def hidden(dense: float) -> float:
        chances = PlumeSettings(smoke=1, dense=dense)
        pixels, _ = render_plumes(stripes, labels, times_s, chances, np.random.default_rng(1))
        contrast = (pixels[..., ::8] - pixels[..., 4::8]).abs().amin(dim=2)
        return float((contrast < 25).float().mean())

    assert hidden(1) > 2 * hidden(0) > 0


def test_mixing_keeps_pixels_and_targets_together() -> None:
    pixels = torch.tensor([0.0, 100.0, 200.0])[:, None]
    targets = torch.eye(3)
    rng = np.random.default_rng(0)
    for _ in range(10):
        mixed, soft = mix(0.5, rng, pixels, targets)
        torch.testing.assert_close(soft @ pixels, mixed)
        torch.testing.assert_close(soft.sum(dim=1), torch.ones(3))


def test_mixing_ends_with_its_last_epoch() -> None:
    recipe = tiny_recipe(mixup=1.0, mixup_epochs=2)
    maker = BatchMaker(recipe, planted_clips(4), INPUT)
    batches = [maker.make(np.arange(4), step_rng(0, 0, 0), epoch) for epoch in range(4)]
    unmixed = make(tiny_recipe())
    changed = [not torch.equal(batch.frames, unmixed.frames) for batch in batches]
    assert changed == [True, True, False, False]


def test_weights_are_mixed_with_their_clips() -> None:
    clips = replace(planted_clips(4), label_weights=np.array([0.0, 1.0, 0.0, 1.0]))
    recipe = tiny_recipe(mixup=1.0, loss={"kind": "cross-entropy", "label_weights": True})
    batch = BatchMaker(recipe, clips, INPUT).make(np.arange(4), step_rng(0, 0, 0))
    # The smoke clips are the sure ones, so a clip counts as much as there is smoke in it.
    torch.testing.assert_close(batch.weights, batch.targets[:, 1])


def test_rendered_smoke_is_sure_whatever_the_label_was() -> None:
    clips = replace(planted_clips(4), label_weights=np.full(4, 0.5))
    loss = {"kind": "cross-entropy", "label_weights": True}
    recipe = tiny_recipe(plumes={"smoke": 1.0}, loss=loss)
    batch = BatchMaker(recipe, clips, INPUT).make(np.arange(4), step_rng(0, 0, 0))
    assert batch.targets[:, 1].tolist() == [1.0] * 4
    assert batch.weights.tolist() == [1.0, 0.5, 1.0, 0.5]


@pytest.mark.parametrize(
    ("pieces", "sizes"),
    [(1, [5]), (2, [2, 3]), (5, [1] * 5), (9, [1] * 5)],
    ids=["whole", "uneven", "single", "more than clips"],
)
def test_a_batch_is_cut_into_pieces(pieces: int, sizes: list[int]) -> None:
    batch = BatchMaker(tiny_recipe(), planted_clips(5), INPUT).make(np.arange(5), step_rng(0, 0, 0))
    cut = batch.split(pieces)
    assert [len(piece) for piece in cut] == sizes
    for name in ("frames", "residuals", "targets", "weights"):
        joined = torch.cat([getattr(piece, name) for piece in cut])
        assert torch.equal(joined, getattr(batch, name))
    assert np.concatenate([piece.positions for piece in cut]).tolist() == [0, 1, 2, 3, 4]
