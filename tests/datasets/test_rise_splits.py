"""RISE's six splits against the published files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from rise_records import record_values, rise_record
from stcnet.datasets import Fold, LabelledClip
from stcnet.datasets.folds.divisions import day_of
from stcnet.datasets.rise import (
    SPLITS,
    VIEWS,
    RiseRecord,
    RiseSplit,
    published_fold,
    read_rise,
    read_split_files,
    split_file,
    splits,
)
from stcnet.datasets.rise.clips import clip_of
from stcnet.datasets.rise.drawing import draw_records
from stcnet.errors import ConfigError, DataError

CLIPS: dict[str, tuple[tuple[int, int], ...]] = {
    "S0": ((7765, 3180), (1620, 727), (3182, 1183)),
    "S1": ((7818, 3689), (1530, 273), (3219, 1128)),
    "S2": ((7749, 2871), (1534, 909), (3284, 1310)),
    "S3": ((7611, 3215), (1796, 599), (3160, 1276)),
    "S4": ((7842, 2813), (1428, 820), (3297, 1457)),
    "S5": ((7770, 3169), (1608, 1029), (3189, 892)),
}
"""Clips and smoke in train, validation and test, as published."""
TEST_VIEWS: dict[str, set[str]] = {
    "S0": {"0-1", "0-7", "0-13"},
    "S1": {"0-2", "0-9", "0-14"},
    "S2": {"0-0", "0-6", "0-12"},
    "S4": {"0-4", "0-8", "0-10"},
    "S5": {"0-3", "0-5", "0-11"},
}
OTHER_PLANTS = {"1-0", "2-0", "2-1", "2-2"}
DRAWN = tuple(map(clip_of, draw_records(4 * len(VIEWS), days=30, size=64, seed=5)))


def require_published(fold: Fold, folder: Path) -> None:
    """The check: a fold made anew holds what the published files hold, and as much as they say."""
    files = read_split_files(folder, fold.name)  # type: ignore[arg-type]
    for part, clips in fold.parts.items():
        same = set(clips) == set(files.parts[part])
        assert same, f"{fold.name} {part}"  # pytest would spend minutes on what differs
    counts = [(len(clips), sum(clip.label == 1 for clip in clips)) for clips in fold.parts.values()]
    assert tuple(counts) == CLIPS[fold.name]


def require_views(clips: Sequence[LabelledClip], split: str) -> None:
    """The check without the published files: the views that each split tests on."""
    fold = published_fold(clips, split)
    assert {clip.view for clip in fold.test} == TEST_VIEWS[split] | OTHER_PLANTS
    assert not {clip.view for clip in fold.train} & {clip.view for clip in fold.test}


@pytest.mark.real_data
@pytest.mark.parametrize("split", SPLITS)
def test_the_published_files_are_made_anew(
    published_splits: Path, published_records: list[RiseRecord], split: str
) -> None:
    require_published(published_fold(map(clip_of, published_records), split), published_splits)


def swap_views(patch: pytest.MonkeyPatch) -> None:
    views = splits._TEST_VIEWS
    patch.setitem(views, "S0", views["S1"])


def forget_other_plants(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(splits, "OTHER_PLANTS", ())


def shift_days(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(splits, "FIRST_TEST_DAY", splits.FIRST_VALIDATION_DAY)


def flip_labels(patch: pytest.MonkeyPatch) -> None:
    judge = RiseRecord.judgement.func  # type: ignore[attr-defined]

    def flipped(record: RiseRecord) -> Any:
        judgement = judge(record)
        return type(judgement)(1 - judgement.label, judgement.weight)

    patch.setattr("stcnet.datasets.rise.records.RiseRecord.judgement", property(flipped))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("mutation", "split", "caught"),
    [
        pytest.param(swap_views, "S0", AssertionError, id="test views of another split"),
        pytest.param(forget_other_plants, "S4", AssertionError, id="other plants in training"),
        pytest.param(shift_days, "S3", AssertionError, id="validation days tested on"),
        pytest.param(flip_labels, "S0", DataError, id="labels flipped"),
    ],
)
def test_a_wrong_rule_does_not_pass_for_published(
    published_splits: Path,
    published_records: list[RiseRecord],
    monkeypatch: pytest.MonkeyPatch,
    mutation: Callable[[pytest.MonkeyPatch], None],
    split: str,
    caught: type[Exception],
) -> None:
    mutation(monkeypatch)
    with pytest.raises(caught):
        require_published(published_fold(map(clip_of, published_records), split), published_splits)


@pytest.mark.real_data
def test_the_parts_of_a_fold_cannot_be_swapped(published_splits: Path) -> None:
    files = read_split_files(published_splits, "S0")
    swapped = Fold("S0", files.test, files.train, files.validation)
    with pytest.raises(AssertionError, match="S0 train"):
        require_published(swapped, published_splits)


@pytest.mark.parametrize("split", TEST_VIEWS)
def test_splits_by_camera_test_on_their_views(split: str) -> None:
    require_views(DRAWN, split)


@pytest.mark.parametrize("mutation", [swap_views, forget_other_plants])
def test_a_swapped_split_is_noticed(
    monkeypatch: pytest.MonkeyPatch, mutation: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutation(monkeypatch)
    with pytest.raises(AssertionError):
        require_views(DRAWN, "S0")


@pytest.mark.parametrize("split", SPLITS)
def test_every_decided_clip_has_one_part(split: RiseSplit) -> None:
    fold = published_fold(DRAWN, split)
    parts = [clip.id for part in fold.parts.values() for clip in part]
    assert sorted(parts) == sorted(clip.id for clip in DRAWN if clip.label is not None)
    assert all(fold.parts.values())


def test_the_split_by_date_goes_by_local_days() -> None:
    fold = published_fold(DRAWN, "S3")
    days = [sorted(str(day_of(clip)) for clip in part) for part in fold.parts.values()]
    first, last = [part[0] for part in days], [part[-1] for part in days]
    assert last[0] < first[1] <= last[1] < first[2]
    evening = rise_record(900, day="2019-02-02", minute=11 * 60)
    assert evening.name.started_at.day == 3
    assert splits.part_of(evening, "S3") == "validation"


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"no such split .got S6; allowed: S0, S1, S2, S3, S4, S5"
    ):
        published_fold(DRAWN, "S6")
    with pytest.raises(DataError, match=r"^3-0-.*: the published splits do not .*view 3-0"):
        published_fold([*DRAWN, clip_of(rise_record(77, "3-0"))], "S0")
    with pytest.raises(DataError, match="S0: no clip is left to test on"):
        published_fold([clip_of(rise_record())], "S0")


def test_split_files_are_read_as_they_are(tmp_path: Path) -> None:
    views = {"train": "0-0", "validation": "0-4", "test": "0-1"}
    for number, (part, view) in enumerate(views.items()):
        values = record_values(number, view, label=1, weight=1)
        (tmp_path / split_file("S4", part)).write_text(json.dumps([values]))  # type: ignore[arg-type]
    fold = read_split_files(tmp_path, "S4")
    assert [clip.view for part in fold.parts.values() for clip in part] == list(views.values())
    assert [record.view for record in read_rise(tmp_path)] == list(views.values())
    path = tmp_path / split_file("S4", "test")
    path.write_text(json.dumps([record_values(1, "0-1", label=1, weight=1)]))
    for read in (lambda: read_split_files(tmp_path, "S4"), lambda: read_rise(tmp_path)):
        with pytest.raises(DataError, match=r"two parts share a clip .got 0-1-.*, also in valid"):
            read()
    path.unlink()
    with pytest.raises(
        DataError, match=r"metadata_test_split_3_by_camera\.json: the records cannot"
    ):
        read_split_files(tmp_path, "S4")
