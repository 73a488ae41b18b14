"""Records of every form: recognised, read, and each mistake named with record and field."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ijmond_records import VIDEO, ijmond_values
from planted_collection import planted_collection
from rise_records import record_values
from stcnet.datasets.disk.names import flaw_of_name
from stcnet.datasets.ijmond import IjmondName, read_ijmond
from stcnet.datasets.records.checking import by_cause, check_records
from stcnet.datasets.records.files import RecordError
from stcnet.datasets.records.metadata import CELLS, IJMOND, OWN, RISE, read_metadata
from stcnet.datasets.rise import LabelState, read_records
from stcnet.datasets.store import build_store
from stcnet.errors import DataError, StcnetError


def served_values(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A record of RISE as the labelling tool serves it: no camera, no view, an address."""
    values = record_values(number, "1-2", minute=40 * number)
    del values["camera_id"], values["view_id"]
    return values | {"url_root": "https://rise.invalid/", "url_part": "?x=1"} | changes


CELL = {
    "id": "s0-0", "file": "s0.mp4", "row": 0, "col": 7, "split": "S0", "label": 1,
    "baseline_prediction": 0, "view": "0-1", "site": "clairton", "view_confidence": "high",
    "duplicate_group": 3, "population_weight": 2.5,
}  # fmt: skip
OWN_CLIP = {
    "id": "gate/1", "file": "1.mp4", "sha256": "0" * 64, "label": None, "label_weight": 1.0,
    "view": "gate", "plant": "works", "span_s": 175.0, "frames": 36, "width": 64, "height": 48,
    "source": "1.mp4",
}  # fmt: skip


def write(folder: Path, document: Any, name: str = "metadata.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("document", "form"),
    [
        pytest.param([record_values()], RISE, id="RISE"),
        pytest.param([record_values(label=1, weight=1.0)], RISE, id="split file"),
        pytest.param({"data": [served_values()]}, RISE, id="labelling tool"),
        pytest.param({"data": [served_values()], "total": 1}, RISE, id="one page of it"),
        pytest.param([ijmond_values()], IJMOND, id="IJmond"),
        pytest.param({"data": [ijmond_values()]}, IJMOND, id="IJmond's labelling tool"),
        pytest.param([{"file_name": "../x"}, ijmond_values()], IJMOND, id="first one wrong"),
        pytest.param([CELL], CELLS, id="shared cells"),
        pytest.param(
            {"format": "stcnet-clips", "version": 1, "clips": [OWN_CLIP]}, OWN, id="own clips"
        ),
    ],
)
def test_records_are_told_by_their_form(tmp_path: Path, document: Any, form: object) -> None:
    told: list[StcnetError] = []
    found = read_metadata(write(tmp_path, document), on_bad=told.append)
    assert found.form is form
    assert len(found.records) == 1
    assert found.count == 1 + len(told)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param([[1]], "of no form .*got a list of list; allowed: a file_name", id="lists"),
        pytest.param([{"x": 1, "y": 2}], "got the keys x, y; allowed", id="other keys"),
        pytest.param([{"file_name": "clip 1"}], "got the file_name 'clip 1'; ", id="other names"),
        pytest.param([{"file_name": "a" * 300}], r"got the file_name 'a{59}; ", id="long name"),
        pytest.param([{"h_bbox": 1, "w_bbox": 2}], "labels of boxes", id="boxes"),
        pytest.param({"message": "no token"}, "got the answer 'no token'; allowed", id="refusal"),
        pytest.param({"data": 3}, "no list with a record .got int", id="no list"),
        pytest.param({"data": [{"id": 1, "url_part": "?x"}]}, "keys id, url_part", id="public"),
        pytest.param(
            {"data": [{"id": 1, "file_name": f"{VIDEO}-1"}]},
            "without their label states; ask it again with the token of a researcher",
            id="no states",
        ),
    ],
)
def test_what_is_not_understood_says_what_was_seen(
    tmp_path: Path, document: Any, message: str
) -> None:
    path = write(tmp_path, document)
    with pytest.raises(DataError, match=message) as caught:
        read_metadata(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ijmond": (ijmond_values(0, view=1), ijmond_values(1)),
    "served": (served_values(0), served_values(1)),
    "cells": (CELL, CELL | {"id": "b"}),
    "own": (OWN_CLIP, OWN_CLIP | {"id": "b"}),
}
"""Two good records of each form."""


@pytest.mark.parametrize(
    ("form", "change", "message"),
    [
        pytest.param("ijmond", {"camera_id": 3}, "camera_id is wrong: .*got 3", id="camera"),
        pytest.param("ijmond", {"view_id": 2}, "view_id 2 is not the file name's 3", id="view"),
        pytest.param("ijmond", {"url_part": "B"}, "url_part B is not the file name's", id="url"),
        pytest.param("ijmond", {"label_state": 15}, "label_state is wrong: .*got 15", id="state"),
        pytest.param("ijmond", {"label_state_admin": "x"}, "label_state_admin is", id="admin"),
        pytest.param("ijmond", {"start_time": "now"}, "start_time is wrong", id="time"),
        pytest.param("ijmond", {"id": -1}, "id is wrong: .*greater", id="id"),
        pytest.param("ijmond", {"file_name": f"{VIDEO}-03"}, "form video-view", id="form"),
        pytest.param("ijmond", {"file_name": "../VIDEO/12-1"}, "leads out of the", id="hostile"),
        pytest.param("served", {"start_time": 3}, "start_time 3 is not the file", id="served time"),
        pytest.param("served", {"camera_id": 0}, "camera_id 0 is not the file", id="served camera"),
        pytest.param("cells", {"row": 8}, "row is wrong: .*got 8", id="row"),
        pytest.param("cells", {"site": "mars"}, "site is wrong: .*'mars'", id="site"),
        pytest.param("cells", {"id": "s0-0"}, "id occurs twice .got s0-0, also of", id="twice"),
        pytest.param("own", {"label": 2}, "label.* is wrong", id="own label"),
        pytest.param("own", {"file": "../1.mp4"}, "file is wrong: ", id="own file"),
    ],
)
def test_a_wrong_field_is_named_and_the_rest_is_read(
    tmp_path: Path, form: str, change: dict[str, Any], message: str
) -> None:
    first, second = PAIRS[form]
    records = [first, second | change]
    path = write(tmp_path, {"data": records} if form == "served" else records)
    with pytest.raises(DataError, match=rf"metadata\.json, record 1.*{message}"):
        read_metadata(path)
    told: list[StcnetError] = []
    assert len(read_metadata(path, on_bad=told.append).records) == 1
    assert len(told) == 1
    assert len(str(told[0]).splitlines()) == 1


def test_a_page_of_a_longer_answer_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, {"data": [served_values(0), served_values(1)], "total": 700})
    with pytest.raises(DataError, match=r"one page of a longer answer \(got 2 of 700 records\)"):
        read_records(path)
    told: list[StcnetError] = []
    records = read_records(path, on_bad=told.append)
    assert [record.view for record in records] == ["1-2", "1-2"]
    assert len(told) == 1


def test_ijmond_has_its_own_views_times_and_addresses(tmp_path: Path) -> None:
    bare = ijmond_values(1, view=0)
    del bare["url_root"], bare["url_part"]
    first, second = read_ijmond(write(tmp_path, [ijmond_values(), bare]))
    assert (first.view, first.label_state) == ("ijmond-1-3", LabelState.STRONG_POSITIVE)
    assert first.local_start.isoformat() == "2023-03-24T18:47:46+01:00"
    assert first.judgement is not None
    assert (first.judgement.label, first.judgement.weight) == (0, 0.5)
    assert second.url_root is None


names = st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True)


@given(st.builds(IjmondName, names, st.integers(0, 99)))
def test_every_ijmond_name_reads_back_and_is_harmless(name: IjmondName) -> None:
    assert IjmondName.parse(str(name)) == name
    assert flaw_of_name(f"{name}.mp4") is None


@given(st.text(max_size=16) | st.from_regex(r"[\w-]{10,12}-[0-9]{1,3}"))
def test_what_is_read_of_an_ijmond_name_prints_back(stem: str) -> None:
    name = IjmondName.parse(stem)
    assert name is None or str(name) == stem


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param(" ", "is empty", id="blank"),
        pytest.param("..", "leads out", id="parent"),
        pytest.param("/etc/passwd", "leads out", id="absolute"),
        pytest.param("a\\b", "leads out", id="backslash"),
        pytest.param("C:x", "leads out", id="drive"),
        pytest.param("x\0y", "cannot be seen", id="zero"),
        pytest.param("x\n", "cannot be seen", id="line break"),
        pytest.param("\ud800", "cannot be seen", id="half a character"),
        pytest.param("\u200bx", "cannot be seen", id="no width"),
        pytest.param("\u00e9" * 101, "longer than 200 bytes", id="long in bytes"),
        pytest.param("e\u0301", "composed form", id="decomposed"),
        pytest.param("NUL.mp4", "another file", id="device"),
        pytest.param("x.", "another file", id="trailing dot"),
        pytest.param("caf\u00e9 2-1", None, id="accents and blanks"),
    ],
)
def test_flaws_of_names(name: str, flaw: str | None) -> None:
    found = flaw_of_name(name)
    assert found is None if flaw is None else flaw in str(found)


@given(st.text(max_size=300))
def test_a_name_without_a_flaw_stays_in_its_folder(name: str) -> None:
    if flaw_of_name(name) is None:
        assert (Path("/data") / name).parent == Path("/data")
        assert Path(name).name == name


def test_mistakes_are_counted_by_cause(tmp_path: Path) -> None:
    wrong = [ijmond_values(n, view=n, label_state=15) for n in range(4)]
    moved = ijmond_values(9, view=9, view_id=8)
    path = write(tmp_path, [*wrong, moved, ijmond_values(4, view=4)])
    (check,) = check_records(path)
    assert (check.form, check.records, len(check.faults)) == ("IJmond", 6, 5)
    first, second = by_cause(check.faults, examples=2)
    assert first.text.startswith("label_state is wrong: ")
    assert (first.count, len(first.examples)) == (4, 2)
    assert "record 1 (id 1)" in first.examples[1]
    assert (second.text, second.count) == ("view_id is not that of the file name", 1)


def test_a_folder_is_checked_file_by_file(tmp_path: Path) -> None:
    write(tmp_path, [record_values()])
    write(tmp_path, [CELL], "cells.json")
    write(tmp_path, "no records", "metadata_test_split_0_by_camera.json")
    checks = check_records(tmp_path)
    assert [(check.form, len(check.faults)) for check in checks] == [
        ("RISE", 0), ("shared cells", 0), (None, 1),
    ]  # fmt: skip


def test_split_files_that_leak_into_each_other_are_told(tmp_path: Path) -> None:
    minutes = {"train": 0, "validation": 90, "test": 5}
    for number, (part, minute) in enumerate(minutes.items()):
        record = record_values(number, minute=minute, label=1, weight=1.0)
        write(tmp_path, [record], f"metadata_{part}_split_0_by_camera.json")
    *_, last = check_records(tmp_path)
    assert last.form == "RISE, S0"
    assert len(last.faults) == 1


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no data that is understood .*metadata.json \(RISE or"):
        check_records(tmp_path)
    build_store(planted_collection(4), tmp_path / "store")
    (check,) = check_records(tmp_path / "store")
    assert (check.records, check.faults) == (4, ())


def test_own_data_of_another_version_is_told(tmp_path: Path) -> None:
    document = {"format": "stcnet-clips", "version": 7, "clips": [OWN_CLIP]}
    (check,) = check_records(write(tmp_path, document, "clips.json"))
    assert check.form is None
    assert "version" in str(check.faults[0])


@pytest.mark.real_data
def test_nothing_is_wrong_with_the_published_files(published_splits: Path) -> None:
    path = published_splits / "metadata_test_split_by_date.json"
    (check,) = check_records(path)
    assert (check.form, check.records, check.faults) == ("RISE", 3160, ())


def test_an_error_of_a_record_survives_the_way_between_processes() -> None:
    error = RecordError("id 3 is wrong", cause="id is wrong", where="x.json, record 1")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.cause) == ("x.json, record 1: id 3 is wrong", "id is wrong")
