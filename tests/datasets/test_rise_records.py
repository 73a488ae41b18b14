"""RISE's votes and records: every rule of the published metadata, every kind of mistake."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rise_records import record_values, rise_record
from stcnet.datasets.rise import (
    Judgement,
    LabelState,
    RiseRecord,
    decided,
    judge,
    judgement_of,
    read_records,
    video_path,
)
from stcnet.datasets.rise.drawing import PUBLISHED_COUNTS
from stcnet.datasets.rise.splits import read_rise
from stcnet.errors import DataError, StcnetError

UNDECIDED = None
CASES = [
    # citizens, researchers, label, weight
    (-1, 47, 1, 1.0),
    (16, 47, 1, 1.0),
    (-1, 32, 0, 1.0),
    (23, 32, 0, 1.0),
    (23, 23, 1, 1.0),
    (19, 23, 1, 0.83),
    (-1, 23, 1, 0.75),
    (5, 23, 1, 0.75),
    (4, 23, 1, 0.75),
    (3, 23, 1, 0.75),
    (20, 23, 1, 0.66),
    (16, 23, 1, 0.5),
    (16, 16, 0, 1.0),
    (20, 16, 0, 0.83),
    (-1, 16, 0, 0.75),
    (3, 16, 0, 0.75),
    (19, 16, 0, 0.66),
    (23, 16, 0, 0.5),
    (23, -1, 1, 1.0),
    (19, -1, 1, 0.66),
    (16, -1, 0, 1.0),
    (20, -1, 0, 0.66),
    (23, -2, 1, 1.0),
    (16, 3, 0, 1.0),
    (5, -1, UNDECIDED, 0.0),
    (4, -1, UNDECIDED, 0.0),
    (3, -1, UNDECIDED, 0.0),
    (-1, -1, UNDECIDED, 0.0),
    (-2, -2, UNDECIDED, 0.0),
    (47, -1, UNDECIDED, 0.0),
]


@pytest.mark.parametrize(("citizens", "researchers", "label", "weight"), CASES)
def test_votes_give_label_and_weight(
    citizens: int, researchers: int, label: Any, weight: float
) -> None:
    expected = None if label is UNDECIDED else Judgement(label, weight)
    assert judge(LabelState(citizens), LabelState(researchers)) == expected


@given(st.sampled_from(LabelState))
def test_a_strong_verdict_is_judged_alike_on_both_sides(citizens: LabelState) -> None:
    mirrored = {16: 23, 23: 16, 19: 20, 20: 19}
    other = LabelState(mirrored.get(citizens, citizens))
    smoke = judge(citizens, LabelState.STRONG_POSITIVE)
    none = judge(other, LabelState.STRONG_NEGATIVE)
    assert smoke is not None
    assert none is not None
    assert (smoke.label, none.label, smoke.weight) == (1, 0, none.weight)


def write(folder: Path, *records: Any) -> Path:
    path = folder / "metadata.json"
    path.write_text(json.dumps(records))
    return path


def test_records_are_read_in_order_and_more_keys_do_no_harm(tmp_path: Path) -> None:
    raw = record_values(7, "2-1", votes=(5, 16), url_root="https://rise.invalid/", url_part="x",
                        note="more")  # fmt: skip
    stated = record_values(8, minute=30, votes=(19, -1), label=1, weight=0.66)
    open_question = record_values(9, minute=60, votes=(3, -1))
    records = read_records(write(tmp_path, raw, stated, open_question))
    assert [record.id for record in records] == [7, 8, 9]
    assert [record.judgement for record in records] == [
        Judgement(0, 0.75), Judgement(1, 0.66), None,
    ]  # fmt: skip
    assert decided(records) == records[:2]
    first = records[0]
    assert (first.view, first.plant, first.url_root) == ("2-1", "plant-2", "https://rise.invalid/")
    assert first.local_start.isoformat() == "2018-06-11T10:00:00-04:00"
    assert records[1].plant == "clairton"
    assert video_path(tmp_path, first) == tmp_path / "videos" / f"{first.file_name}.mp4"
    with pytest.raises(DataError, match=r"^record of id 9: the clip has no label.*label_state 3"):
        judgement_of(records[2])


GOOD = record_values(3)
GOOD_NAME = rise_record(3).name
LEADS_OUT = r"file_name is wrong: the name leads out of the data folder \(got '"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"label_state": 24}, r"label_state is wrong: .*47, 32.*got 24", id="state"),
        pytest.param({"label_state": None}, r"label_state is wrong", id="no state"),
        pytest.param({"id": "x1"}, r"\(id x1\): id is wrong: .*integer.*got 'x1'", id="id"),
        pytest.param({"view_id": 1}, r"view_id 1 is not the file name's 0", id="other view"),
        pytest.param({"start_time": 5}, r"start_time 5 is not the file name's", id="other time"),
        pytest.param({"start_time": -5}, r"start_time is wrong: .*greater", id="negative time"),
        pytest.param(
            {"file_name": str(GOOD_NAME).replace(f"-{GOOD_NAME.end_epoch}", "-5")},
            r"file_name holds a clip without length",
            id="ends early",
        ),
        pytest.param(
            {"file_name": str(GOOD_NAME).replace("-0-100-500-", "-500-100-500-")},
            r"crop without area",
            id="no area",
        ),
        pytest.param({"file_name": "../../etc/passwd"}, LEADS_OUT, id="hostile"),
        pytest.param({"file_name": "/tmp/x"}, LEADS_OUT, id="absolute"),
        pytest.param({"file_name": "C:\\x"}, LEADS_OUT, id="drive"),
        pytest.param({"file_name": "9" * 300}, r"name is longer than 200 bytes.*got", id="long"),
        pytest.param({"file_name": "x\x1b[2J"}, r"cannot be seen .got 'x\\x1b", id="escape"),
        pytest.param({"file_name": "usine-e\u0301"}, r"not in Unicode's composed", id="accents"),
        pytest.param({"file_name": "clip 1"}, r"file_name is wrong: .*not of the form", id="form"),
        pytest.param({"file_name": GOOD["file_name"] + "\u0660"}, r"not of the form", id="digit"),
        pytest.param({"file_name": 7}, r"file_name is wrong: .*valid string", id="no text"),
        pytest.param({"label": 0, "weight": 1.0}, r"label 0 and weight 1 do not", id="label flip"),
        pytest.param({"label": 1, "weight": 0.5}, r"label 1 and weight 0.5 do not", id="weight"),
        pytest.param({"label": 1}, r"weight is wrong: Field required", id="half a judgement"),
        pytest.param({"label": 2, "weight": 1.0}, r"label is wrong: .*0 or 1", id="label"),
    ],
)
def test_a_wrong_record_is_named_with_its_field(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, record_values(1, minute=9), GOOD | change)
    with pytest.raises(DataError, match=rf"metadata\.json, record 1 .*{message}") as caught:
        read_records(path)
    assert len(str(caught.value).splitlines()) == 1
    told: list[StcnetError] = []
    assert [record.id for record in read_records(path, on_bad=told.append)] == [1]
    assert [str(error) for error in told] == [str(caught.value)]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        pytest.param(
            record_values(3, minute=9), "id occurs twice .got 3, also of record 0", id="id"
        ),
        pytest.param(GOOD | {"id": 4}, "file_name occurs twice .*record 0", id="file name"),
        pytest.param("a clip", "the record is no object .got 'a clip'", id="no object"),
    ],
)
def test_what_is_no_new_record_is_refused(tmp_path: Path, other: Any, message: str) -> None:
    with pytest.raises(DataError, match=rf"record 1: {message}"):
        read_records(write(tmp_path, GOOD, other))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read .*metadata.json as RISE publishes it", id="missing"),
        pytest.param("{", "the records are not JSON", id="no JSON"),
        pytest.param("[" * 10**5, "the records are not JSON", id="bottomless"),
        pytest.param("{}", "no list with a record .got an object with no key", id="no list"),
        pytest.param("[]", "no list with a record .got list", id="empty"),
    ],
)
def test_what_is_no_list_of_records_is_refused(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "metadata.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_rise(tmp_path)


def test_file_names_come_back_as_they_were() -> None:
    record = rise_record(5, "0-12", minute=17)
    assert str(record.name) == record.file_name


@pytest.mark.real_data
def test_labels_and_weights_are_the_published_ones(
    published_splits: Path, published_records: list[RiseRecord]
) -> None:
    stated: dict[int, tuple[int, float]] = {}
    for path in published_splits.glob("*.json"):
        for values in json.loads(path.read_text()):
            stated[values["id"]] = values["label"], values["weight"]
    records = published_records
    assert len(records) == len(stated) == 12567
    assert [judgement_of(record).label for record in records].count(1) == 5090
    for record in records:
        judgement = judgement_of(record)
        assert (judgement.label, judgement.weight) == stated[record.id]
    votes = Counter((record.label_state, record.label_state_admin) for record in records)
    assert votes == PUBLISHED_COUNTS
