"""Folds as files: written whole, read back, and RISE's in the layout of the published splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from small_cells import make_cells
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.files import (
    COLUMNS,
    FOLDS_FILE,
    TABLE_FILE,
    chosen_folds,
    folds_as_files,
    write_folds,
)
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.rise import SPLITS, RiseRecord, read_split_files, split_file
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.drawing import draw_records
from stcnet.datasets.rise.splits import PARTS
from stcnet.errors import DataError

RISE = RiseCollection(Path("rise"), tuple(draw_records(95, days=30, size=64, seed=5)))
CELLS = CellCollection(Path("cells"), tuple(make_cells()))


def written(folder: Path, collection: Any, protocol: str) -> Path:
    write_folds(folder, folds_as_files(collection, protocol, folds_of(collection, protocol)))
    return folder / FOLDS_FILE


@pytest.mark.parametrize(
    ("collection", "protocol"),
    [
        pytest.param(CELLS, "leave-one-split-out", id="cells"),
        pytest.param(RISE, "S3", id="with a validation part"),
        pytest.param(RISE, "by-date", id="with clips left out"),
        pytest.param(RISE, "leave-one-view-out", id="many folds"),
    ],
)
def test_folds_come_back(tmp_path: Path, collection: Any, protocol: str) -> None:
    path = written(tmp_path, collection, protocol)
    folds = folds_of(collection, protocol)
    assert chosen_folds(collection, str(path)) == folds == chosen_folds(collection, protocol)
    lines = (tmp_path / TABLE_FILE).read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) - 1 == sum(len(clips) for fold in folds for clips in fold.parts.values())


def test_a_line_tells_what_is_known_of_a_clip(tmp_path: Path) -> None:
    written(tmp_path, CELLS, "leave-out-S0")
    lines = (tmp_path / TABLE_FILE).read_text().splitlines()
    assert "leave-out-S0,test,clip-001,1,1,2,clairton,0-0," in lines
    written(tmp_path, RISE, "S0")
    clip = folds_of(RISE, "S0")[0].test[0]
    line = next(
        line for line in (tmp_path / TABLE_FILE).read_text().splitlines() if clip.id in line
    )
    assert line.endswith(f"{clip.plant},{clip.view},{clip.start:%Y-%m-%dT%H:%M:%S}+00:00")


@pytest.mark.parametrize("split", SPLITS)
def test_rise_is_written_as_it_is_published(tmp_path: Path, split: Any) -> None:
    written(tmp_path, RISE, split)
    (fold,) = folds_of(RISE, split)
    files = read_split_files(tmp_path, split)
    assert files == fold


def test_other_folds_of_rise_have_files_too(tmp_path: Path) -> None:
    written(tmp_path, RISE, "leave-out-plant-plant-1")
    names = {path.name for path in tmp_path.iterdir()} - {FOLDS_FILE, TABLE_FILE}
    parts = ("train", "test")
    assert names == {f"metadata_{part}_split_leave-out-plant-plant-1.json" for part in parts}


@pytest.mark.real_data
@pytest.mark.parametrize("split", SPLITS)
def test_the_published_files_are_written_again(
    tmp_path: Path, published_splits: Path, published_records: list[RiseRecord], split: Any
) -> None:
    """All fields of all records; their order in the published files is that of no rule."""
    collection = RiseCollection(published_splits, tuple(published_records))
    written(tmp_path, collection, split)
    for part in PARTS:
        ours, published = (
            {record["id"]: record for record in json.loads((folder / name).read_text())}
            for folder in (tmp_path, published_splits)
            for name in [split_file(split, part)]
        )
        same = ours == published
        assert same, part  # pytest would spend minutes on what differs


def changed(**changes: Any) -> str:
    fold = {"name": "mine", "train": ["clip-010"], "test": ["clip-020"]}
    return json.dumps({"data": "cells", "protocol": "mine", "folds": [fold | changes]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "folds.json: Invalid JSON", id="no JSON"),
        pytest.param("{}", "data is wrong: Field required", id="no folds"),
        pytest.param(changed(name="../up"), "folds.0.name is wrong", id="name of another folder"),
        pytest.param(changed(name=".hidden"), "folds.0.name is wrong", id="hidden name"),
        pytest.param(changed(train=["gone"]), "the data do not hold a clip of the folds (got gone)",
                     id="unknown clip"),
        pytest.param(changed(train=[]), "mine: no clip is left to train on", id="empty part"),
        pytest.param(changed(train=["clip-020"]), "clip-020: train and test share a clip",
                     id="leak"),
        pytest.param(changed(train=["clip-010", "clip-010"]), "mine: a train clip comes twice",
                     id="one clip twice"),
        pytest.param(changed(train=["clip-000"], test=["clip-002"]), "hold near-duplicates",
                     id="near-duplicates"),
        pytest.param(json.dumps(json.loads(changed()) | {
            "folds": json.loads(changed())["folds"] * 2}), "two folds have the same name",
            id="one name twice"),
    ],
)  # fmt: skip
def test_wrong_folds_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / FOLDS_FILE
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        chosen_folds(CELLS, str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def moved(fold: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    """The fold with the first clip of one part in another."""
    first, *others = fold[source]
    return fold | {source: others, target: [*fold[target], first]}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda fold: fold | {"train": fold["test"], "test": fold["train"]},
                     id="swapped"),
        pytest.param(lambda fold: moved(fold, "validation", "train"), id="trained on more"),
        pytest.param(lambda fold: fold | {"test": fold["test"][1:]}, id="tested on less"),
    ],
)  # fmt: skip
def test_a_fold_that_bears_the_name_of_another_is_refused(tmp_path: Path, change: Any) -> None:
    path = written(tmp_path, RISE, "S3")
    record = json.loads(path.read_text())
    (fold,) = record["folds"]
    path.write_text(json.dumps(record | {"folds": [change(fold)]}))
    with pytest.raises(DataError, match=r"folds\.json, S3: the fold is not the one of this name"):
        chosen_folds(RISE, str(path))
    path.write_text(json.dumps(record | {"folds": [fold | {"train": fold["train"][1:]}]}))
    assert len(chosen_folds(RISE, str(path))[0].train) == len(fold["train"]) - 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.json: the folds cannot be read"):
        chosen_folds(CELLS, str(tmp_path / "gone.json"))
