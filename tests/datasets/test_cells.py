"""The records of the cells and the clips cut from their mosaics."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_cells import make_cells, make_records, planted_frame, record, write_mosaic
from stcnet.datasets import SPLITS, Cell, cell_folds, read_cells, read_clips
from stcnet.datasets.cells.records import CELL_SIDE, CLIP_FRAMES
from stcnet.errors import DataError, SourceError
from stcnet.preprocess import resize


def write_records(folder: Path, records: object) -> Path:
    (folder / "cells.json").write_text(json.dumps(records))
    return folder


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in record().items() if name != key}


def test_records_are_read(tmp_path: Path) -> None:
    assert read_cells(write_records(tmp_path, make_records())) == make_cells()


@pytest.mark.parametrize(
    ("records", "message"),
    [
        pytest.param({"id": "a"}, "no list with a record", id="not a list"),
        pytest.param([], "no list with a record", id="empty"),
        pytest.param([record(), 3], "record 1: record is wrong", id="not an object"),
        pytest.param([record(row="up")], "record 0: row is wrong", id="wrong type"),
        pytest.param([record(row=8)], "row is wrong: Input should be less than 8 (got 8)",
                     id="outside the grid"),
        pytest.param([record(label=2)], "label is wrong", id="label"),
        pytest.param([record(split="S3")], "split is wrong", id="unknown split"),
        pytest.param([record(), record(1, colour="red")], "record 1: colour is wrong", id="key"),
        pytest.param([without("site")], "site is wrong: Field required", id="key missing"),
        pytest.param([record(population_weight=0)], "population_weight is wrong", id="weight 0"),
        pytest.param([record(population_weight=float("nan"))], "population_weight is wrong",
                     id="weight NaN"),
        pytest.param([record(population_weight=float("inf"))], "population_weight is wrong",
                     id="weight infinite"),
        pytest.param([record(file="../secret.mp4")], "file is wrong", id="climbing file name"),
        pytest.param([record(file="/etc/passwd")], "file is wrong", id="absolute file name"),
        pytest.param([record(file="a.mp4\n")], "file is wrong", id="line break in file name"),
        pytest.param([record(0), record(1, id="clip-000")], "same id (got clip-000)",
                     id="duplicate id"),
    ],
)  # fmt: skip
def test_wrong_records_are_one_line(tmp_path: Path, records: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_cells(write_records(tmp_path, records))
    line = str(caught.value)
    assert str(tmp_path / "cells.json") in line
    assert message in line
    assert "\n" not in line
    assert len(line) < 400


def test_a_folder_without_records(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cells\.json: the records .* cannot be read .*--data"):
        read_cells(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not json", b"[{", b"\xff\xfe\x00"])
def test_records_that_are_not_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cells.json").write_bytes(content)
    with pytest.raises(DataError, match="the records are not JSON"):
        read_cells(tmp_path)


def test_clips_are_cut_where_their_records_say(small_data: Path) -> None:
    cells = [cell for cell in make_cells() if cell.row + cell.col in (0, 3)]
    assert len({cell.file for cell in cells}) == 2
    clips = dict(read_clips(small_data, cells, CELL_SIDE))
    assert sorted(clips) == list(range(len(cells)))
    for position, cell in enumerate(cells):
        assert clips[position].shape == (CLIP_FRAMES, CELL_SIDE, CELL_SIDE, 3)
        for number in (0, 17, CLIP_FRAMES - 1):
            frame = clips[position][number].astype(int)
            # The codec blurs a pixel or two along edges.
            assert np.quantile(np.abs(frame - planted_frame(cell, number)), 0.97) <= 6


def test_clips_are_scaled_as_preprocessing_scales(small_data: Path) -> None:
    cells = make_cells()[:1]
    ((_, whole),) = read_clips(small_data, cells, CELL_SIDE)
    ((_, small),) = read_clips(small_data, cells, 32)
    np.testing.assert_array_equal(small[5], resize(whole[5], 32))


def mosaic_problem(folder: Path, small_data: Path, problem: str) -> None:
    path = folder / "even.mp4"
    cells = [cell for cell in make_cells() if cell.file == path.name]
    if problem == "another size":
        write_mosaic(path, [], frames=CLIP_FRAMES, side=2)
    elif problem == "too short":
        write_mosaic(path, cells[:1], frames=CLIP_FRAMES - 1)
    elif problem == "no video":
        path.write_text("this is no video")


@pytest.mark.parametrize(
    ("problem", "error", "message"),
    [
        pytest.param("missing", DataError, "the mosaic is missing", id="missing"),
        pytest.param("another size", DataError, "another size", id="another size"),
        pytest.param("too short", DataError, "too short (got 35 frames; allowed: 36)", id="short"),
        pytest.param("no video", SourceError, "", id="no video"),
    ],
)
def test_wrong_mosaics_are_one_line(
    tmp_path: Path, small_data: Path, problem: str, error: type[Exception], message: str
) -> None:
    mosaic_problem(tmp_path, small_data, problem)
    with pytest.raises(error) as caught:
        list(read_clips(tmp_path, make_cells()[:1], 32))
    assert str(tmp_path / "even.mp4") in str(caught.value)
    assert message in str(caught.value)


def test_mosaics_that_no_clip_needs_are_not_opened(tmp_path: Path, small_data: Path) -> None:
    shutil.copy(small_data / "even.mp4", tmp_path)
    cells = [cell for cell in make_cells() if cell.file == "even.mp4"]
    assert len(list(read_clips(tmp_path, cells, 32))) == len(cells)


@pytest.mark.real_data
def test_the_shared_cells(shared_data: Path) -> None:
    cells = read_cells(shared_data / "rise-cells")
    assert len(cells) == 1024
    assert Counter(cell.split for cell in cells) == dict.fromkeys(SPLITS, 256)
    per_stratum = Counter((c.split, c.label, c.baseline_prediction) for c in cells)
    assert set(per_stratum.values()) == {64}
    folds = [
        *cell_folds(cells, "leave-one-split-out"), *cell_folds(cells, "leave-plants-out")
    ]  # fmt: skip
    for fold in folds:
        groups = {clip.group for clip in fold.train}
        assert not groups & {clip.group for clip in fold.test}


@pytest.mark.real_data
def test_a_shared_clip_shows_a_scene(shared_data: Path) -> None:
    cells: list[Cell] = read_cells(shared_data / "rise-cells")[:64]
    clips = np.stack([clip for _, clip in read_clips(shared_data / "rise-cells", cells, 32)])
    assert clips.shape == (64, CLIP_FRAMES, 32, 32, 3)
    scenes = clips.astype(float).mean(axis=1)
    # Pictures have contrast; frames of a clip are alike, clips of different views are not.
    assert scenes.std(axis=(1, 2, 3)).min() > 3
    within = np.abs(clips.astype(float) - scenes[:, None]).mean()
    between = np.abs(scenes - scenes.mean(axis=0)).mean()
    assert within < between / 2
