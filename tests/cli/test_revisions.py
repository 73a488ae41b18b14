"""``--revisions`` of evaluate and train: both scores, and a record of what was revised."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from small_cells import make_cells, tiny_settings
from stcnet.evaluation.predictions import Prediction, write_predictions

from .conftest import Run

HEAD = "id,old,new,who,why\n"
CHANGED = "clip-000,0,1,Ada,plume\nclip-003,1,0,Ada,steam\nclip-001,1,0,Bob,steam\n"
"""Two clips of S0, and one of S1."""


@pytest.fixture
def revisions(tmp_path: Path) -> Path:
    path = tmp_path / "revisions.csv"
    path.write_text(HEAD + CHANGED)
    return path


def tiny_recipe_file(folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_settings(epochs=1)))
    return path


@pytest.fixture
def perfect(tmp_path: Path) -> Path:
    """Predictions that agree with every published label of S0."""
    path = tmp_path / "perfect.csv"
    chosen = [cell for cell in make_cells() if cell.split == "S0"]
    write_predictions(
        path, [Prediction(cell.id, "leave-out-S0", 2.0 * cell.label - 1) for cell in chosen]
    )
    return path


def test_scores_on_both_labels_stand_side_by_side(
    run: Run, small_data: Path, revisions: Path, perfect: Path
) -> None:
    plain = run("evaluate", "--predictions", perfect, "--data", small_data)
    told = run("evaluate", "--predictions", perfect, "--data", small_data,
               "--revisions", revisions)  # fmt: skip
    assert told.code == 0, told.err
    first = plain.out.split("\n\n")[0]
    assert told.out.startswith(first), "the published scores stay as they are"
    assert (
        "Beside it, labels revised by revisions.csv (2 of 12: 1 to smoke, 1 to none); "
        "1 revisions are of other clips:" in told.out
    )
    lines = [line for line in told.out.splitlines() if line.startswith("| rise | leave-out-S0 |")]
    labels = [line.split(" | ")[3] for line in lines[1:]]
    assert labels == ["published", "revised"]
    assert lines[1].split(" | ")[4:] == lines[0].split(" | ")[3:]
    assert lines[2].split(" | ")[4:] != lines[0].split(" | ")[3:]


def test_json_and_report_keep_the_two_apart(
    run: Run, small_data: Path, revisions: Path, perfect: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    told = run("evaluate", "--predictions", perfect, "--data", small_data, "--json",
               "--revisions", revisions, "--report", page)  # fmt: skip
    record = json.loads(told.out)
    assert record.keys() == {"scores", "revised"}
    sha256 = hashlib.sha256(revisions.read_bytes()).hexdigest()
    scores = record["revised"].pop("scores")
    assert record["revised"] == {
        "file": "revisions.csv", "sha256": sha256, "clips": 12, "to_smoke": 1, "to_none": 1,
        "revisions_of_other_clips": 1,
    }  # fmt: skip
    assert [row["metrics"]["accuracy"][0] for row in record["scores"]] == [1.0] * len(scores)
    assert scores[0]["metrics"]["accuracy"][0] < 1
    assert json.loads(page.with_suffix(".json").read_text())["revised"]["scores"] == scores
    text = page.read_text()
    assert "Published and revised labels" in text
    assert sha256 in text
    assert "revised" not in page.with_suffix(".csv").read_text()


def test_predictions_with_their_own_labels_are_revised(run: Run, tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("file_name,label,score\na,1,0.9\nb,0,0.8\nc,0,0.1\n")
    (tmp_path / "revisions.csv").write_text(HEAD + "b,0,1,Ada,plume\n")
    told = run("evaluate", "--predictions", tmp_path / "said.csv", "--json",
               "--revisions", tmp_path / "revisions.csv")  # fmt: skip
    record = json.loads(told.out)
    assert record["scores"][0]["metrics"]["accuracy"][0] == pytest.approx(2 / 3, abs=1e-4)
    assert record["revised"]["scores"][0]["metrics"]["accuracy"][0] == 1.0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param("clip-000,1,0,Ada,x", "row 2, column old: the old label is", id="old label"),
        pytest.param("clip-900,1,0,Ada,x", "row 2, column id: there is no such", id="no clip"),
        pytest.param("clip-000,0,7,Ada,x", "row 2, column new: ", id="no label"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_wrong_revisions_are_one_line(
    run: Run, small_data: Path, perfect: Path, tmp_path: Path, command: str, row: str, message: str
) -> None:
    path = tmp_path / "revisions.csv"
    path.write_text(f"{HEAD}{row}\n")
    given = {
        "evaluate": ("evaluate", "--predictions", perfect),
        "train": ("train", tiny_recipe_file(tmp_path), "--out", tmp_path / "run"),
    }[command]
    told = run(*given, "--data", small_data, "--revisions", path)
    assert (told.code, told.out) == (2, "")
    assert len(told.errors) == 1
    assert message in told.errors[0]
    assert not (tmp_path / "run").exists()


def test_revisions_are_trained_on_and_told(
    run: Run, small_data: Path, revisions: Path, tmp_path: Path
) -> None:
    recipe = tiny_recipe_file(tmp_path)
    out = tmp_path / "runs"
    arguments = ("train", recipe, "--data", small_data, "--protocol", "leave-out-S0",
                 "--accelerator", "cpu")  # fmt: skip
    told = run(*arguments, "--out", out, "--revisions", revisions)
    assert told.code == 0, told.err
    whole = "labels revised by revisions.csv (3 of 48: 1 to smoke, 2 to none)"
    assert f"trained on: {whole}" in told.err
    assert "Beside it, labels revised by revisions.csv (2 of 12: " in told.out
    data = json.loads((out / "leave-out-S0" / "data.json").read_text())
    assert data["description"].endswith("(1 of 35: 0 to smoke, 1 to none)")
    assert data["revisions"] == {
        "file": "revisions.csv",
        "sha256": hashlib.sha256(revisions.read_bytes()).hexdigest(),
        "to_smoke": 0,
        "to_none": 1,
    }

    again = run(*arguments, "--out", out)
    assert again.code == 2
    assert "the checkpoint belongs to other labels of its clips" in again.err
