"""The protocols of the shared cells: who is tested on what, and what is left out for it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_cells import make_cells, record
from stcnet.datasets import (
    SPLITS,
    Cell,
    Fold,
    LabelledClip,
    cell_folds,
    fold_test,
    leave_plants_out,
    leave_split_out,
)
from stcnet.errors import ConfigError, DataError

CELLS = make_cells()


def groups_of(clips: Sequence[LabelledClip]) -> set[str | None]:
    return {clip.group for clip in clips}


def clips_of(cells: Sequence[Cell]) -> tuple[LabelledClip, ...]:
    return tuple(cell.clip for cell in cells)


@pytest.mark.parametrize(
    ("leak", "message"),
    [
        pytest.param(CELLS[3], "share a clip", id="the same clip"),
        pytest.param(
            CELLS[20].model_copy(update={"id": CELLS[3].id}), "share a clip", id="the same id"
        ),
        pytest.param(
            CELLS[20].model_copy(update={"duplicate_group": 3}),
            "hold near-duplicates .got duplicate group 3, also of train clip clip-020",
            id="a near-duplicate",
        ),
    ],
)
def test_a_planted_leak_is_refused(leak: Cell, message: str) -> None:
    test, train = clips_of(CELLS[:6]), clips_of([*CELLS[10:16], leak])
    with pytest.raises(DataError, match=f"^clip-003: train and test {message}"):
        Fold("planted", train, test)


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_is_left_out_whole(split: str) -> None:
    fold = leave_split_out(CELLS, split)
    assert fold.name == f"leave-out-{split}"
    assert fold.test == clips_of([cell for cell in CELLS if cell.split == split])
    assert not groups_of(fold.train) & groups_of(fold.test)
    others = clips_of([cell for cell in CELLS if cell.split != split])
    twins = {clip for clip in others if clip.group in groups_of(fold.test)}
    assert set(others) - set(fold.train) == twins
    assert fold.left_out == len(twins)


def test_near_duplicates_in_another_split_are_dropped() -> None:
    # Clip 2, of S1, is a twin of clip 0, of S0.
    assert CELLS[2].clip not in leave_split_out(CELLS, "S0").train
    assert CELLS[2].clip in leave_split_out(CELLS, "S2").train


def test_no_clip_of_the_other_plants_is_trained_on() -> None:
    fold = leave_plants_out(CELLS)
    assert {clip.plant for clip in fold.test} == {"other-plants"}
    assert {clip.plant for clip in fold.train} == {"clairton", "ijmond"}


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("leave-one-split-out", [f"leave-out-{split}" for split in SPLITS]),
        ("leave-plants-out", ["leave-out-plants"]),
        ("leave-out-S2", ["leave-out-S2"]),
    ],
)
def test_protocols_by_name(protocol: str, names: list[str]) -> None:
    folds = cell_folds(CELLS, protocol)
    assert [fold.name for fold in folds] == names
    for fold in folds:
        assert clips_of(fold_test(CELLS, fold.name) or []) == fold.test


def test_other_names_are_no_fold() -> None:
    assert [fold_test(CELLS, name) for name in ("mine", "leave-out-S3", "S0")] == [None] * 3


def test_an_unknown_protocol_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"no such protocol \(got all; allowed: leave-one-split-"):
        cell_folds(CELLS, "all")


def test_an_unknown_split_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"no such split \(got S3; allowed: S0, S1, S2, S4\)"):
        leave_split_out(CELLS, "S3")


@pytest.mark.parametrize(
    ("cells", "purpose"),
    [
        pytest.param([c for c in CELLS if c.split != "S0"], "test", id="nothing to test on"),
        pytest.param([c for c in CELLS if c.split == "S0"], "train", id="nothing to train on"),
    ],
)
def test_an_empty_side_is_refused(cells: list[Cell], purpose: str) -> None:
    with pytest.raises(DataError, match=f"leave-out-S0: no clip is left to {purpose} on"):
        leave_split_out(cells, "S0")


@given(st.lists(st.tuples(st.sampled_from(SPLITS), st.integers(0, 12)), min_size=1, max_size=40))
def test_no_fold_ever_leaks(drawn: list[tuple[str, int]]) -> None:
    cells = [
        Cell.model_validate(record(n, split=split, duplicate_group=group))
        for n, (split, group) in enumerate(drawn)
    ]
    for split in SPLITS:
        try:
            fold = leave_split_out(cells, split)
        except DataError as error:
            assert "no clip is left" in str(error)  # noqa: PT017
        else:
            assert not groups_of(fold.train) & groups_of(fold.test)
