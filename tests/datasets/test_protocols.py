"""Protocols of any collection: who is tested on what, by name, and what is left out for it."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_cells import make_cells
from stcnet.datasets import Cell, Fold, LabelledClip
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.divisions import by_date, day_of, stratified_folds
from stcnet.datasets.folds.protocols import folds_of, protocols_of
from stcnet.datasets.rise import VIEWS
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.drawing import draw_records
from stcnet.errors import ConfigError, DataError

DRAWN = draw_records(8 * len(VIEWS), days=30, size=64, seed=5)
RISE = RiseCollection(Path("rise"), tuple(DRAWN))
CELLS = CellCollection(Path("cells"), tuple(make_cells()))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Listed:
    """Clips that nobody decodes."""

    clips: tuple[LabelledClip, ...]
    title: str = "listed"

    def load(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("nobody decodes these")


def clip(number: int, *, minutes: int = 0, **changes: Any) -> LabelledClip:
    """Clips of two plants with two views each, a day apart; every second one shows smoke."""
    start = NOON + timedelta(days=number // 4, minutes=minutes)
    values: dict[str, Any] = {
        "id": f"clip-{number}",
        "label": number // 2 % 2,
        "view": f"cam-{number % 4}",
        "plant": f"plant-{number % 2}",
        "start": start,
        "end": start + timedelta(seconds=175),
    }
    return LabelledClip(**values | changes)


OWN = Listed(tuple(clip(number) for number in range(40)))


def ids(clips: Sequence[LabelledClip]) -> set[str]:
    return {clip.id for clip in clips}


@pytest.mark.parametrize(
    ("collection", "names"),
    [
        pytest.param(RISE, "S0 S1 S2 S3 S4 S5 leave-one-view-out leave-one-plant-out by-date"
                     " 5-fold", id="RISE"),
        pytest.param(CELLS, "leave-one-split-out leave-plants-out leave-out-S0 leave-out-S1"
                     " leave-out-S2 leave-out-S4 leave-one-view-out leave-one-plant-out 5-fold",
                     id="cells"),
        pytest.param(OWN, "leave-one-view-out leave-one-plant-out by-date 5-fold", id="own"),
        pytest.param(Listed((clip(0), clip(4, label=1), clip(8), clip(12, label=1))),
                     "by-date 2-fold", id="one view"),
        pytest.param(Listed((clip(0),)), "", id="one clip"),
    ],
)  # fmt: skip
def test_each_collection_tells_its_protocols(collection: Any, names: str) -> None:
    assert protocols_of(collection) == tuple(names.split())
    for name in names.split():
        if collection is not CELLS:
            assert folds_of(collection, name)
    with pytest.raises(ConfigError, match=r"--protocol: there is no such protocol .* \(got mine"):
        folds_of(collection, "mine")


@pytest.mark.parametrize(
    ("protocol", "value_of"),
    [
        pytest.param("leave-one-view-out", lambda clip: clip.view, id="views"),
        pytest.param("leave-one-plant-out", lambda clip: clip.plant, id="plants"),
    ],
)
@pytest.mark.parametrize("collection", [RISE, OWN, CELLS], ids=["RISE", "own", "cells"])
def test_one_is_left_out(
    collection: Any, protocol: str, value_of: Callable[[LabelledClip], str]
) -> None:
    folds = folds_of(collection, protocol)
    labelled = [clip for clip in collection.clips if clip.label is not None]
    assert len(folds) == len({value_of(clip) for clip in labelled})
    for fold in folds:
        (tested,) = {value_of(clip) for clip in fold.test}
        assert fold.name.endswith(f"-{tested}")
        assert {clip.id for clip in labelled if value_of(clip) == tested} == ids(fold.test)
        assert len(fold.train) + len(fold.test) + fold.left_out == len(labelled)
        assert tested not in {value_of(clip) for clip in fold.train}


def test_a_single_fold_has_a_name() -> None:
    (fold,) = folds_of(RISE, "leave-out-view-0-10")
    assert {clip.view for clip in fold.test} == {"0-10"}
    assert folds_of(OWN, "4-fold-2") == [folds_of(OWN, "4-fold")[1]]
    with pytest.raises(ConfigError, match="got 4-fold-5"):
        folds_of(OWN, "4-fold-5")


def test_names_of_folds_are_names_of_folders() -> None:
    views = ("../roof", "__/roof", "a b", "a/b", "x" * 300)
    own = Listed(tuple(clip(n, view=view) for n, view in enumerate(views)))
    names = [fold.name for fold in folds_of(own, "leave-one-view-out")]
    assert len({name.lower() for name in names}) == len(views)
    assert all(len(name) <= 100 and not set("/ \\") & set(name) for name in names)


@pytest.mark.parametrize(
    ("protocol", "tested_days", "trained_days"),
    [
        pytest.param("by-date", 3, 6, id="a day is left out as a clip before noon is near"),
        pytest.param("by-date-10", 1, 8, id="a tenth"),
        pytest.param("by-date-50-gap-3d", 5, 2, id="three days between"),
        pytest.param("by-date-20-gap-45m", 2, 8, id="minutes between"),
        pytest.param("by-date-20-gap-25h", 2, 7, id="hours between"),
    ],
)
def test_the_last_days_are_tested(protocol: str, tested_days: int, trained_days: int) -> None:
    (fold,) = folds_of(OWN, protocol)
    days = sorted({day_of(clip) for clip in OWN.clips})  # type: ignore[type-var]
    assert {day_of(clip) for clip in fold.test} == set(days[-tested_days:])
    assert {day_of(clip) for clip in fold.train} == set(days[:trained_days])
    assert fold.left_out == 4 * (len(days) - tested_days - trained_days)
    assert fold.name == protocol


def test_days_are_the_plants_own_where_the_name_tells_them() -> None:
    evening = RISE.clips[0]
    assert day_of(evening) == DRAWN[0].name.day
    assert str(day_of(clip(4))) == "2024-05-02"
    assert day_of(clip(4, start=None, end=None)) is None


def test_folds_keep_views_and_days_together_and_their_share_of_smoke() -> None:
    clips = [clip(4 * n // 3, minutes=n) for n in range(360)]
    unique = [dataclasses.replace(each, id=f"{n}") for n, each in enumerate(clips)]
    labelled = [
        dataclasses.replace(each, label=1 if n % 3 == 2 else 0) for n, each in enumerate(unique)
    ]
    folds = stratified_folds(labelled, 4)
    assert sorted(each.id for fold in folds for each in fold.test) == sorted(ids(labelled))
    for fold in folds:
        tested = {(each.view, day_of(each)) for each in fold.test}
        assert tested.isdisjoint((each.view, day_of(each)) for each in fold.train)
        share = sum(each.label or 0 for each in fold.test) / len(fold.test)
        assert share == pytest.approx(1 / 3, abs=0.12)
    assert stratified_folds(labelled, 4) == folds


def test_clips_of_a_view_and_day_stand_in_one_fold_however_far_apart() -> None:
    """Hours apart, so that the guard for clips that are near each other has nothing to say."""
    clips = [
        clip(4 * day + view, minutes=60 * hour, id=f"{day}-{view}-{hour}", label=hour % 2)
        for day in range(4)
        for view in range(4)
        for hour in range(4)
    ]
    folds = stratified_folds(clips, 4)
    assert [fold.left_out for fold in folds] == [0] * 4
    places = [{(each.view, day_of(each)) for each in fold.test} for fold in folds]
    assert sum(map(len, places)) == len(set().union(*places)) == 16


@pytest.mark.parametrize(
    ("clips", "protocol", "message"),
    [
        pytest.param([clip(n, label=0) for n in range(9)], "3-fold",
                     r"--protocol: there is no such protocol .* \(got 3-fold", id="one class"),
        pytest.param([clip(n) for n in range(9)], "30-fold", "got 30-fold", id="too many folds"),
        pytest.param([clip(n) for n in range(9)], "1-fold", "got 1-fold", id="one fold"),
        pytest.param([clip(0), clip(4)], "by-date-50-gap-9d", "by-date-50-gap-9d: no clip is left",
                     id="nothing before the gap"),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_is_one_line(
    clips: list[LabelledClip], protocol: str, message: str
) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        folds_of(Listed(tuple(clips)), protocol)


def test_undecided_clips_stand_in_no_fold() -> None:
    undecided = {each.id for each in RISE.clips if each.label is None}
    assert undecided
    for protocol in protocols_of(RISE):
        for fold in folds_of(RISE, protocol):
            for clips in fold.parts.values():
                assert undecided.isdisjoint(ids(clips))


Drawn = tuple[int, int, int, int]


@given(st.lists(st.tuples(*(st.integers(0, 3),) * 4), min_size=2, max_size=30))
def test_no_fold_ever_leaks(drawn: list[Drawn]) -> None:
    """The guard is part of a fold; here every pair is looked at anew."""
    clips = [
        clip(4 * day + view, minutes=20 * slot, id=str(n), group=str(group) if group else None)
        for n, (day, view, slot, group) in enumerate(drawn)
    ]
    collection = Listed(tuple(clips))
    for protocol in protocols_of(collection):
        try:
            folds = folds_of(collection, protocol)
        except DataError as error:
            assert "no clip is left" in str(error) or "so many folds" in str(error)  # noqa: PT017
            continue
        for fold in folds:
            assert not any(leaks(one, other) for one in fold.train for other in fold.test)


def leaks(one: LabelledClip, other: LabelledClip) -> bool:
    same = one.id == other.id or (one.group is not None and one.group == other.group)
    assert one.start
    assert other.start
    apart = abs(one.start - other.start) - timedelta(seconds=175)
    return same or (one.view == other.view and apart < timedelta(minutes=30))


def test_by_date_is_one_fold() -> None:
    assert isinstance(by_date(OWN.clips), Fold)


def test_cells_know_no_time() -> None:
    cell: Cell = CELLS.cells[0]
    assert cell.clip.start is None
    assert "by-date" not in protocols_of(CELLS)
