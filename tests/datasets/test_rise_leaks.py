"""The count of pictures that neighbouring views of RISE share."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from rise_records import rise_record
from stcnet.datasets.leaks.guard import refuse_leaks
from stcnet.datasets.rise import (
    SPLITS,
    RiseRecord,
    read_records,
    read_split_files,
    shared_pictures,
    split_file,
)
from stcnet.datasets.rise.splits import PARTS
from stcnet.video import RiseName

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "data.md"


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
        train, test = (
            read_records(published_splits / split_file(split, part)) for part in PARTS[::2]
        )
        shared[split] = len(shared_pictures(train, test))
    assert shared == {"S0": 848, "S1": 735, "S2": 772, "S3": 0, "S4": 171, "S5": 353}
    page = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    for split, clips in shared.items():
        assert re.search(rf"\b{clips or 'none'} (of 3,182 )?in {split}\b", page), split
