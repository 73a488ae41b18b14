"""The leak guard of RISE folds, and the count of pictures that neighbouring views share."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rise_records import rise_record
from stcnet.datasets.rise import (
    SPLITS,
    RiseFold,
    RiseRecord,
    read_split_files,
    refuse_leaks,
    shared_pictures,
)
from stcnet.errors import DataError
from stcnet.video import RiseName

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "data.md"
TEST = rise_record(1, "0-7", minute=100)
CLIP_MINUTES = 175 / 60


@pytest.mark.parametrize(
    ("leak", "message"),
    [
        pytest.param(rise_record(1, "0-9"), "share a clip .got the id of train clip 0-9", id="id"),
        pytest.param(
            TEST.model_copy(update={"id": 9}), "share a clip .got the id of", id="file name"
        ),
        pytest.param(
            rise_record(2, "0-7", minute=100 + 20), "17.1 minutes after test clip", id="after"
        ),
        pytest.param(
            rise_record(2, "0-7", minute=80), "17.1 minutes after train clip", id="before"
        ),
        pytest.param(rise_record(2, "0-7", minute=101), "-1.9 minutes after test", id="overlap"),
    ],
)
@pytest.mark.parametrize("place", ["train", "validation"])
def test_a_planted_leak_is_refused(leak: RiseRecord, message: str, place: str) -> None:
    innocent = rise_record(50, "0-9", minute=500)
    parts = {"train": (innocent,), "validation": (), "test": (rise_record(51, "0-1"), TEST)}
    RiseFold("planted", **parts)
    parts[place] = (*parts[place], leak)
    with pytest.raises(DataError) as caught:
        RiseFold("planted", **parts)
    line = str(caught.value)
    assert message.replace("train", place).replace(".got", "(got") in line
    assert line.count(TEST.file_name) + line.count(leak.file_name) >= 2


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param(rise_record(2, "0-7", minute=133), id="later"),
        pytest.param(rise_record(2, "0-7", minute=67), id="earlier"),
        pytest.param(rise_record(2, "0-8", minute=100), id="another view"),
        pytest.param(rise_record(2, "1-7", minute=100), id="another plant"),
        pytest.param(rise_record(2, "0-7", day="2018-06-12", minute=100), id="another day"),
    ],
)
def test_what_is_apart_is_no_leak(apart: RiseRecord) -> None:
    RiseFold("apart", (apart,), (), (TEST,))


def test_a_long_clip_reaches_over_the_ones_that_follow_it() -> None:
    start = rise_record(0, "0-7").start_time
    long_name = rise_record(0, "0-7").file_name.replace(str(start + 175), str(start + 7200))
    values: dict[str, Any] = rise_record(0, "0-7").model_dump() | {"file_name": long_name}
    long = RiseRecord.model_validate(values)
    short, later = rise_record(1, "0-7", minute=40), rise_record(2, "0-7", minute=120 + 20)
    with pytest.raises(DataError, match=rf"20\.0 minutes after train clip 0-7-.*-{start + 7200};"):
        refuse_leaks({"train": [long, short.model_copy(update={"id": 3})], "test": [later]})


@given(
    minutes=st.lists(st.integers(0, 240), min_size=2, max_size=8, unique=True),
    sides=st.lists(st.booleans(), min_size=8, max_size=8),
    gap=st.integers(0, 60),
)
def test_the_guard_agrees_with_looking_at_every_pair(
    minutes: list[int], sides: list[bool], gap: int
) -> None:
    clips = [rise_record(number, minute=minute) for number, minute in enumerate(minutes)]
    train = [clip for clip, side in zip(clips, sides, strict=False) if side]
    test = [clip for clip in clips if clip not in train]
    near = any(
        abs(one.start_time - other.start_time) / 60 - CLIP_MINUTES < gap
        for one in train
        for other in test
    )
    parts = {"train": train, "test": test}
    if near:
        with pytest.raises(DataError, match="at nearly the same time"):
            refuse_leaks(parts, least_gap=timedelta(minutes=gap))
    else:
        refuse_leaks(parts, least_gap=timedelta(minutes=gap))


def boxed(number: int, left: int, minute: int = 0, camera: int = 0, top: int = 100) -> RiseRecord:
    """A clip 500 pixels wide and high."""
    view = f"{camera}-{number}"
    values = rise_record(number, view, minute=minute).model_dump()
    name = RiseName.parse(values["file_name"])
    assert name is not None
    box = f"-{name.left}-{name.top}-{name.right}-{name.bottom}-"
    values["file_name"] = str(name).replace(box, f"-{left}-{top}-{left + 500}-{top + 500}-")
    return RiseRecord.model_validate(values)


@pytest.mark.parametrize(
    ("train", "share"),
    [
        pytest.param([boxed(2, 1400)], 0.2, id="a fifth"),
        pytest.param([boxed(2, 1400), boxed(3, 800)], 0.6, id="the largest of two"),
        pytest.param([boxed(2, 1250, top=350)], 0.25, id="a corner"),
        pytest.param([boxed(2, 1400, minute=2)], 0.2, id="some common seconds"),
        pytest.param([boxed(2, 1400, minute=3)], 0.0, id="later"),
        pytest.param([boxed(2, 1490)], 0.0, id="too little"),
        pytest.param([boxed(2, 1500)], 0.0, id="side by side"),
        pytest.param([boxed(2, 1400, camera=1)], 0.0, id="another camera"),
        pytest.param([], 0.0, id="nothing"),
    ],
)
def test_shared_pictures_are_measured(train: list[RiseRecord], share: float) -> None:
    found = shared_pictures(train, [boxed(1, 1000)])
    assert [round(shared.share, 6) for shared in found] == ([share] if share else [])
    assert all(shared.test == boxed(1, 1000) and shared.train in train for shared in found)


@pytest.mark.real_data
def test_the_published_splits_pass_the_guard_but_share_pictures(published_splits: Path) -> None:
    shared = {}
    for split in SPLITS:
        fold = read_split_files(published_splits, split)  # the guard looks at it here
        refuse_leaks(fold.parts, least_gap=timedelta(hours=12))
        shared[split] = len(shared_pictures(fold.train, fold.test))
    assert shared == {"S0": 848, "S1": 735, "S2": 772, "S3": 0, "S4": 171, "S5": 353}
    page = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for split, clips in shared.items():
        assert re.search(rf"\b{clips or 'none'} (of 3,182 )?in {split}\b", page), split
