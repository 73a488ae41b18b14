"""Motion of clips in other scenes."""

import numpy as np
import pytest
import torch

from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.training.batches.transplants import motion, transplant

LENGTH, SIDE = 36, 8
SCENES = (40, 120, 200)
"""Level of each scene, without and with a square that blinks."""


def make_clips() -> ClipSet:
    """Three still scenes without smoke and three that blink in the left half, as smoke."""
    frames = torch.zeros(6, LENGTH, 3, SIDE, SIDE, dtype=torch.uint8)
    for number in range(6):
        frames[number] = SCENES[number % 3]
    frames[3:, ::6, :, :, : SIDE // 2] += 30
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    return ClipSet(frames, labels, np.ones(6), tuple("abcdef"))


CLIPS = make_clips()
STILL, BLINKING = np.arange(3), np.arange(3, 6)


def indices(count: int) -> IndexArray:
    return np.tile(np.arange(0, LENGTH, 3), (count, 1))


def batch(positions: IndexArray) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = CLIPS.gather(positions, indices(len(positions))).float()
    return pixels, CLIPS.labels[torch.from_numpy(positions)]


def test_a_still_scene_has_no_motion() -> None:
    assert not motion(CLIPS, STILL, indices(3)).any()


def test_motion_is_what_differs_from_the_median_whatever_the_scene() -> None:
    moving = motion(CLIPS, BLINKING, indices(3))
    assert torch.equal(moving[0], moving[2])
    expected = (CLIPS.gather(BLINKING, indices(3)).float() - 200)[2]
    assert torch.equal(moving[0], expected)
    assert moving[0, ::2, :, :, : SIDE // 2].eq(30).all()


@pytest.mark.parametrize("seed", range(4))
def test_smoke_takes_its_label_along_and_leaves_its_scene(seed: int) -> None:
    pixels, labels = batch(STILL)
    moved, told = transplant(CLIPS, indices(3), pixels, labels, 1.0, np.random.default_rng(seed))
    changed = (moved != pixels).flatten(1).any(dim=1)
    assert torch.equal(changed, told == 1)
    # What does not blink is the receiving scene, on one side or, mirrored, on the other.
    for number in range(3):
        levels = set(np.unique(moved[number].numpy()).tolist())
        assert levels <= {float(SCENES[number]), SCENES[number] + 30.0}


def test_both_sides_are_used() -> None:
    pixels, labels = batch(np.zeros(64, np.int64))
    moved, _ = transplant(CLIPS, indices(64), pixels, labels, 1.0, np.random.default_rng(0))
    blinks = (moved != pixels).any(dim=1).any(dim=1).any(dim=1)
    assert blinks[:, 0].any()
    assert blinks[:, -1].any()
    assert not (blinks[:, 0] & blinks[:, -1]).any()


def test_a_smoking_clip_stays_one_and_pixels_stay_in_range() -> None:
    pixels, labels = batch(BLINKING)
    moved, told = transplant(CLIPS, indices(3), pixels, labels, 1.0, np.random.default_rng(1))
    assert torch.equal(told, labels)
    assert 0 <= moved.min() <= moved.max() <= 255


@pytest.mark.parametrize(("chance", "least", "most"), [(0.0, 0, 0), (0.3, 10, 50), (1.0, 32, 96)])
def test_the_chance_is_kept(chance: float, least: int, most: int) -> None:
    pixels, labels = batch(np.zeros(100, np.int64))
    moved, told = transplant(CLIPS, indices(100), pixels, labels, chance, np.random.default_rng(2))
    # Half of the sources stand still, so that half of the transplants change nothing.
    assert least / 2 <= int(told.sum()) <= most
    assert torch.equal((moved != pixels).flatten(1).any(dim=1), told == 1)
    assert not labels.any()
