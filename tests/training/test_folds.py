"""Training on a folder of cells."""

from pathlib import Path

import pytest

from small_cells import make_cells, tiny_recipe
from stcnet.datasets.cells.collection import CellCollection
from stcnet.errors import DataError, TrainingError
from stcnet.training.checkpoint import CHECKPOINT_FILE
from stcnet.training.devices import make_fabric
from stcnet.training.folds import train_clips


def test_a_foreign_checkpoint_is_refused_before_any_clip_is_read(
    small_data: Path, tmp_path: Path
) -> None:
    fabric, cells = make_fabric("cpu"), tuple(make_cells())
    data, nowhere = CellCollection(small_data, cells), CellCollection(tmp_path / "nowhere", cells)
    few = data.clips[:4]
    train_clips(tiny_recipe(epochs=1), data, few, tmp_path, fabric=fabric)
    before = (tmp_path / CHECKPOINT_FILE).read_bytes()
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train_clips(tiny_recipe(epochs=2), nowhere, few, tmp_path, fabric=fabric)
    with pytest.raises(TrainingError, match="belongs to other training clips"):
        train_clips(tiny_recipe(epochs=1), nowhere, few[:3], tmp_path, fabric=fabric)
    assert (tmp_path / CHECKPOINT_FILE).read_bytes() == before


def test_missing_mosaics_leave_no_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    data = CellCollection(tmp_path, tuple(make_cells()))
    with pytest.raises(DataError) as caught:
        train_clips(tiny_recipe(), data, data.clips, out, fabric=make_fabric("cpu"))
    assert "2 of the videos cannot be used (got " in str(caught.value)
    assert "even.mp4: the mosaic is missing, the first); mend them" in str(caught.value)
    assert not out.exists()
