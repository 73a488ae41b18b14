"""A small data folder in the layout of the shared cells, and recipes that train in seconds.

Cells that show smoke hold a bright square that grows; the others one that stays as it is. Each has
a scenery of its own, or all would be near-duplicates.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from stcnet.datasets import SPLITS
from stcnet.datasets.cells.records import CELL_SIDE, CLIP_FRAMES, GRID, Cell
from stcnet.datasets.clips import ClipSet
from stcnet.training.recipes.recipe import Recipe
from stcnet.types import Picture

MOSAICS = {"even.mp4": CLIP_FRAMES, "odd.mp4": CLIP_FRAMES + 1}
"""Their names and numbers of frames."""
SITES = ("clairton", "clairton", "clairton", "clairton", "other-plants", "ijmond")
LEVELS = (40, 60, 80, 100)
BLOB = 220
TILE, RELIEF = 15, 24
"""Side of the patches of a scenery in pixels, and how far they differ in grey levels."""


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    """One of up to 128 records: every second one shows smoke, the splits take turns in pairs."""
    place = number // 4 * 2 + number % 2
    return {
        "id": f"clip-{number:03d}",
        "file": list(MOSAICS)[number // 2 % len(MOSAICS)],
        "row": place // GRID,
        "col": place % GRID,
        "split": SPLITS[number // 2 % len(SPLITS)],
        "label": number % 2,
        "baseline_prediction": number // 3 % 2,
        "view": f"0-{number // 2 % len(SPLITS)}",
        "site": SITES[number // 8 % len(SITES)],
        "view_confidence": "high",
        "duplicate_group": number,
        "population_weight": 1.0 + number % 5,
    } | changes


def make_records(count: int = 48) -> list[dict[str, Any]]:
    """Clips 0 and 2 are of different splits and near-identical, so are 1 and 9 of one split."""
    twins = {2: 0, 9: 1}
    return [record(n, duplicate_group=twins.get(n, n)) for n in range(count)]


def make_cells(count: int = 48) -> list[Cell]:
    return [Cell.model_validate(values) for values in make_records(count)]


def planted_side(label: int, frame: int) -> int:
    """Side of the bright square in pixels of a cell."""
    return 8 + 4 * frame if label else 40


def planted_frame(cell: Cell, frame: int) -> Picture:
    """What a cell shows, shape (180, 180, 3)."""
    rng = np.random.default_rng([list(MOSAICS).index(cell.file), cell.row, cell.col])
    patches = rng.integers(RELIEF, size=(CELL_SIDE // TILE, CELL_SIDE // TILE, 1))
    patches += LEVELS[(cell.row + cell.col) % 4] - RELIEF // 2
    picture = np.tile(patches.repeat(TILE, 0).repeat(TILE, 1), 3).astype(np.uint8)
    side = planted_side(cell.label, frame)
    picture[:side, :side] = BLOB
    return picture


def write_mosaic(path: Path, cells: Sequence[Cell], frames: int, side: int = GRID) -> None:
    """Encode a mosaic; cells that nobody claims are black."""
    pixels = CELL_SIDE * side
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = pixels, pixels, "yuv420p"
        for number in range(frames):
            picture = np.zeros((pixels, pixels, 3), np.uint8)
            for cell in cells:
                box = cell.box
                picture[box.y : box.y + box.height, box.x : box.x + box.width] = planted_frame(
                    cell, min(number, CLIP_FRAMES - 1)
                )
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())


def write_folder(folder: Path, count: int = 48) -> Path:
    """``cells.json`` and the mosaics."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cells.json").write_text(json.dumps(make_records(count)))
    for name, frames in MOSAICS.items():
        cells = [cell for cell in make_cells(count) if cell.file == name]
        write_mosaic(folder / name, cells, frames)
    return folder


def planted_clips(count: int = 12, size: int = 32) -> ClipSet:
    """Clips in memory that show what the cells show, with some noise of their own each."""
    rng = np.random.default_rng(0)
    labels = [number % 2 for number in range(count)]
    frames = rng.integers(30, 110, (count, 1, 3, size, size), dtype=np.uint8)
    frames = np.repeat(frames, CLIP_FRAMES, axis=1)
    for clip, label in enumerate(labels):
        for frame in range(CLIP_FRAMES):
            side = planted_side(label, frame) * size // CELL_SIDE
            frames[clip, frame, :, :side, :side] = BLOB
    return ClipSet(
        torch.from_numpy(frames),
        torch.tensor(labels),
        np.array([1.0 + number % 3 for number in range(count)]),
        tuple(f"clip-{number}" for number in range(count)),
    )


def tiny_settings(**changes: Any) -> dict[str, Any]:
    """A recipe of 32 pixels, two residuals and two epochs, as YAML would hold it."""
    return {
        "name": "tiny",
        "network": {
            "preset": "plain-lite0",
            "choices": {"frames": 2, "head": "mean"},
            "pretrained": "none",
            "input_size": 32,
        },
        "epochs": 2,
        "batch_size": 4,
        "augmentation": None,
        "ema_decay": 0.5,
    } | changes


def tiny_recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate(tiny_settings(**changes))
