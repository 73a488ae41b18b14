"""Predictions as CSV files."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_cells import make_cells
from stcnet.errors import DataError, OutputError
from stcnet.evaluation.predictions import (
    Prediction,
    judge_cells,
    parse_predictions,
    read_rows,
    write_predictions,
)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "given.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_predictions_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    ours = [Prediction("a", "leave-out-S0", 1.25), Prediction('b,"c"', "leave-out-S0", -3e-5)]
    write_predictions(path, ours)
    assert path.read_text().splitlines()[0] == "id,fold,logit"
    assert parse_predictions(read_rows(path), path) == ours
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="predictions cannot be written"):
        write_predictions(tmp_path / "file" / "predictions.csv", [])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_logits_keep_six_decimals(tmp_path_factory: pytest.TempPathFactory,
                                  logits: list[float]) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("csv") / "predictions.csv"
    write_predictions(path, [Prediction(str(n), "f", x) for n, x in enumerate(logits)])
    read = [prediction.logit for prediction in parse_predictions(read_rows(path), path)]
    assert read == pytest.approx(logits, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", ": the file holds no prediction", id="empty"),
        pytest.param("id,fold,logit\n", ": the file holds no prediction", id="header alone"),
        pytest.param(b"\xff\xfe\x00", ": the predictions cannot be read", id="not text"),
        pytest.param("id,logit\na,1\n", "a column is missing (got id, logit; allowed: id, fold",
                     id="column missing"),
        pytest.param("id,logit\na,1,2,3\n", ":2: a line has more values than columns (allowed: 2",
                     id="column missing, extra fields"),
        pytest.param("id,fold,logit\na,f,1\nb,f,x\n", ":3: a logit is wrong (got 'x'; allowed: a",
                     id="no number"),
        pytest.param("id,fold,logit\na,f,nan\n", ":2: a logit is wrong (got 'nan'", id="NaN"),
        pytest.param("id,fold,logit\na,f\n", ":2: a logit is wrong (got ''", id="short line"),
        pytest.param("id,fold,logit\n\n\na,f,1\nb,f,inf\n", ":5: a logit is wrong",
                     id="blank lines are counted"),
        pytest.param('id,fold,logit\n"a\nb",f,1\nc,f,?\n', ":4: a logit is wrong",
                     id="line breaks in a field are counted"),
        pytest.param("id,fold,logit\na,f,1\na,f,2\n", ":3: a clip comes twice (got a)",
                     id="repeated clip"),
    ],
)  # fmt: skip
def test_wrong_files_of_ours(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        parse_predictions(read_rows(path), path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: the predictions cannot be read"):
        read_rows(tmp_path / "gone.csv")


def test_cells_weigh_what_they_stand_for() -> None:
    cells = make_cells()[:3]
    ours = [Prediction(cell.id, "f", logit) for cell, logit in zip(cells, (-1, 0, 2), strict=True)]
    judged = judge_cells(ours, cells)
    assert judged.labels.tolist() == [0, 1, 0]
    assert judged.predictions.tolist() == [0, 0, 1]
    assert judged.weights.tolist() == [1, 2, 3]
    lower = [replace(prediction, threshold=-2.0) for prediction in ours]
    assert judge_cells(lower, cells).predictions.tolist() == [1, 1, 1]
