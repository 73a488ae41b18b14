"""The shared RISE cells: 1,024 labelled clips cut from 16 mosaics of 8 x 8 clips.

Each mosaic is a video of 1440 x 1440 pixels; frames 0..35 of a cell are the clip, one frame every
5 s of world time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from stcnet.datasets.collection import LabelledClip
from stcnet.errors import DataError
from stcnet.preprocess import crop_and_resize
from stcnet.types import Picture, PixelBox
from stcnet.video import open_source
from stcnet.wording import counted

CELL_SIDE = 180
GRID = 8
CLIP_FRAMES = 36
FRAME_INTERVAL_S = 5.0
RECORDS_FILE = "cells.json"

Split = Literal["S0", "S1", "S2", "S4"]
Site = Literal["clairton", "other-plants", "ijmond"]


class Cell(BaseModel):
    """One labelled clip of a mosaic.

    Attributes:
        id: Unique name.
        file: Name of the mosaic.
        row, col: Place in the mosaic, from 0.
        split: The RISE split whose test set the clip comes from.
        label: 1 smoke, 0 none.
        baseline_prediction: What the published RGB-TC said, 1 or 0.
        view: Camera view.
        site: The plant or plants.
        view_confidence: ``low`` where fog hides the scene.
        duplicate_group: Near-identical clips share this number.
        population_weight: How many clips of the full test set this one stands for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    file: str = Field(pattern=r"^[\w.-]+$")
    row: int = Field(ge=0, lt=GRID)
    col: int = Field(ge=0, lt=GRID)
    split: Split
    label: Literal[0, 1]
    baseline_prediction: Literal[0, 1]
    view: str
    site: Site
    view_confidence: Literal["high", "low"]
    duplicate_group: int
    population_weight: float = Field(gt=0, allow_inf_nan=False)

    @property
    def box(self) -> PixelBox:
        """The cell's rectangle in the mosaic."""
        return PixelBox(CELL_SIDE * self.col, CELL_SIDE * self.row, CELL_SIDE, CELL_SIDE)

    @property
    def clip(self) -> LabelledClip:
        """What the cell is to folds and training; when it was filmed, nobody knows."""
        return LabelledClip(
            id=self.id,
            label=self.label,
            view=self.view,
            plant=self.site,
            start=None,
            end=None,
            weight=self.population_weight,
            group=str(self.duplicate_group),
        )


_RECORDS = TypeAdapter(Annotated[list[Cell], Field(min_length=1)])


def read_cells(folder: Path) -> list[Cell]:
    """The records of ``cells.json`` in ``folder``.

    Raises:
        DataError: The file is missing, is no JSON, or a record is wrong; the message names it.
    """
    path = folder / RECORDS_FILE
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            "the records of the clips cannot be read",
            where=path,
            got=error.strerror,
            hint="name the folder that holds cells.json and the mosaics with --data",
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError("the records are not JSON", where=path, got=error) from None
    try:
        cells = _RECORDS.validate_python(records)
    except ValidationError as error:
        raise _wrong_record(error.errors()[0], path) from None
    _require_unique(cells, path)
    return cells


def _wrong_record(error: ErrorDetails, path: Path) -> DataError:
    """The line for one mistake in the records; its place is a record and a key of it."""
    if not error["loc"]:
        return DataError("the records are no list with a record", where=path, got=error["msg"])
    record, *keys = error["loc"]
    key = ".".join(map(str, keys)) or "record"
    got = None if error["type"] == "missing" else repr(error["input"])[:60]
    return DataError(f"{key} is wrong: {error['msg']}", where=f"{path}, record {record}", got=got)


def _require_unique(cells: Sequence[Cell], path: Path) -> None:
    seen: set[str] = set()
    for cell in cells:
        if cell.id in seen:
            raise DataError("two records have the same id", where=path, got=cell.id)
        seen.add(cell.id)


def read_clips(folder: Path, cells: Sequence[Cell], size: int) -> Iterator[tuple[int, Picture]]:
    """Decode the clips of ``cells``, each mosaic once.

    Args:
        folder: Where the mosaics lie.
        cells: The clips wanted, in any order.
        size: Side in pixels to which each frame is scaled.

    Yields:
        Position in ``cells`` and the clip, uint8, shape (36, size, size, 3); mosaic by mosaic.

    Raises:
        DataError: A mosaic is missing, of another size, or too short.
        SourceError: A mosaic cannot be decoded.
    """
    wanted: dict[str, list[int]] = defaultdict(list)
    for position, cell in enumerate(cells):
        wanted[cell.file].append(position)
    for file, positions in sorted(wanted.items()):
        boxes = [cells[position].box for position in positions]
        clips = _cut_mosaic(folder / file, boxes, size)
        yield from zip(positions, clips, strict=True)


def _cut_mosaic(path: Path, boxes: Sequence[PixelBox], size: int) -> Picture:
    """The clips at ``boxes`` of one mosaic, shape (len(boxes), 36, size, size, 3)."""
    clips = np.empty((len(boxes), CLIP_FRAMES, size, size, 3), dtype=np.uint8)
    if not path.is_file():
        raise DataError("the mosaic is missing", where=path)
    count = 0
    with open_source(path, frame_interval_s=FRAME_INTERVAL_S) as source:
        for frame in islice(source, CLIP_FRAMES):
            if frame.image.shape[:2] != (CELL_SIDE * GRID, CELL_SIDE * GRID):
                raise DataError(
                    "the mosaic has another size", where=path, got=frame.image.shape[:2]
                )
            for clip, box in zip(clips, boxes, strict=True):
                clip[count] = crop_and_resize(frame.image, box, size)
            count += 1
    if count < CLIP_FRAMES:
        raise DataError(
            "the mosaic is too short", where=path, got=counted(count, "frame"), allowed=CLIP_FRAMES
        )
    return clips
