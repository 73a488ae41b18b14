"""From a folder to the collection it holds."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path

from stcnet.datasets.collection import Collection
from stcnet.errors import DataError, OutputError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data.

    Attributes:
        marker: Name or pattern of a file that only folders of this kind hold.
        name: In words.
        open: Reads the records of such a folder.
    """

    marker: str
    name: str
    open: Callable[[Path], Collection]


def _open_cells(folder: Path) -> Collection:
    from stcnet.datasets.cells.collection import CellCollection

    return CellCollection.open(folder)


def _open_rise(folder: Path) -> Collection:
    from stcnet.datasets.rise.collection import RiseCollection

    return RiseCollection.open(folder)


def _open_metadata(folder: Path) -> Collection:
    """RISE and IJmond name their records alike; the form of these tells them apart."""
    from stcnet.datasets.ijmond.collection import IjmondCollection
    from stcnet.datasets.records.files import read_record_file
    from stcnet.datasets.records.metadata import IJMOND, recognise

    form = recognise(read_record_file(folder / "metadata.json"))
    return IjmondCollection.open(folder) if form is IJMOND else _open_rise(folder)


def _open_own(folder: Path) -> Collection:
    from stcnet.datasets.own.collection import OwnCollection

    return OwnCollection.open(folder)


def _open_store(folder: Path) -> Collection:
    from stcnet.datasets.store import Store

    return Store.open(folder)


KINDS: tuple[Kind, ...] = (
    Kind("store.json", "a store of decoded clips", _open_store),
    Kind("cells.json", "shared cells", _open_cells),
    Kind("clips.json", "own data", _open_own),
    Kind("metadata.json", "RISE or IJmond", _open_metadata),
    Kind("metadata_*_split_*.json", "RISE's split files", _open_rise),
)
"""What is understood; the first whose marker is there opens the folder."""


def refuse_other_kinds(folder: Path, written: Container[str]) -> None:
    """Refuse to write into a folder of other data, which two kinds could not share.

    Args:
        folder: It may be missing.
        written: Markers of the kind that is to be written there.

    Raises:
        OutputError: It holds data of another kind.
    """
    for kind in KINDS:
        if kind.marker not in written and any(folder.glob(kind.marker)):
            raise OutputError(
                f"the folder holds other data: {kind.name}",
                where=folder,
                got=kind.marker,
                hint="name another folder with --out",
            )


def open_collection(folder: Path) -> Collection:
    """The data in a folder, by what it holds.

    Raises:
        DataError: There is no such folder, it holds nothing that is understood, or its records are
            wrong.
    """
    if not folder.is_dir():
        raise DataError("there is no such folder of data", where=folder)
    for kind in KINDS:
        if any(folder.glob(kind.marker)):
            return kind.open(folder)
    raise DataError(
        "the folder holds no data that is understood",
        where=folder,
        allowed="; ".join(f"{kind.marker} ({kind.name})" for kind in KINDS),
        hint="name the folder that holds one of these files",
    )
