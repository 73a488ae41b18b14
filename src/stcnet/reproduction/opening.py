"""From a folder to the bench whose layout it has."""

from __future__ import annotations

from pathlib import Path

from stcnet.datasets.cells.records import RECORDS_FILE
from stcnet.datasets.rise import METADATA_FILE
from stcnet.errors import DataError
from stcnet.reproduction.benches import Bench
from stcnet.reproduction.cells_bench import CellsBench
from stcnet.reproduction.rise_bench import RiseBench


def open_bench(folder: Path) -> Bench:
    """The data in ``folder``: shared cells (``cells.json``) or RISE (``metadata.json``).

    Raises:
        DataError: It is neither, or its records are wrong.
    """
    if (folder / RECORDS_FILE).is_file():
        return CellsBench(folder)
    if (folder / METADATA_FILE).is_file() or any(folder.glob("metadata_test_split_*.json")):
        return RiseBench(folder)
    raise DataError(
        "the folder holds no data that the table can be made on",
        where=folder,
        allowed=f"{RECORDS_FILE} or {METADATA_FILE}",
        hint="name a RISE folder, or the one with the shared cells, with --data",
    )
