"""Labelled clips: reading, protocols without leaks, batches and augmentation."""

from stcnet.datasets.cells.protocols import (
    SPLITS,
    cell_folds,
    fold_test,
    leave_plants_out,
    leave_split_out,
)
from stcnet.datasets.cells.records import Cell, read_cells, read_clips
from stcnet.datasets.collection import Collection, LabelledClip
from stcnet.datasets.folds.fold import Fold

__all__ = [
    "SPLITS",
    "Cell",
    "Collection",
    "Fold",
    "LabelledClip",
    "cell_folds",
    "fold_test",
    "leave_plants_out",
    "leave_split_out",
    "read_cells",
    "read_clips",
]
