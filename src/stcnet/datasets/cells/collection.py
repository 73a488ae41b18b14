"""The shared cells as a collection of labelled clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stcnet.datasets.cells.protocols import CELL_PROTOCOLS, cell_folds
from stcnet.datasets.cells.records import CELL_SIDE, Cell, read_cells
from stcnet.datasets.clips import ClipSet, load_clips
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.folds.fold import Fold


@dataclass(frozen=True)
class CellCollection:
    """The shared cells.

    Attributes:
        folder: Of the mosaics.
        cells: Their records.
    """

    folder: Path
    cells: tuple[Cell, ...]

    @classmethod
    def open(cls, folder: Path) -> CellCollection:
        """Read the records.

        Raises:
            DataError: They are missing, or one is wrong.
        """
        return cls(folder, tuple(read_cells(folder)))

    @property
    def title(self) -> str:
        """What it is."""
        return "Shared cells of RISE and IJmond"

    @cached_property
    def clips(self) -> tuple[LabelledClip, ...]:
        """One for each cell, in their order."""
        return tuple(cell.clip for cell in self.cells)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names of the protocols that only these clips have, and of their folds."""
        return CELL_PROTOCOLS

    def folds(self, protocol: str) -> list[Fold]:
        """The folds of one of :attr:`protocols`."""
        return cell_folds(self.cells, protocol)

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides in pixels at which clips were recorded: all of one."""
        return {CELL_SIDE} if clips else set()

    @cached_property
    def _by_id(self) -> dict[str, Cell]:
        return {cell.id: cell for cell in self.cells}

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode the cells of ``clips``, each mosaic once.

        Raises:
            DataError: No clip is left; or from ``on_bad``: a mosaic is missing, of another size,
                or too short.
            SourceError: From ``on_bad``: a mosaic cannot be decoded.
        """
        cells = [self._by_id[clip.id] for clip in clips]
        return load_clips(self.folder, cells, size, on_bad=on_bad)
