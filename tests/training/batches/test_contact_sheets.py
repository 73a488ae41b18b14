"""Contact sheets, and batches whose frames are drawn at another pace."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from small_cells import planted_clips, tiny_recipe, tiny_settings
from stcnet.datasets.augmentation import OFF, AugmentationSettings
from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.network_input import NetworkInput
from stcnet.explain.drawing import BAR
from stcnet.preprocess import EFFICIENTNET_LITE
from stcnet.training.batches.contact_sheets import Shown, choose_clips, clip_sheet, transform_sheet
from stcnet.training.batches.making import BatchMaker
from stcnet.training.randomness import step_rng

SIZE, TITLE = 32, 26
ROW = BAR + SIZE


def shown(segments: int = 4, **settings: float) -> Shown:
    return Shown(AugmentationSettings.model_validate(OFF | settings), segments, seed=3)


def rows(sheet: np.ndarray) -> list[np.ndarray]:
    """The four strips without their captions: before, its residuals, after, its residuals."""
    body = sheet[TITLE:]
    assert len(body) == 4 * ROW
    return [body[place * ROW + BAR : (place + 1) * ROW] for place in range(4)]


def test_with_all_off_both_halves_are_the_same() -> None:
    before, residual, after, later = rows(clip_sheet(planted_clips(), 1, shown(), "a clip"))
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(residual, later)
    assert residual.max() == 255  # the clip has smoke, which grows


def test_a_still_clip_has_no_residual() -> None:
    _, residual, _, _ = rows(clip_sheet(planted_clips(), 0, shown(), "a clip"))
    pictures = residual.reshape(SIZE, -1, 3)
    assert pictures[:, :SIZE].max() == 0


def test_the_first_frame_is_that_of_the_clip() -> None:
    clips = planted_clips()
    before = rows(clip_sheet(clips, 0, shown(), "a clip"))[0]
    np.testing.assert_array_equal(before[:, :SIZE], clips.frames[0, 0].permute(1, 2, 0).numpy())


@pytest.mark.parametrize(("segments", "columns"), [(2, 1), (9, 8), (36, 8)])
def test_long_clips_are_shown_in_part(segments: int, columns: int) -> None:
    sheet = clip_sheet(planted_clips(), 0, shown(segments), "a clip")
    assert sheet.shape[1] == columns * (SIZE + 2) - 2


@pytest.mark.parametrize("name", ["haze", "flip", "infrared", "slow", "codec", "passers"])
def test_a_transform_is_seen_alone(name: str) -> None:
    strong = AugmentationSettings.model_validate("cameras")
    sheet = transform_sheet(planted_clips(), 1, Shown(strong, 4, 0), name)
    before, _, after, _ = rows(sheet)
    assert (before != after).any()
    again = transform_sheet(planted_clips(), 1, Shown(strong, 4, 0), name)
    np.testing.assert_array_equal(sheet, again)


def test_a_title_that_cannot_be_printed_is_no_harm() -> None:
    plain = clip_sheet(planted_clips(), 0, shown(), "a?b" + "x" * 300)
    np.testing.assert_array_equal(
        plain, clip_sheet(planted_clips(), 0, shown(), "a\nb" + "x" * 300)
    )


def labelled(number: int, label: int) -> LabelledClip:
    return LabelledClip(f"clip-{number}", 1 if label else 0, "0-1", "plant", None, None)


@pytest.mark.parametrize(
    ("smoke", "none", "wanted", "expected"),
    [
        pytest.param(5, 50, 4, (2, 2), id="half of each"),
        pytest.param(1, 50, 4, (1, 3), id="little smoke"),
        pytest.param(0, 5, 4, (0, 4), id="no smoke"),
        pytest.param(1, 1, 9, (1, 1), id="fewer than wanted"),
    ],
)
def test_clips_with_and_without_smoke_are_chosen(
    smoke: int, none: int, wanted: int, expected: tuple[int, int]
) -> None:
    clips = [labelled(n, int(n < smoke)) for n in range(smoke + none)]
    chosen = choose_clips(clips, wanted, np.random.default_rng(0))
    assert (sum(c.label == 1 for c in chosen), sum(c.label == 0 for c in chosen)) == expected
    assert len({clip.id for clip in chosen}) == len(chosen)


def maker(**augmentation: float) -> BatchMaker:
    recipe = tiny_recipe(augmentation=OFF | augmentation)
    return BatchMaker(recipe, planted_clips(4), NetworkInput(EFFICIENTNET_LITE, "signed"))


def test_batches_keep_to_the_pace_that_was_asked_for() -> None:
    batch = maker(even=1).make(np.arange(4), step_rng(0, 0, 0))
    assert {int(b - a) for row in batch.indices for a, b in pairwise(row)} == {12}
    uneven = maker().make(np.arange(4), step_rng(0, 0, 0))
    assert {int(b - a) for row in uneven.indices for a, b in pairwise(row)} != {12}


def test_plain_clips_keep_their_pace() -> None:
    slow = maker(slow=4.0, often=1.0).plain(np.arange(4), step_rng(0, 0, 0))
    plain = maker().plain(np.arange(4), step_rng(0, 0, 0))
    assert all(torch.equal(one, other) for one, other in zip(slow, plain, strict=True))


def test_pairs_of_frames_pass_every_effect() -> None:
    network = tiny_settings()["network"] | {"choices": {"frames": 4, "head": "mean"}}
    augmentation = {"preset": "cameras", "often": 1}
    recipe = tiny_recipe(network=network, augmentation=augmentation, training_frames=2)
    clips, network_input = planted_clips(4), NetworkInput(EFFICIENTNET_LITE, "signed")
    batch, again = (
        BatchMaker(recipe, clips, network_input).make(np.arange(4), step_rng(0, 0, 0))
        for _ in range(2)
    )
    assert batch.frames.shape == batch.residuals.shape == (4, 2, 3, SIZE, SIZE)
    assert torch.isfinite(batch.residuals).all()
    assert torch.equal(batch.residuals, again.residuals)
