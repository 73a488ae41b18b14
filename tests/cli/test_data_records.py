"""``stcnet data check`` and ``stcnet data revise``."""

import json
from pathlib import Path

import pytest

from ijmond_records import ijmond_values

from .conftest import Run

HEAD = "id,old,new,who,why\n"


def test_good_records_are_checked_in_one_line(run: Run, small_data: Path) -> None:
    told = run("data", "check", small_data)
    path = small_data / "cells.json"
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{path}: shared cells, 48 records, nothing wrong\n"


def test_wrong_records_are_counted_by_cause(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    wrong = [ijmond_values(n, view=n, label_state=15) for n in range(5)]
    path.write_text(json.dumps([*wrong, ijmond_values(7, view=7)]))
    told = run("data", "check", tmp_path)
    assert told.code == 1
    lines = told.out.splitlines()
    assert lines[0] == f"{path}: IJmond, 6 records"
    assert lines[1].startswith("  5 x label_state is wrong: Input should be 47, ")
    assert [line.split(": ")[0].strip() for line in lines[2:]] == [
        f"{path}, record {number} (id {number})" for number in range(3)
    ]
    assert told.errors == [
        f"error: {tmp_path}: records are wrong (got 5 mistakes in 6 records); "
        "mend them, or get the file again"
    ]
    (found,) = json.loads(run("data", "check", path, "--json").out)
    assert (found["form"], found["records"], found["wrong"]) == ("IJmond", 6, 5)
    assert [cause["count"] for cause in found["causes"]] == [5]


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        pytest.param(None, 2, "the records cannot be read (got No such file", id="missing"),
        pytest.param("[", 1, "records are wrong (got 1 mistake in 0 records)", id="no JSON"),
        pytest.param("[1]", 1, "records are wrong (got 1 mistake in 0 records)", id="strange"),
    ],
)
def test_what_is_no_file_of_records_is_told(
    run: Run, tmp_path: Path, content: str | None, code: int, message: str
) -> None:
    path = tmp_path / "metadata.json"
    if content is not None:
        path.write_text(content)
    told = run("data", "check", path)
    assert told.code == code
    assert len(told.errors) == 1
    assert message in told.errors[0]


def test_revisions_are_summarised(run: Run, small_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "revisions.csv"
    path.write_text(HEAD + "clip-000,0,1,Ada,plume\nclip-003,1,0,Bob,steam\n")
    told = run("data", "revise", small_data, "--revisions", path)
    assert told.code == 0, told.err
    assert "labels revised by revisions.csv (2 of 48: 1 to smoke, 1 to none)" in told.out
    assert "by: Ada, Bob" in told.out
    found = json.loads(run("data", "revise", small_data, "--revisions", path, "--json").out)
    assert (found["clips"], found["to_smoke"], found["wrong"]) == (48, 1, [])
    assert sum(view["to_none"] for view in found["views"].values()) == 1
    assert len(found["sha256"]) == 64


def test_revisions_that_do_not_fit_fail_the_check(
    run: Run, small_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "revisions.csv"
    path.write_text(
        HEAD + "clip-000,1,0,Ada,x\nnobody,0,1,Ada,x\nclip-003,1,1,Ada,x\nclip-005,1,0,Ada,x\n"
    )
    told = run("data", "revise", small_data, "--revisions", path)
    assert told.code == 1
    assert "(1 of 48: 0 to smoke, 1 to none)" in told.out
    assert [line.split(": ")[0] for line in told.out.splitlines()[-3:]] == [
        f"{path}, row 4, column new",
        f"{path}, row 2, column old",
        f"{path}, row 3, column id",
    ]
    assert "revisions are wrong (got 3 mistakes)" in told.errors[0]
