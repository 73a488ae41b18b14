"""A bank of rendered scenes: rendered once, kept in a folder, mapped into memory."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from stcnet.datasets.cells.records import CLIP_FRAMES, FRAME_INTERVAL_S
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.rendered.drawing import shoot_scene
from stcnet.errors import DataError, OutputError
from stcnet.files import write_whole
from stcnet.synthesis.views import Situation

Listener = Callable[[int, int], None]
"""Told the number of scenes rendered and of all."""

FRAMES_FILE: Final = "scenes.npy"
RECORD_FILE: Final = "scenes.json"
_HINT: Final = "name a place that you may write to and that has room"
_RENDERER: Final = 7
"""Counted up when the scenes of a number change."""


class BankRecord(BaseModel):
    """What a bank holds, beside its frames.

    Attributes:
        renderer: Version of what is drawn.
        seed: Of the bank.
        size: Side of the frames in pixels.
        situations: What the plant of each scene emits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    renderer: int
    seed: int
    size: int
    situations: tuple[Situation, ...]


def rendered_bank(
    folder: Path,
    count: int,
    size: int,
    *,
    seed: int = 0,
    workers: int | None = None,
    listener: Listener = lambda done, total: None,
) -> ClipSet:
    """The scenes of a bank; they are rendered if the folder does not hold them yet.

    Args:
        folder: Where the bank lies, or will.
        count: Number of scenes, 1 or more.
        size: Side of the frames in pixels.
        seed: Of the bank.
        workers: Processes that render; None: one a processor.
        listener: Told of each scene that is rendered.

    Returns:
        Clips of 36 frames, one every 5 s, labelled by what was rendered. Their frames are mapped
        from the file: processes of one machine share the memory.

    Raises:
        DataError: The folder holds another bank, or a damaged one.
        OutputError: The folder cannot be written.
    """
    record = _read_record(folder)
    if record is None:
        record = _render(folder, count, size, seed, workers or os.cpu_count() or 1, listener)
    wanted = BankRecord(renderer=_RENDERER, seed=seed, size=size, situations=record.situations)
    if record != wanted or len(record.situations) != count:
        raise DataError(
            "the rendered scenes are others than the recipe's",
            where=folder,
            got=_in_words(record, len(record.situations)),
            allowed=_in_words(wanted, count),
            hint="train into another folder, or remove this one",
        )
    return _as_clips(_map_frames(folder, record), record)


def _in_words(record: BankRecord, count: int) -> str:
    return f"{count} of {record.size} px, seed {record.seed}, renderer {record.renderer}"


def _as_clips(frames: NDArray[np.uint8], record: BankRecord) -> ClipSet:
    count = len(record.situations)
    labels = [int(situation in ("smoke", "mixed")) for situation in record.situations]
    return ClipSet(
        torch.from_numpy(frames),
        torch.tensor(labels, dtype=torch.int64),
        np.ones(count),
        tuple(f"scene-{record.seed}-{number}" for number in range(count)),
        views=tuple(f"scene-{number}" for number in range(count)),
    )


def _read_record(folder: Path) -> BankRecord | None:
    path = folder / RECORD_FILE
    if not path.exists():
        return None
    try:
        return BankRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise _damaged(path) from None


def _map_frames(folder: Path, record: BankRecord) -> NDArray[np.uint8]:
    path = folder / FRAMES_FILE
    try:
        # Copy on write: torch wants memory that may be written, and nobody writes it.
        frames = np.load(path, mmap_mode="c")
    except (OSError, ValueError, EOFError):
        raise _damaged(path) from None
    if frames.shape != _shape(len(record.situations), record.size) or frames.dtype != np.uint8:
        raise _damaged(path)
    return np.asarray(frames)


def _damaged(path: Path) -> DataError:
    return DataError(
        "the rendered scenes are damaged", where=path, hint="remove the folder to render them anew"
    )


def _shape(count: int, size: int) -> tuple[int, ...]:
    return count, CLIP_FRAMES, 3, size, size


def _render(
    folder: Path, count: int, size: int, seed: int, workers: int, listener: Listener
) -> BankRecord:
    """Render a bank; its record is written last, once all frames are there."""
    situations: list[Situation] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scenes = closing(_rendered(count, size, seed, workers))
        with (folder / FRAMES_FILE).open("wb") as file, scenes as rendered:
            _write_header(file, count, size)
            for situation, clip in rendered:
                file.write(clip.tobytes())
                situations.append(situation)
                listener(len(situations), count)
            file.flush()
            os.fsync(file.fileno())  # or the record may reach the disk before the frames
    except OSError as error:
        raise OutputError(
            "the rendered scenes cannot be written",
            where=folder,
            got=error.strerror,
            hint=_HINT,
        ) from None
    record = BankRecord(renderer=_RENDERER, seed=seed, size=size, situations=tuple(situations))
    content = record.model_dump_json().encode()
    write_whole(folder / RECORD_FILE, content, what="the rendered scenes", hint=_HINT)
    return record


def _write_header(file: BinaryIO, count: int, size: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": _shape(count, size)}
    np.lib.format.write_array_header_1_0(file, header)


def _rendered(
    count: int, size: int, seed: int, workers: int
) -> Generator[tuple[Situation, NDArray[np.uint8]]]:
    """The scenes in their order, the same however many processes render them."""
    render = partial(_render_one, size=size, seed=seed)
    if workers == 1:
        yield from map(render, range(count))
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _begin_worker) as pool:
        yield from pool.map(render, range(count), chunksize=4)


def _begin_worker() -> None:
    torch.set_num_threads(1)


def _render_one(number: int, size: int, seed: int) -> tuple[Situation, NDArray[np.uint8]]:
    """One scene: what the plant emits, and its frames (36, 3, S, S)."""
    times_s = torch.arange(CLIP_FRAMES) * FRAME_INTERVAL_S
    situation, shot = shoot_scene(number, times_s, size, bank=seed)
    return situation, np.ascontiguousarray(shot.frames.transpose(0, 3, 1, 2))
