"""Anyone's predictions with labels in the file."""

from pathlib import Path

import numpy as np
import pytest

from small_cells import make_cells
from stcnet.errors import DataError
from stcnet.evaluation.estimates import replicate
from stcnet.evaluation.labelled import sample_labelled
from stcnet.evaluation.predictions import Prediction, read_rows
from stcnet.evaluation.samples import Sample, sample_cells

NAME = "0-1-2018-06-11-6007-1008-6509-1510-180-180-5666-{}-{}"
LATE = NAME.format(1528772400, 1528772575)
"""Starts at 3 in the morning of 12 June UTC, at 23 h of 11 June at the plants."""
EARLY = "2-1-2018-06-12-6007-1008-6509-1510-180-180-5666-1528804800-1528804975"


def sample(folder: Path, text: str) -> Sample:
    path = folder / "given.csv"
    path.write_text(text)
    return sample_labelled(read_rows(path), path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("label,logits\n1,1\n", "a column is missing (got label, logits; allowed: "
                     "label and one of logit, score,", id="no score"),
        pytest.param("score\n1\n", "a column is missing", id="no label"),
        pytest.param("label,score\n1,1\n2,1\n", ":3: a label is wrong (got '2'", id="label"),
        pytest.param("label,probability\n1,1.5\n",
                     ":2: a probability is wrong (got '1.5'; allowed: 0..1)", id="probability"),
        pytest.param("label,prediction\n1,-1\n", ":2: a prediction is wrong", id="prediction"),
        pytest.param("label,score,weight\n1,1,0\n", ":2: a weight is wrong (got '0'", id="weight"),
        pytest.param("label,score,weight\n1,1,inf\n", ":2: a weight is wrong (got 'inf'",
                     id="infinite weight"),
        pytest.param("label,score,weight\n1,1,1e300\n", "allowed: 1e-09..1e+12", id="huge weight"),
        pytest.param("label,score\n1,0,7\n", ":2: a line has more values than columns (allowed: "
                     "2 values); write decimals with a point", id="decimal comma"),
        pytest.param("label,score,label\n1,0.7,0\n", "a column is named twice (got label, score,",
                     id="column twice"),
    ],
)  # fmt: skip
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        sample(tmp_path, text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("label,logit\n1,0.4\n0,-0.1\n1,0\n", [1, 0, 0], id="logits, smoke above 0"),
        pytest.param("label,score\n1,0.4\n0,0.6\n1,0.5\n", [0, 1, 0], id="scores, above a half"),
        pytest.param("label,prediction\n1,1\n0,0\n1,0\n", [1, 0, 0], id="predictions"),
        pytest.param("\ufefflabel,prediction\r\n1,1\r\n0,0\r\n1,0\r\n", [1, 0, 0],
                     id="as a spreadsheet saves it"),
        pytest.param("label,prediction,,\n1,1,,\n0,0,,\n1,0,,,\n", [1, 0, 0],
                     id="empty columns of a spreadsheet"),
        pytest.param("label,prediction,logit\n1,0,1\n0,1,-1\n1,1,-1\n", [1, 0, 0],
                     id="a logit goes before a prediction"),
    ],
)  # fmt: skip
def test_labels_and_decisions(tmp_path: Path, text: str, said: list[int]) -> None:
    given = sample(tmp_path, text)
    assert given.judged.labels.tolist() == [1, 0, 1]
    assert given.judged.predictions.tolist() == said
    assert given.judged.weights.tolist() == [1, 1, 1]
    assert (given.drawn_by, len(set(given.clusters)), given.tags) == ("the clip", 3, {})


@pytest.mark.parametrize(
    ("column", "probabilities", "ranked"),
    [
        ("logit", [0.5, 1 / (1 + np.exp(-1))], True),
        ("probability", [0, 1], True),
        ("score", None, True),
        ("prediction", None, False),
    ],
)
def test_what_the_scores_can_be_used_for(
    tmp_path: Path, column: str, probabilities: list[float] | None, ranked: bool
) -> None:
    given = sample(tmp_path, f"label,{column}\n0,0\n1,1\n")
    assert given.ranked is ranked
    if probabilities is None:
        assert given.probabilities is None
    else:
        assert given.probabilities == pytest.approx(probabilities)


def test_rise_names_tell_place_and_local_time(tmp_path: Path) -> None:
    given = sample(tmp_path, f"file_name,label,score\n{LATE},1,1\n{EARLY}.mp4,0,0\nclip,0,0\n")
    assert given.tags == {
        "view": ("0-1", "2-1", "unknown"),
        "plant": ("clairton", "other-plants", "unknown"),
        "month": ("2018-06", "2018-06", "unknown"),
        "hour": ("23", "08", "unknown"),
    }
    assert given.names[0] == LATE
    assert given.drawn_by == "view and day"


def test_clips_of_one_view_and_day_are_drawn_together(tmp_path: Path) -> None:
    later = NAME.format(1528772800, 1528772975)
    other_day = later.replace("2018-06-11", "2018-06-12")
    lines = "".join(f"{name},1,1\n" for name in (LATE, later, other_day, EARLY, "a", "b"))
    given = sample(tmp_path, f"file_name,label,score\n{lines}")
    assert given.clusters[0] == given.clusters[1]
    assert len(set(given.clusters)) == 5


def test_columns_for_a_sample_drawn_otherwise(tmp_path: Path) -> None:
    text = f"file_name,label,score,weight,stratum,cluster\n{LATE},1,1,2.5,a,x\n{LATE},0,0,4,b,x\n"
    given = sample(tmp_path, text)
    assert given.judged.weights.tolist() == [2.5, 4]
    assert given.strata == ("a", "b")
    assert given.clusters == ("x", "x")
    assert given.cluster_count == 2
    assert given.drawn_by == "the column cluster"


def test_a_weighted_file_is_judged_as_the_cells_it_lists(tmp_path: Path) -> None:
    cells = make_cells()
    rng = np.random.default_rng(0)
    ours = [Prediction(c.id, "f", float(rng.normal(c.label, 1))) for c in cells]
    lines = "".join(
        f"{c.label},{p.logit!r},{c.population_weight},"
        f"{c.split}/{c.label}/{c.baseline_prediction}/{c.site},{c.duplicate_group}\n"
        for c, p in zip(cells, ours, strict=True)
    )
    given = sample(tmp_path, "label,logit,weight,stratum,cluster\n" + lines)
    expected = replicate(sample_cells(ours, cells), count=50).estimates()
    assert replicate(given, count=50).estimates() == expected
