"""``stcnet data duplicates`` and ``info``: groups of clips that look alike, and a page of them."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from torch import Tensor

from filmed_clips import film, recoded
from rise_records import record_values
from stcnet.datasets.leaks.searching import COLUMNS
from stcnet.video import Mp4Writer

from .conftest import Run

FILMED = {
    1: ("0-1", film(1)),
    2: ("0-1", recoded(film(1))),
    3: ("0-1", film(1, recording=1)),
    4: ("0-2", film(2)),
    5: ("2-0", film(3)),
    6: ("2-0", film(3, start=4)),
}
"""View and frames of each clip by its number: 1 and 2 are one recording, 5 and 6 overlap."""


def write_video(path: Path, clip: Tensor) -> None:
    with Mp4Writer(path, 12, clip.shape[-1], clip.shape[-1]) as video:
        for frame in clip.movedim(1, -1).numpy():
            video.write(frame)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RISE folder with the clips above and an undecided one."""
    folder = tmp_path_factory.mktemp("alike")
    (folder / "videos").mkdir()
    records = [
        record_values(number, view, minute=60 * number, votes=(23 if number % 2 else 16, -1))
        for number, (view, _) in FILMED.items()
    ]
    for record, (_, clip) in zip(records, FILMED.values(), strict=True):
        write_video(folder / "videos" / f"{record['file_name']}.mp4", clip)
    records.append(record_values(9, "1-0", votes=(-1, -1)))
    (folder / "metadata.json").write_text(json.dumps(records))
    return folder


def name(number: int) -> str:
    return str(record_values(number, FILMED[number][0], minute=60 * number)["file_name"])


def test_groups_are_printed(run: Run, data: Path) -> None:
    told = run("data", "duplicates", data)
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0] == "| group | clip | view | start | label | kind | similarity | like |"
    first = f"| 1 | {name(1)} | 0-1 | 2018-06-11 15:00:00 | 1 | recording | "
    assert lines[2].startswith(first)
    assert lines[2].endswith(f" | {name(2)} |")
    assert lines[4].startswith(f"| 1 | {name(3)} | 0-1 | 2018-06-11 17:00:00 | 1 | scene | 0.9")
    assert lines[-1] == (
        "5 of 6 clips in 2 groups, 2 pairs of one recording, 1 without a label not looked at"
    )
    assert "looking ..." in told.err


def test_groups_of_recordings_are_written(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "groups.csv"
    told = run("data", "duplicates", data, "--recordings", "--out", out)
    assert told.code == 0, told.err
    assert told.out == (
        "4 of 6 clips in 2 groups, 2 pairs of one recording, "
        f"1 without a label not looked at: {out}\n"
    )
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["group"], row["clip"], row["like"]) for row in rows] == [
        ("1", name(1), name(2)),
        ("1", name(2), name(1)),
        ("2", name(5), name(6)),
        ("2", name(6), name(5)),
    ]
    assert rows[0]["start"] == "2018-06-11T15:00:00+00:00"
    assert {row["kind"] for row in rows} == {"recording"}
    assert all(float(row["similarity"]) > 0.72 for row in rows)


def test_what_does_not_decode_is_left_out_with_a_line(run: Run, data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(data, broken)
    (broken / "videos" / f"{name(2)}.mp4").write_bytes(b"no video")
    (broken / "videos" / f"{name(5)}.mp4").unlink()
    told = run("data", "duplicates", broken, "--recordings")
    assert told.code == 0
    assert told.out == (
        "0 of 4 clips in 0 groups, 0 pairs of one recording, "
        "1 without a label not looked at, 2 left out\n"
    )
    lines = [line for line in told.err.splitlines() if line.startswith("left out: ")]
    assert len(lines) == 2
    assert name(2) in lines[0]
    assert "the video is missing" in lines[1]


def test_where_nothing_decodes_there_is_one_line(run: Run, data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "metadata.json", tmp_path)
    told = run("data", "duplicates", tmp_path)
    assert told.code == 2
    assert told.errors[-1] == "error: RISE: no clip can be looked at"
    assert [line[:10] for line in told.errors[:-1]] == ["left out: "] * len(FILMED)


def test_a_place_that_cannot_be_written_is_one_line(run: Run, data: Path, tmp_path: Path) -> None:
    told = run("data", "duplicates", data, "--out", tmp_path / "nowhere" / "groups.csv")
    assert told.code == 2
    assert "the groups cannot be written" in told.errors[-1]


def test_no_records_are_written_over(run: Run, data: Path) -> None:
    records = data / "metadata.json"
    before = records.read_bytes()
    told = run("data", "duplicates", data, "--out", records)
    assert told.code == 2
    assert "metadata.json: there is a file that is no table of groups; name another" in told.err
    assert records.read_bytes() == before


def test_info_counts_them_where_asked_to(run: Run, data: Path, tmp_path: Path) -> None:
    page = tmp_path / "data.html"
    told = run("data", "info", data, "--duplicates", "--html", page)
    assert told.code == 0, told.err
    assert told.out.splitlines()[-1] == (
        "near-duplicates: 5 of 6 clips in 2 groups, 2 pairs of one recording, "
        "1 without a label not looked at"
    )
    assert told.errors == ["looking ...", f"written: {page}"]
    text = page.read_text(encoding="utf-8")
    assert "Clips that look like another one: 5 of 6; groups of them: 2." in text
    assert text.count("data:image/jpeg;base64,") == 5

    told = run("data", "info", data, "--duplicates", "--json")
    assert json.loads(told.out)["near_duplicates"] == [
        [name(1), name(2), name(3)],
        [name(5), name(6)],
    ]


def test_info_leaves_out_pictures_that_do_not_decode(run: Run, data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "metadata.json", tmp_path)
    told = run("data", "info", tmp_path, "--html", tmp_path / "data.html")
    assert told.code == 0, told.err
    assert sum(line.startswith("left out: ") for line in told.errors) == 5
    assert "data:image" not in (tmp_path / "data.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("size", ["64", "native"])
def test_a_store_is_searched_and_pictured_like_what_it_was_made_of(
    run: Run, data: Path, tmp_path: Path, size: str
) -> None:
    store, page = tmp_path / "store", tmp_path / "data.html"
    assert run("data", "store", data, "--out", store, "--size", size).code == 0
    told = run("data", "info", store, "--duplicates", "--html", page)
    assert told.code == 0, told.err
    assert told.out.splitlines()[-1] == (
        "near-duplicates: 5 of 6 clips in 2 groups, 2 pairs of one recording"
    )
    assert page.read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 5


def test_groups_of_a_table_are_kept_apart(run: Run, data: Path, tmp_path: Path) -> None:
    groups, out = tmp_path / "groups.csv", tmp_path / "folds"
    groups.write_text(f"group,clip\n1,{name(1)}\n1,{name(4)}\n")
    split = ("data", "split", data, "--protocol", "leave-out-view-0-2", "--out", out)
    told = run(*split, "--groups", groups)
    assert told.code == 0, told.err
    (fold,) = json.loads((out / "folds.json").read_text())["folds"]
    assert fold["test"] == [name(4)]
    assert fold["train"] == [name(number) for number in (2, 3, 5, 6)]

    groups.write_text("group,clip\n1,nobody\n")
    wrong = run(*split, "--overwrite", "--groups", groups)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.errors == [
        f"error: {groups}, line 2: there is no such clip in the data (got nobody)"
    ]
