"""Groups of near-duplicates from a table."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from small_cells import make_cells
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.leaks.groups import GroupedCollection, read_groups
from stcnet.errors import DataError


@pytest.fixture
def cells(small_data: Path) -> CellCollection:
    """Clips 0 and 2 are known to be near-identical, so are 1 and 9."""
    return CellCollection(small_data, tuple(make_cells()))


def write(folder: Path, *lines: str) -> Path:
    path = folder / "groups.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def members(grouped: GroupedCollection, clip: int) -> list[int]:
    group = grouped.clips[clip].group
    return [n for n, other in enumerate(grouped.clips) if other.group == group]


def test_a_group_of_the_table_joins_the_groups_that_were_known(
    cells: CellCollection, tmp_path: Path
) -> None:
    table = write(
        tmp_path, "group,clip,why", "1,clip-002,alike", "1,clip-009,alike", "2,clip-005,x",
        "2,clip-006,x", "3,clip-007,alone",
    )  # fmt: skip
    grouped = read_groups(table, cells)
    assert members(grouped, 0) == [0, 1, 2, 9]
    assert members(grouped, 5) == [5, 6]
    assert members(grouped, 7) == [7]
    assert members(grouped, 20) == [20]
    assert grouped.title == cells.title
    for clip, original in zip(grouped.clips, cells.clips, strict=True):
        assert replace(clip, group=None) == replace(original, group=None)
    loaded = grouped.load(grouped.clips[:2], 32)
    assert torch.equal(loaded.frames, cells.load(cells.clips[:2], 32).frames)


def test_clips_without_a_group_keep_none(cells: CellCollection) -> None:
    plain = [replace(clip, group=None) for clip in cells.clips]
    free = CellCollection(cells.folder, cells.cells)
    object.__setattr__(free, "clips", tuple(plain))
    grouped = GroupedCollection(free, {"clip-004": "a", "clip-006": "a"})
    assert [clip.group for clip in grouped.clips[3:8]] == [None, "found a", None, "found a", None]


def test_no_fold_trains_on_what_the_table_groups_with_a_test_clip(
    cells: CellCollection, tmp_path: Path
) -> None:
    table = write(tmp_path, "clip,group", "clip-000,x", "clip-003,x")
    assert cells.clips[0].view != cells.clips[3].view
    (fold,) = folds_of(read_groups(table, cells), "leave-out-view-0-0")
    assert "clip-000" in {clip.id for clip in fold.test}
    assert "clip-003" not in {clip.id for clip in fold.train}
    (without,) = folds_of(cells, "leave-out-view-0-0")
    assert "clip-003" in {clip.id for clip in without.train}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(["group,id", "1,clip-000"], "the table has no column clip", id="no clip"),
        pytest.param(["clip", "clip-000"], "the table has no column group", id="no group"),
        pytest.param([""], "the table has no column group", id="empty"),
        pytest.param(
            ["group,clip", "1,clip-000", "1,clip-999"],
            r"line 3: there is no such clip in the data \(got clip-999\)",
            id="foreign",
        ),
        pytest.param(["group,clip", "1"], "line 2: there is no such clip", id="short line"),
        pytest.param(["group,clip", ",clip-000"], "line 2: the clip has no group", id="blank"),
        pytest.param(
            ["group,clip", "1,clip-000", "2,clip-000"], "line 3: the clip has two", id="twice"
        ),
    ],
)
def test_a_wrong_table_is_one_line(
    cells: CellCollection, tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_groups(write(tmp_path, *lines), cells)


def test_a_table_that_cannot_be_read_is_one_line(cells: CellCollection, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the groups cannot be read"):
        read_groups(tmp_path / "nowhere.csv", cells)
    (tmp_path / "binary.csv").write_bytes(b"group,clip\n\xff\xfe,\x80")
    with pytest.raises(DataError, match=r"the groups cannot be read \(got no UTF-8\)"):
        read_groups(tmp_path / "binary.csv", cells)
