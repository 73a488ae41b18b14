"""How fast the renderer is, and how far its smoke is like real smoke in simple statistics.

The throughput needs no data. With ``--data`` four kinds of clips are measured alike: cells with
smoke and without, smoke-free cells that a plume is rendered into as in training, and whole rendered
views. What a clip without smoke shows of itself (of the same view; the same cell; the same scene)
is taken away, so that what remains is the smoke's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from stcnet.datasets import Cell, read_cells, read_clips
from stcnet.datasets.cells.records import FRAME_INTERVAL_S
from stcnet.errors import DataError
from stcnet.preprocess import channels_first
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.draws import random_plumes
from stcnet.synthesis.plumes import render_opacity
from stcnet.synthesis.scenes import shoot
from stcnet.synthesis.statistics import (
    OCTAVES,
    Array,
    activity,
    luminance,
    marks,
    opening,
    residual_energy,
    steadied,
    structure,
)
from stcnet.synthesis.views import random_view
from stcnet.types import Picture

SIDE: Final = 180
FRAMES: Final = 36
LAG: Final = 4
"""Frames between the two of a residual, as the bundled model takes them: 20 s."""
LAGS: Final = (1, 2, 4, 8, 16)
FIRST_SEED: Final = 8000
LEAST_BASE: Final = 4
"""Fewest smoke-free cells of a view to compare its smoke with."""

Numbers = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """What clips of one view show without smoke.

    Attributes:
        energy: By octave of spatial frequency.
        change: Mean square change by lag.
        activity: Of each pixel, shape (H, W).
    """

    energy: Array
    change: Array
    activity: Array

    @classmethod
    def of(cls, frames: Picture) -> Base:
        """Of one clip, without changes of its light."""
        grey = luminance(steadied(frames))
        return cls(residual_energy(grey, LAG), structure(grey, LAGS), activity(grey))

    @classmethod
    def typical(cls, bases: Sequence[Base]) -> Base:
        """The median of several."""
        parts = zip(*((base.energy, base.change, base.activity) for base in bases), strict=True)
        return cls(*(np.median(np.stack(part), axis=0) for part in parts))


def numbers(frames: Picture, base: Base) -> Numbers:
    """The statistics of one clip, above what there is without smoke."""
    frames = steadied(frames)
    own = Base.of(frames)
    energy = (own.energy - base.energy).clip(min=0)
    change = own.change - base.change
    added = (own.activity - 1.5 * base.activity - 1).clip(min=0)
    seen = marks(frames)
    rows = {"residual energy": energy.sum()}
    if energy.sum() > 0:
        bands = zip(OCTAVES[:-1], OCTAVES[1:], energy / energy.sum(), strict=True)
        rows |= {f"its share at {low:g}-{high:g} cycles": share for low, high, share in bands}
    if change[LAGS.index(LAG)] > 0:
        relative = change / change[LAGS.index(LAG)]
        rows |= {
            f"change over {lag * FRAME_INTERVAL_S:g} s, of that over 20 s": share
            for lag, share in zip(LAGS, relative, strict=True)
            if lag != LAG
        }
    rows |= {"share of active pixels": (added > 0).mean(), "opening": opening(added)}
    rows |= {
        "share of pixels changed": seen.covered,
        "least opacity, median": seen.opacity,
        "least opacity, 95th percentile": seen.dense,
        "contrast": seen.contrast,
        "share brighter than behind": seen.brighter,
        "blue less red": seen.blueness,
    }
    return {name: float(value) for name, value in rows.items()}


def chosen(cells: Sequence[Cell], label: int, count: int, views: set[str]) -> list[Cell]:
    """Cells with a label, of known views, drawn by their weights in the population."""
    some = [c for c in cells if c.label == label and c.view in views]
    weights = np.array([cell.population_weight for cell in some])
    picked = np.random.default_rng(label).choice(
        len(some), min(count, len(some)), replace=False, p=weights / weights.sum()
    )
    return [some[k] for k in sorted(picked)]


def known_views(cells: Sequence[Cell]) -> set[str]:
    """Views with enough smoke-free cells to compare with."""
    count: dict[str, int] = defaultdict(int)
    for cell in cells:
        count[cell.view] += cell.label == 0
    return {view for view, free in count.items() if free >= LEAST_BASE}


def bases_by_view(
    folder: Path, cells: Sequence[Cell], views: set[str], most: int
) -> dict[str, Base]:
    """What smoke-free cells of each view show."""
    wanted: list[Cell] = []
    for view in sorted(views):
        wanted += [cell for cell in cells if cell.view == view and cell.label == 0][:most]
    found: dict[str, list[Base]] = defaultdict(list)
    for index, clip in read_clips(folder, wanted, SIDE):
        found[wanted[index].view].append(Base.of(clip))
    return {view: Base.typical(bases) for view, bases in found.items()}


def real(folder: Path, cells: Sequence[Cell], label: int, clips: int) -> Iterator[Numbers]:
    """Cells with smoke, or without, against smoke-free ones of their view."""
    views = known_views(cells)
    bases = bases_by_view(folder, cells, views, most=12)
    some = chosen(cells, label, clips, views)
    for index, clip in read_clips(folder, some, SIDE):
        yield numbers(clip, bases[some[index].view])


def pasted(folder: Path, cells: Sequence[Cell], clips: int) -> Iterator[Numbers]:
    """Smoke-free cells with a plume rendered into them, against themselves."""
    free = chosen(cells, 0, clips, known_views(cells))
    times_s = torch.arange(FRAMES)[None] * FRAME_INTERVAL_S
    for index, clip in read_clips(folder, free, SIDE):
        generator = torch.Generator().manual_seed(FIRST_SEED + index)
        pixels = torch.from_numpy(channels_first(clip))[None].float()
        smoky, _ = paste_plumes(pixels, times_s, generator)
        frames = smoky[0].round().byte().permute(0, 2, 3, 1).numpy()
        yield numbers(frames, Base.of(clip))


def rendered(clips: int) -> Iterator[Numbers]:
    """Views with smoke, half of them with steam too, against the same views without."""
    times_s = torch.arange(FRAMES) * FRAME_INTERVAL_S
    for seed in range(FIRST_SEED, FIRST_SEED + clips):
        smoky = shoot(random_view(seed, "mixed" if seed % 2 else "smoke"), times_s, SIDE, SIDE)
        empty = shoot(random_view(seed, "empty"), times_s, SIDE, SIDE)
        yield numbers(smoky.frames, Base.of(empty.frames))


def quartiles(rows: Sequence[Numbers]) -> dict[str, list[float]]:
    """25th, 50th and 75th percentile of each number over the clips that have one."""
    names = dict.fromkeys(name for row in rows for name in row)
    table = {}
    for name in names:
        values = np.array([row.get(name, np.nan) for row in rows])
        kept = values[np.isfinite(values)]
        table[name] = np.percentile(kept, (25, 50, 75)).tolist() if len(kept) else [np.nan] * 3
    return table


def clips_per_second(work: Callable[[], object], clips: int, device: str) -> float:
    """Clips a second of the fastest of three runs, after one that does not count.

    On a CPU of processor time, whatever else runs on the machine: clips a second of one core.
    """
    clock = time.process_time if device == "cpu" else time.perf_counter
    best = float("inf")
    for number in range(4):
        start = clock()
        work()
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, clock() - start) if number else best
    return clips / best


def throughput(device: str) -> Numbers:
    """Clips a second of the three ways to render, on a device."""
    batch, count, size = 8, 9, 160
    clips = torch.full((batch, count, 3, size, size), 90.0, device=device)
    times_s = (torch.arange(count) * 20.0).expand(batch, count).to(device)
    plumes = random_plumes(batch, torch.Generator().manual_seed(0)).to(device)
    scene, moments_s = random_view(1, "mixed"), torch.arange(FRAMES, device=device) * 5.0
    return {
        "opacity alone, 9 frames of 160 px": clips_per_second(
            lambda: render_opacity(plumes, times_s, size, size), batch, device
        ),
        "into a clip as in training, 9 frames of 160 px": clips_per_second(
            lambda: paste_plumes(clips, times_s, torch.Generator().manual_seed(0)), batch, device
        ),
        "whole view with its camera, 36 frames of 180 px": clips_per_second(
            lambda: shoot(scene, moments_s, SIDE, SIDE), 1, device
        ),
    }


def print_throughput(speeds: Mapping[str, Numbers]) -> None:
    """Print clips a second by device."""
    print(f"| clips/s | {' | '.join(speeds)} |")
    print("| --- " * (len(speeds) + 1) + "|")
    for way in next(iter(speeds.values())):
        print(f"| {way} | {' | '.join(f'{each[way]:.2f}' for each in speeds.values())} |")


def print_comparison(groups: Mapping[str, dict[str, list[float]]]) -> None:
    """Print medians with quartiles, one column a kind of clip."""
    print(f"\n| median (quartiles) | {' | '.join(groups)} |")
    print("| --- " * (len(groups) + 1) + "|")
    for name in next(iter(groups.values())):
        cells = (f"{mid:.3g} ({low:.3g}..{high:.3g})" for low, mid, high in
                 (group[name] for group in groups.values()))  # fmt: skip
        print(f"| {name} | {' | '.join(cells)} |")


def compare(folder: Path, clips: int) -> dict[str, dict[str, list[float]]]:
    """The statistics of the four kinds of clips."""
    cells = [cell for cell in read_cells(folder) if cell.view_confidence == "high"]
    kinds = {
        "real smoke": real(folder, cells, 1, clips),
        "real, no smoke": real(folder, cells, 0, clips),
        "rendered into real clips": pasted(folder, cells, clips),
        "rendered views": rendered(clips),
    }
    return {kind: quartiles(list(rows)) for kind, rows in kinds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, help="folder of the shared cells; else no comparison")
    parser.add_argument("--clips", type=int, default=96, help="of each kind to compare")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    speeds = {device: throughput(device) for device in devices}
    print_throughput(speeds)
    try:
        groups = compare(given.data, given.clips) if given.data else {}
    except DataError as error:
        parser.exit(error.exit_code, f"error: {error}\n")
    if groups:
        print_comparison(groups)
    if given.json:
        stored = {"clips": given.clips, "clips_per_s": speeds, "statistics": groups}
        given.json.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
