"""How well near-duplicates are found, and how long it takes.

Three tables on the shared cells of RISE: the pairs and groups found beside the ones listed in
``duplicate_group``; clips that were coded, scaled, coloured or shifted anew, and how many of them
the guard refuses; and the time of the search at RISE's size, on clips of the cells with noise.
Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Final

import av
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stcnet.datasets import Cell, read_cells
from stcnet.datasets.clips import ClipSet, load_clips
from stcnet.datasets.leaks.look_alikes import (
    SAME_MOTION,
    SAME_SCENE,
    LookAlike,
    look_alike_groups,
    near_duplicates,
)
from stcnet.datasets.leaks.signatures import SCENE_SIZE, Signatures, signatures

RISE_CLIPS: Final = 12_567
SIZE: Final = 160
SHIFT_CODING: Final = 23
Change = Callable[[Tensor], Tensor]


def listed_pairs(cells: Sequence[Cell]) -> set[tuple[int, int]]:
    """Positions of clips with one duplicate group."""
    every = combinations(range(len(cells)), 2)
    return {(a, b) for a, b in every if cells[a].duplicate_group == cells[b].duplicate_group}


def found_line(
    name: str, pairs: Sequence[LookAlike], cells: Sequence[Cell], listed: set[tuple[int, int]]
) -> str:
    """Pairs found and listed; groups of the list of which a pair, and every clip, is found."""
    found = {(pair.first, pair.second) for pair in pairs}
    right = found & listed
    groups = {cells[a].duplicate_group for a, _ in listed}
    touched = {cells[a].duplicate_group for a, _ in right}
    whole = {frozenset(group) for group in look_alike_groups(len(cells), pairs)}
    members = [
        frozenset(n for n, cell in enumerate(cells) if cell.duplicate_group == group)
        for group in groups
    ]
    connected = sum(any(group <= larger for larger in whole) for group in members)
    return (
        f"| {name} | {len(found)} | {len(right)} | {len(right) / len(listed):.3f} | "
        f"{len(right) / max(1, len(found)):.3f} | {len(touched)} | {connected} of {len(groups)} |"
    )


def coded(clip: Tensor, crf: int) -> Tensor:
    """A clip, uint8, shape (L, 3, S, S), as H.264 gives it back."""
    pictures = np.ascontiguousarray(clip.movedim(1, -1).numpy())
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": str(crf)})
        stream.width = stream.height = pictures.shape[1]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return torch.from_numpy(np.stack(frames)).movedim(-1, 1)


def scaled(clip: Tensor, side: int) -> Tensor:
    """A clip with frames of another size."""
    return F.interpolate(clip.float(), (side, side), mode="area").byte()


def coloured(clip: Tensor, gains: Sequence[float], offset: float = 0.0) -> Tensor:
    """A clip with its colours changed."""
    return (clip.float() * torch.tensor(gains).reshape(3, 1, 1) + offset).clamp(0, 255).byte()


CHANGES: Final[dict[str, Change]] = {
    "H.264, crf 23": lambda clip: coded(clip, 23),
    "H.264, crf 28": lambda clip: coded(clip, 28),
    "H.264, crf 35": lambda clip: coded(clip, 35),
    "320 px, crf 23": lambda clip: coded(scaled(clip, 320), 23),
    "96 px, crf 23": lambda clip: coded(scaled(clip, 96), 23),
    "1.2 times as bright, crf 23": lambda clip: coded(coloured(clip, (1.2, 1.2, 1.2), 10), 23),
    "0.8 times as bright, crf 23": lambda clip: coded(coloured(clip, (0.8, 0.8, 0.8), -5), 23),
    "warmer, crf 23": lambda clip: coded(coloured(clip, (1.1, 1.0, 0.9)), 23),
}


def refused(one: ClipSet, two: ClipSet) -> float:
    """Share of the clips that are found to be one recording with their counterpart, 0..1."""
    pairs = near_duplicates(signatures(one), signatures(two), least_scene=None)
    return len({pair.first for pair in pairs if pair.first == pair.second}) / len(one)


def changed(clips: ClipSet, change: Change) -> ClipSet:
    """The clips after a change, at their old size."""
    frames = [scaled(change(clip), clips.frames.shape[-1]) for clip in clips.frames]
    return replace(clips, frames=torch.stack(frames))


def shifted(clip: Tensor, shift: int) -> Tensor:
    """A clip from a later frame on, coded anew; past its end it runs backwards."""
    return coded(torch.cat([clip[shift:], clip[-shift - 1 : -1].flip(0)]), SHIFT_CODING)


def search_seconds(rows: Signatures, clips: int) -> tuple[float, int]:
    """Time of a search among so many clips, and how many pairs it finds."""
    rng = np.random.default_rng(0)
    many = rows[rng.integers(len(rows), size=clips)]
    many += rng.normal(0, 0.004, many.shape).astype(np.float32)
    many[:, :SCENE_SIZE] /= np.linalg.norm(many[:, :SCENE_SIZE], axis=1, keepdims=True)
    started = time.perf_counter()
    found = near_duplicates(many)
    return time.perf_counter() - started, len(found)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the shared cells")
    parser.add_argument("--clips", type=int, default=100, help="clips that are changed")
    parser.add_argument("--rise-clips", type=int, default=RISE_CLIPS, help="clips searched")
    arguments = parser.parse_args()
    cells = read_cells(arguments.data)
    clips = load_clips(arguments.data, cells, 64)
    started = time.perf_counter()
    rows = signatures(clips)
    described = time.perf_counter() - started
    print_found(cells, near_duplicates(rows))
    print_changed(arguments.data, cells, arguments.clips)
    seconds, found = search_seconds(rows, arguments.rise_clips)
    print(
        f"\n{described:.1f} s to describe {len(cells)} clips of 64 px; {seconds:.1f} s to search "
        f"{arguments.rise_clips}, {found} pairs; threads: {torch.get_num_threads()}"
    )


def print_found(cells: Sequence[Cell], pairs: Sequence[LookAlike]) -> None:
    """The pairs beside the listed ones, and those of one recording that are not listed."""
    listed = listed_pairs(cells)
    recordings = [pair for pair in pairs if pair.same_recording]
    print(f"{len(listed)} pairs are listed; one recording: motion >= {SAME_MOTION}; "
          f"one scene: scene >= {SAME_SCENE}\n")  # fmt: skip
    print("| kind | found | listed | recall | precision | groups with a pair | groups whole |")
    print("|---|---|---|---|---|---|---|")
    print(found_line("one recording", recordings, cells, listed))
    print(found_line("or one scene", pairs, cells, listed))
    across = [p for p in pairs if cells[p.first].split != cells[p.second].split]
    strange = [p for p in across if (p.first, p.second) not in listed]
    print(f"\nacross splits and not listed: {len(strange)}, of one recording "
          f"{sum(pair.same_recording for pair in strange)}")  # fmt: skip
    for pair in strange:
        print(f"- {cells[pair.first].id}, {cells[pair.second].id}, "
              f"view {cells[pair.first].view}: {pair}")  # fmt: skip


def print_changed(data: Path, cells: Sequence[Cell], count: int) -> None:
    """Share of changed clips that are refused."""
    chosen = np.random.default_rng(0).choice(len(cells), count, replace=False)
    clips = load_clips(data, [cells[position] for position in sorted(chosen)], SIZE)
    print("\n| change | refused |\n|---|---|")
    for name, change in CHANGES.items():
        print(f"| {name} | {refused(clips, changed(clips, change)):.2f} |", flush=True)
    for shift in (3, 6, 12):
        later = changed(clips, partial(shifted, shift=shift))
        print(f"| {shift} frames later, crf {SHIFT_CODING} | {refused(clips, later):.2f} |")


if __name__ == "__main__":
    main()
