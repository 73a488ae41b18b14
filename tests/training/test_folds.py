"""Training on a folder of cells."""

import shutil
from pathlib import Path

import pytest

from small_cells import make_cells, tiny_recipe
from stcnet.errors import DataError, TrainingError
from stcnet.training.checkpoint import CHECKPOINT_FILE
from stcnet.training.devices import make_fabric
from stcnet.training.folds import train_cells


def test_a_foreign_checkpoint_is_refused_before_any_clip_is_read(
    small_data: Path, tmp_path: Path
) -> None:
    fabric, cells = make_fabric("cpu"), make_cells()[:4]
    train_cells(tiny_recipe(epochs=1), cells, small_data, tmp_path, fabric=fabric)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    nowhere = tmp_path / "nowhere"
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train_cells(tiny_recipe(epochs=2), cells, nowhere, tmp_path, fabric=fabric)
    with pytest.raises(TrainingError, match="belongs to other training clips"):
        train_cells(tiny_recipe(epochs=1), cells[:3], nowhere, tmp_path, fabric=fabric)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_a_missing_mosaic_leaves_no_run(small_data: Path, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    shutil.copy(small_data / "cells.json", data)
    with pytest.raises(DataError, match=r"even\.mp4: the mosaic is missing"):
        train_cells(tiny_recipe(), make_cells(), data, out, fabric=make_fabric("cpu"))
    assert not out.exists()
