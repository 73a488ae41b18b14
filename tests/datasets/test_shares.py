"""Shares of a training set: nested, balanced, and no near-duplicate cut in two."""

from collections import Counter
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_cells import make_cells
from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.folds.fold import hold_out
from stcnet.datasets.folds.shares import share_of_clips, share_of_fold

VIEWS = 5


def clip(number: int, group: str | None = None) -> LabelledClip:
    """Two views of three see smoke in every fourth clip, the others in every second one."""
    view = number % VIEWS
    smoke = number // VIEWS % (4 if view < 3 else 2) == 0
    return LabelledClip(
        f"c{number:03d}", cast("None", int(smoke)), f"v{view}", "plant", None, None, group=group
    )


CLIPS = [clip(number) for number in range(200)]
GROUPED = [clip(number, group=f"g{number // 3}" if number % 2 else None) for number in range(200)]


@given(
    st.sampled_from([CLIPS, GROUPED]),
    st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    st.integers(0, 50),
)
def test_the_smaller_lies_in_the_larger(
    clips: list[LabelledClip], shares: tuple[float, float], seed: int
) -> None:
    small, large = (share_of_clips(clips, share, seed=seed) for share in sorted(shares))
    assert {each.id for each in small} <= {each.id for each in large}
    for chosen, share in zip((small, large), sorted(shares), strict=True):
        assert share * len(clips) <= len(chosen) < share * len(clips) + 3
        assert chosen == [each for each in clips if each in chosen]


@pytest.mark.parametrize("share", [0.125, 0.25, 0.5])
def test_each_view_and_label_gives_its_share(share: float) -> None:
    whole = Counter((each.view, each.label) for each in CLIPS)
    part = Counter((each.view, each.label) for each in share_of_clips(CLIPS, share, seed=3))
    assert all(abs(part[stratum] - share * count) <= 1 for stratum, count in whole.items())


def test_near_duplicates_stay_together() -> None:
    chosen = {each.id for each in share_of_clips(GROUPED, 0.3, seed=0)}
    members = Counter(each.group for each in GROUPED if each.group)
    inside = Counter(each.group for each in GROUPED if each.group and each.id in chosen)
    assert all(inside[group] == members[group] for group in inside)
    assert any(count > 1 for count in inside.values())


def test_draws_differ_and_repeat() -> None:
    first, again, other = (share_of_clips(CLIPS, 0.25, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert share_of_clips(CLIPS, 1, seed=1) == CLIPS


def test_a_share_of_a_fold_tests_on_all_of_it() -> None:
    cells = [cell.clip for cell in make_cells()]
    fold = hold_out("mine", cells, cells[:8])
    part = share_of_fold(fold, 0.5, seed=0)
    assert (part.name, part.test) == (fold.name, fold.test)
    assert set(part.train) < set(fold.train)
    assert replace(part, train=fold.train) == fold


@pytest.mark.parametrize("share", [0, -0.5, 1.01])
def test_no_other_share_is_drawn(share: float) -> None:
    with pytest.raises(ValueError, match="allowed: above 0, at most 1"):
        share_of_clips(CLIPS, share, seed=0)
