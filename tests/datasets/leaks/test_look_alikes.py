"""Near-duplicates: what is found, what is not, and what the guard says of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from filmed_clips import clip_set, coloured, film, recoded, resized, still
from small_cells import make_cells
from stcnet.datasets import read_cells
from stcnet.datasets.clips import load_clips
from stcnet.datasets.leaks.look_alikes import (
    SAME_MOTION,
    SAME_SCENE,
    LookAlike,
    look_alike_groups,
    near_duplicates,
    refuse_look_alikes,
)
from stcnet.datasets.leaks.signatures import SIGNATURE_SIZE, parted, signatures
from stcnet.errors import DataError

OTHERS = [film(view, recording) for view in (1, 2) for recording in (0, 1)]
PLANTED = film(7, start=8)


@pytest.mark.parametrize(
    "leak",
    [
        pytest.param(PLANTED, id="the same"),
        pytest.param(recoded(PLANTED), id="coded anew"),
        pytest.param(recoded(coloured(PLANTED, (1.15, 1.15, 1.15), 8)), id="brighter"),
        pytest.param(recoded(coloured(PLANTED, (0.8, 0.8, 0.8), -5)), id="darker"),
        pytest.param(recoded(coloured(PLANTED, (1.1, 1.0, 0.9))), id="of another colour"),
        pytest.param(recoded(film(7, start=5)), id="three frames earlier"),
        pytest.param(recoded(film(7, start=14)), id="six frames later"),
    ],
)
def test_a_planted_leak_is_refused(leak: Tensor) -> None:
    train = clip_set(*OTHERS, leak, name="train")
    test = clip_set(film(8), PLANTED, name="test")
    with pytest.raises(DataError, match="train-4: a training clip shows a test clip again") as told:
        refuse_look_alikes(train, test)
    assert "alike test clip test-1)" in str(told.value)
    assert "(got motion 0." in str(told.value) or "(got motion 1.00" in str(told.value)


@pytest.mark.parametrize("side", [48, 64, 160])
def test_a_clip_of_another_size_is_refused(side: int) -> None:
    with pytest.raises(DataError, match="shows a test clip again"):
        refuse_look_alikes(clip_set(recoded(film(7))), clip_set(resized(film(7, side=180), side)))


@pytest.mark.parametrize(
    ("other", "scene_alike"),
    [
        pytest.param(film(7, recording=1), True, id="another plume before the same scenery"),
        pytest.param(film(9), False, id="another view"),
        pytest.param(film(7, start=8).flip(0), True, id="backwards"),
        pytest.param(still(7), True, id="nothing moves"),
        pytest.param(torch.zeros_like(PLANTED), False, id="black"),
        pytest.param(torch.full_like(PLANTED, 255), False, id="white"),
    ],
)
def test_what_is_another_recording_passes(other: Tensor, scene_alike: bool) -> None:
    refuse_look_alikes(clip_set(other), clip_set(PLANTED))
    found = near_duplicates(signatures(clip_set(PLANTED, other)), least_scene=0.95)
    assert [pair.same_recording for pair in found] == [False] * scene_alike


def test_clips_in_which_nothing_moves_are_one_recording_if_they_show_the_same() -> None:
    with pytest.raises(DataError, match=r"motion 1\.00"):
        refuse_look_alikes(clip_set(recoded(still(3), crf=20)), clip_set(still(3)))
    refuse_look_alikes(clip_set(still(3)), clip_set(still(4)))


def test_the_guard_tells_how_many_pairs_there_are() -> None:
    train, test = clip_set(film(1), film(2), name="train"), clip_set(film(2), film(1), name="test")
    with pytest.raises(DataError, match=r"and 1 more pair\)"):
        refuse_look_alikes(train, test)


def test_clips_are_compared_among_themselves_or_with_others() -> None:
    rows = signatures(clip_set(film(1), film(2), film(1), film(1, recording=1)))
    (recording, *scenes) = near_duplicates(rows, least_scene=0.9)
    assert (recording.first, recording.second) == (0, 2)
    assert recording.same_recording
    assert recording.similarity == recording.motion == pytest.approx(1.0, abs=1e-3)
    assert {(pair.first, pair.second) for pair in scenes} == {(0, 3), (2, 3)}
    assert all(pair.similarity == pair.scene < 1 for pair in scenes)
    (across,) = near_duplicates(rows[:2], rows[2:], least_scene=None)
    assert (across.first, across.second) == (0, 0)


def test_many_clips_are_searched_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = signatures(clip_set(*(film(view, view % 2) for view in (1, 2, 1, 3, 2, 1, 2))))
    whole = near_duplicates(rows, least_scene=0.9)
    monkeypatch.setattr("stcnet.datasets.leaks.look_alikes._CLIPS", 2)
    monkeypatch.setattr("stcnet.datasets.leaks.look_alikes._PAIRS", 1)
    parts = near_duplicates(rows, least_scene=0.9)
    ends = [(pair.first, pair.second) for pair in whole]
    assert sorted(ends) == [(0, 2), (0, 5), (1, 4), (1, 6), (2, 5), (4, 6)]
    assert sorted((pair.first, pair.second) for pair in parts) == sorted(ends)


def foggy(pattern: int, noise: int) -> Tensor:
    """A clip in fog: broad, faint shades, and grain that is another one every time."""
    rng = np.random.default_rng(pattern)
    shades = torch.from_numpy(rng.normal(110, 22, (1, 3, 3, 3))).mean(1, keepdim=True)
    picture = torch.nn.functional.interpolate(shades, (96, 96), mode="bicubic").expand(1, 3, 96, 96)
    grain = np.random.default_rng([pattern, noise]).normal(0, 1, (1, 3, 32, 32))
    grains = torch.from_numpy(grain).repeat_interleave(3, 2).repeat_interleave(3, 3)
    return (picture + grains).clamp(0, 255).round().byte().expand(36, 3, 96, 96).clone()


def test_shades_tell_where_nothing_stands_out() -> None:
    rows = signatures(clip_set(foggy(0, 0), foggy(0, 1), foggy(1, 0), foggy(2, 0)))
    scenes, *_ = parted(rows)
    assert float(scenes[0] @ scenes[1]) < SAME_SCENE
    (pair,) = near_duplicates(rows)
    assert (pair.first, pair.second, pair.same_recording) == (0, 1, False)
    assert pair.scene == pytest.approx(SAME_SCENE)
    refuse_look_alikes(clip_set(foggy(0, 0)), clip_set(foggy(0, 1), name="test"))


def test_shades_say_nothing_of_pictures_of_full_contrast() -> None:
    bright = [coloured(foggy(0, noise), (2.4, 2.4, 2.4), -150) for noise in range(2)]
    assert near_duplicates(signatures(clip_set(*bright))) == []


def test_no_clips_make_no_pairs() -> None:
    assert near_duplicates(np.zeros((0, SIGNATURE_SIZE), np.float32)) == []


@pytest.mark.parametrize("length", [1, 2, 8, 37, 150])
def test_clips_of_any_length_have_a_signature(length: int) -> None:
    clip = film(1)[torch.arange(length) % 36]
    rows = signatures(clip_set(clip))
    assert rows.shape == (1, SIGNATURE_SIZE)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_optical_flow_has_no_signature() -> None:
    with pytest.raises(ValueError, match="2 channels have no scene"):
        signatures(clip_set(PLANTED[:, :2]))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_groups_hang_together_by_pairs(ends: list[tuple[int, int]]) -> None:
    pairs = [LookAlike(min(two), max(two), 1.0, 1.0) for two in ends if two[0] != two[1]]
    groups = look_alike_groups(10, pairs)
    owner = {clip: group for group in groups for clip in group}
    assert all(owner[pair.first] == owner[pair.second] for pair in pairs)
    assert owner.keys() == {end for pair in pairs for end in (pair.first, pair.second)}
    assert sum(map(len, groups)) == len(owner)
    assert sum(len(group) - 1 for group in groups) <= len(pairs)


def test_the_planted_cells_are_no_near_duplicates(small_data: Path) -> None:
    assert near_duplicates(signatures(load_clips(small_data, make_cells(), 32))) == []


@pytest.mark.real_data
def test_the_listed_groups_of_two_mosaics_are_found(shared_data: Path) -> None:
    """The benchmark looks at all mosaics; these two hold 13 listed pairs across their splits."""
    folder = shared_data / "rise-cells"
    files = ("s0_label0_baseline1.mp4", "s2_label0_baseline1.mp4")
    cells = [cell for cell in read_cells(folder) if cell.file in files]
    found = near_duplicates(signatures(load_clips(folder, cells, 64)))
    groups = [cell.duplicate_group for cell in cells]
    listed = {
        (one, other)
        for one in range(len(cells))
        for other in range(one)
        if groups[one] == groups[other]
    }
    recordings = {(pair.second, pair.first) for pair in found if pair.same_recording}
    assert recordings <= listed
    assert len(recordings) >= 0.8 * len(listed)
    assert min(pair.motion for pair in found if pair.same_recording) > SAME_MOTION + 0.05
    assert all(pair.scene >= SAME_SCENE for pair in found if not pair.same_recording)


@pytest.mark.real_data
def test_two_clips_of_one_fog_are_found(shared_data: Path) -> None:
    folder = shared_data / "rise-cells"
    fog = [cell for cell in read_cells(folder) if cell.duplicate_group == 776]
    (pair,) = near_duplicates(signatures(load_clips(folder, fog, 64)))
    assert (pair.first, pair.second, pair.same_recording) == (0, 1, False)
