"""Agreement as published, and labels by majority and by RISE's rule."""

import math
from pathlib import Path

import pytest

from own_clips import Lines
from stcnet.datasets.own.agreement import measure_agreement, nominal_alpha
from stcnet.datasets.own.merging import merge_votes, read_votes, write_merged
from stcnet.datasets.own.votes import (
    Status,
    by_majority,
    by_states,
    citizens_state,
    researchers_state,
)
from stcnet.datasets.rise import LabelState, judge
from stcnet.errors import DataError, OutputError

NO = math.nan


def letters(text: str) -> list[float]:
    return [ord(letter) for letter in text]


def digits(text: str) -> list[float]:
    return [NO if digit == "." else float(digit) for digit in text]


@pytest.mark.parametrize(
    ("matrix", "alpha"),
    [
        # Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), examples A, B and C.
        pytest.param([digits("0100000010"), digits("1110010000")], 0.095, id="A, binary"),
        pytest.param([letters("aabbdcccedda"), letters("babbbccceddd")], 0.692, id="B, nominal"),
        pytest.param(
            [
                digits("123321412..."),
                digits("1233224125.3"),
                digits(".3332342251."),
                digits("12332441251."),
            ],
            0.743,
            id="C, missing data",
        ),
    ],
)
def test_published_examples(matrix: list[list[float]], alpha: float) -> None:
    assert nominal_alpha(matrix) == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param([[0, NO], [NO, 1]], id="no clip with two votes"),
        pytest.param([[1, 1], [1, 1]], id="all votes the same"),
        pytest.param([[1, 0], [1, NO]], id="the other value only where it is alone"),
    ],
)
def test_alpha_may_not_be_defined(matrix: list[list[float]]) -> None:
    assert math.isnan(nominal_alpha(matrix))


def test_pairs_count_the_clips_that_both_judged() -> None:
    told = measure_agreement({"a": {"x": 1, "y": 0}, "b": {"x": 1, "y": 1, "z": 0}, "c": {"z": 0}})
    assert [(p.one, p.other, p.clips, p.agreed) for p in told.pairs] == [
        ("a", "b", 2, 1),
        ("b", "c", 1, 1),
    ]
    assert told.clips == 3
    assert told.pairs[0].share == 0.5


@pytest.mark.parametrize(
    ("votes", "label", "weight", "status"),
    [
        pytest.param([1, 1], 1, 1.0, Status.AGREED, id="two agree"),
        pytest.param([0, 0, 1], 0, 0.667, Status.DISAGREED, id="two of three"),
        pytest.param([1, 1, None], 1, 0.667, Status.DISAGREED, id="an unsure vote counts"),
        pytest.param([1, 0], None, 0, Status.TIE, id="tie"),
        pytest.param([1], None, 0, Status.TOO_FEW, id="one vote"),
        pytest.param([None, None, 1], None, 0, Status.TOO_FEW, id="one vote and unsure ones"),
        pytest.param([1, 1, None, None], None, 0, Status.UNDECIDED, id="half unsure"),
    ],
)
def test_the_majority(
    votes: list[int | None], label: int | None, weight: float, status: Status
) -> None:
    outcome = by_majority(votes)  # type: ignore[arg-type]
    assert outcome.status is status
    assert (outcome.judgement and outcome.judgement.label) == label
    assert outcome.judgement is None or outcome.judgement.weight == weight


@pytest.mark.parametrize(
    ("citizens", "researchers", "label", "weight"),
    [
        pytest.param([1, 1], [], 1, 1.0, id="two citizens"),
        pytest.param([1, 0, 0], [], 0, 0.66, id="a third citizen decides"),
        pytest.param([1, 0], [], None, None, id="discord"),
        pytest.param([1], [], None, None, id="one citizen is not enough"),
        pytest.param([], [1], 1, 0.75, id="a researcher alone"),
        pytest.param([1, 1], [1, None], 1, 1.0, id="both sides agree"),
        pytest.param([1, 0, 1], [1], 1, 0.83, id="citizens agree weakly"),
        pytest.param([1, 1], [0], 0, 0.5, id="a researcher against strong citizens"),
        pytest.param([1, 1, 0], [0], 0, 0.66, id="a researcher against weak citizens"),
        pytest.param([0, 0], [1, 0], 0, 1.0, id="researchers disagree, citizens decide"),
    ],
)
def test_rises_rule(
    citizens: list[int | None],
    researchers: list[int | None],
    label: int | None,
    weight: float | None,
) -> None:
    states = citizens_state(citizens), researchers_state(researchers)  # type: ignore[arg-type]
    outcome = by_states(*states)
    assert outcome.judgement == judge(*states)
    found = outcome.judgement
    assert (found.label if found else None, found.weight if found else None) == (label, weight)


def table(folder: Path, name: str, *rows: str, head: str = "clip,annotator,label") -> Path:
    path = folder / name
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def test_tables_are_merged(tmp_path: Path) -> None:
    anna = table(tmp_path, "anna.csv", "a,anna,smoke", "b,anna,steam", "c,anna,smoke", "d,anna,1")
    rest = table(
        tmp_path, "rest.csv", "a;ben;smoke", "b;ben;none", "c;ben;none", "d;ben;unsure",
        "d;cleo;smoke", head="\ufeffFile;Annotator;Label",
    )  # fmt: skip
    lines = Lines()
    merged = merge_votes(read_votes([anna, rest], lines))
    assert lines == []
    assert [(c.clip, c.outcome.status.value) for c in merged.clips] == [
        ("a", "agreed"), ("b", "agreed"), ("c", "tie"), ("d", "disagreed"),
    ]  # fmt: skip
    assert [clip.clip for clip in merged.to_look_at] == ["c", "d"]
    out = tmp_path / "merged.csv"
    write_merged(out, merged)
    assert out.read_text().splitlines() == [
        "clip,label,label_weight,status,smoke,none,unsure",
        "a,smoke,1.0,agreed,2,0,0",
        "b,none,1.0,agreed,0,2,0",
        "c,unsure,,tie,1,1,0",
        "d,smoke,0.667,disagreed,2,0,1",
    ]


def test_no_labels_are_written_over(tmp_path: Path) -> None:
    anna, ben = (table(tmp_path, f"{name}.csv", f"a,{name},smoke") for name in ("anna", "ben"))
    merged = merge_votes(read_votes([anna], Lines()))
    before = ben.read_bytes()
    with pytest.raises(OutputError, match=r"ben.csv: there is a file that is no table of merged"):
        write_merged(ben, merged)
    assert ben.read_bytes() == before
    for _ in range(2):
        write_merged(tmp_path / "merged.csv", merged)


def test_researchers_votes_follow_rise(tmp_path: Path) -> None:
    rows = table(tmp_path, "a.csv", "x,anna,smoke", "x,ben,smoke", "x,drs,none")
    merged = merge_votes(read_votes([rows], Lines()), researchers=["drs"])
    assert merged.clips[0].outcome.judgement == judge(LabelState(23), LabelState(16))


def test_states_of_rise_follow_rise(tmp_path: Path) -> None:
    rows = table(
        tmp_path, "a.csv", "x,citizens,19", "x,researchers,23", "y,Citizens,16", "z,citizens,-1"
    )
    merged = merge_votes(read_votes([rows], Lines()))
    found = [clip.outcome.judgement for clip in merged.clips]
    assert found == [
        judge(LabelState(19), LabelState(23)),
        judge(LabelState(16), LabelState(-1)),
        None,
    ]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        pytest.param(["a,x,smoke", "a,y,fire"], "row 3: label is none of smoke", id="label"),
        pytest.param(["a,x,smoke", ",y,smoke"], "row 3: clip is empty", id="no clip"),
        pytest.param(["a,x,smoke", "a,,smoke"], "row 3: annotator is empty", id="nobody"),
        pytest.param(
            ["a,x,smoke", "a,x,none"], "row 3: label is not what x said in row 2", id="changed"
        ),
        pytest.param(["a,x,smoke", "b,x,23"], "row 3: annotator of a state of RISE", id="side"),
        pytest.param(
            ["a,x,smoke", "a,citizens,23"], "row 3: label is of another kind than", id="mixed"
        ),
        pytest.param(["a,x,smoke", "a,y,smoke,none"], "row 3: the row has more entries", id="long"),
    ],
)
def test_a_bad_row_is_one_line(tmp_path: Path, rows: list[str], line: str) -> None:
    lines = Lines()
    votes = read_votes([table(tmp_path, "a.csv", *rows)], lines)
    assert [(vote.clip, vote.said) for vote in votes] == [("a", 1)]
    assert len(lines) == 1
    assert line in lines[0]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        pytest.param("clip,label", "has no column annotator", id="missing"),
        pytest.param("clip,annotator,label,label", "has the column label twice", id="twice"),
        pytest.param("", "has no column clip", id="empty"),
    ],
)
def test_a_bad_head_is_one_line(tmp_path: Path, head: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_votes([table(tmp_path, "a.csv", "x,y,smoke", head=head)], Lines())


def test_what_cannot_be_merged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no vote to merge"):
        merge_votes([])
    votes = read_votes([table(tmp_path, "a.csv", "x,y,smoke")], Lines())
    with pytest.raises(DataError, match="--researcher: no vote is of this annotator"):
        merge_votes(votes, researchers=["z"])
