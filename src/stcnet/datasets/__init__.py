"""Labelled clips: reading, protocols without leaks, batches and augmentation."""

from stcnet.datasets.cells import Cell, read_cells, read_clips
from stcnet.datasets.protocols import (
    SPLITS,
    Fold,
    fold_test,
    leave_plants_out,
    leave_split_out,
    protocol_folds,
    refuse_leaks,
)

__all__ = [
    "SPLITS",
    "Cell",
    "Fold",
    "fold_test",
    "leave_plants_out",
    "leave_split_out",
    "protocol_folds",
    "read_cells",
    "read_clips",
    "refuse_leaks",
]
