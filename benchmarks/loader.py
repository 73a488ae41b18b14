"""Where clips come from in training, side by side: clips a second, memory, room on the disk.

    python benchmarks/loader.py --data DATA --clips 128 --size 224

Every way delivers the same batches: 32 clips drawn at random, 9 random frames of each, uint8,
channels first, at the size of a network. Clips come from memory; from stores (``stcnet data
store``, both codecs); from one uncompressed array a clip, read whole, as the field's older code
keeps them (``.npy``); and from one MP4 a clip, decoded up to the last frame that is wanted.

Each way runs in a process of its own, once a round, the ways in turn, so that a machine that slows
down does not slow down one of them; medians of the rounds are printed. *Clips a core-second* counts
processor time and not time, and so hardly depends on what else the machine does. *Memory* is what
the process took for itself while it delivered; pages of a mapped file, which the system may drop,
are not in it. The files of a benchmark are small and stay in the system's cache: a disk is not
measured.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.clips import ClipSet, IndexArray, draw_frames
from stcnet.datasets.collection import LabelledClip, OnBad, labelled, refuse
from stcnet.datasets.opening import open_collection
from stcnet.datasets.store import Codec, Store, build_store
from stcnet.datasets.store.frames import StoredFrames
from stcnet.datasets.videos.decoding import decode_videos
from stcnet.datasets.videos.sizes import sides_of
from stcnet.preprocess import channels_first, resize
from stcnet.types import Picture
from stcnet.video import Mp4Writer

SEGMENTS = 9
BATCH = 32
FPS = 12
RISE_CLIPS = 12_567
NATIVE = 180

Gather = Callable[[IndexArray, IndexArray], Tensor]


@dataclass(frozen=True)
class Videos:
    """One MP4 a clip, as a collection.

    Attributes:
        folder: Where they are; named by the ids of the clips.
        clips: What is known of them.
    """

    folder: Path
    clips: tuple[LabelledClip, ...]
    title: str = "Videos of the benchmark"

    def paths(self, clips: Sequence[LabelledClip]) -> list[Path]:
        """Where some clips are."""
        return [self.folder / f"{clip.id}.mp4" for clip in clips]

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        """Sides that occur."""
        return sides_of(self.paths(clips))

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode them."""
        pixels, good = decode_videos(self.paths(clips), size, on_bad=on_bad)
        decoded = ClipSet(
            pixels,
            torch.tensor([clip.label for clip in clips]),
            np.ones(len(clips)),
            tuple(clip.id for clip in clips),
        )
        return decoded.select(good)


@dataclass(frozen=True, slots=True)
class Way:
    """One source of clips.

    Attributes:
        name: In words.
        kind: ``memory``, ``store``, ``npy`` or ``mp4``.
        threads: That read at a time.
        folder: Its files.
    """

    name: str
    kind: str
    threads: int
    folder: Path

    @property
    def bytes(self) -> int:
        """Of its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Measured:
    """One way in one round.

    Attributes:
        clips_per_s: By the clock.
        clips_per_core_s: By the processor time of all threads.
        memory_mb: That the process took for itself, in 10^6 bytes.
    """

    clips_per_s: float
    clips_per_core_s: float
    memory_mb: float


def write_videos(data: Path, count: int, folder: Path) -> Videos:
    """The first labelled clips of a collection, one MP4 of 180 pixels each."""
    collection = open_collection(data)
    chosen = labelled(collection.clips)[:count]
    folder.mkdir()
    clips = []
    decoded = collection.load(chosen, NATIVE).in_memory().frames
    for number, (clip, pixels) in enumerate(zip(chosen, decoded, strict=True)):
        with Mp4Writer(folder / f"{number}.mp4", FPS, NATIVE, NATIVE) as writer:
            for picture in pixels.permute(0, 2, 3, 1).contiguous().numpy():
                writer.write(picture)
        clips.append(LabelledClip(str(number), clip.label, clip.view, clip.plant, None, None))
    return Videos(folder, tuple(clips))


def write_arrays(videos: Videos, size: int, folder: Path) -> None:
    """One array a clip, shape (36, S, S, 3), as ``rgb`` folders of older code hold them."""
    folder.mkdir()
    for clip in videos.clips:
        frames = videos.load([clip], size).frames[0].permute(0, 2, 3, 1)
        np.save(folder / f"{clip.id}.npy", frames.contiguous().numpy())


def prepare(root: Path, videos: Videos, size: int, threads: Sequence[int]) -> list[Way]:
    """Make the files of every way."""
    arrays = root / "arrays"
    write_arrays(videos, size, arrays)
    sources = [("memory", "memory", root / "webp"), (".npy, one a clip", "npy", arrays)]
    stores: list[tuple[str, Codec, int | None]] = [
        ("store, lossless, native", "webp", None),
        ("store, jpeg, native", "jpeg", None),
        (f"store, lossless, {size} px", "webp", size),
    ]
    for name, codec, side in stores:
        folder = root / (codec if side is None else f"{codec}-{side}")
        build_store(videos, folder, size=side, codec=codec)
        sources.append((name, "store", folder))
    sources.append(("MP4, decoded each time", "mp4", videos.folder))
    return [Way(name, kind, n, folder) for name, kind, folder in sources for n in threads]


def gather_from(way: Way, size: int) -> Gather:
    """What delivers a batch: frames (B, K) of clips (B,) as uint8 (B, K, 3, S, S)."""
    if way.kind == "npy":
        return partial(_each, ThreadPoolExecutor(way.threads), partial(_read_array, way.folder))
    if way.kind == "mp4":
        return partial(_each, ThreadPoolExecutor(way.threads), partial(_read_mp4, way.folder, size))
    store = Store.open(way.folder)
    clips = store.load(store.clips, size)
    if way.kind == "memory":
        torch.set_num_threads(way.threads)
        return clips.in_memory().gather
    source = clips.source
    frames = StoredFrames(source.places, source.length, source.stored_size, size, way.threads)
    return lambda rows, indices: frames.read(
        (rows[:, np.newaxis] * frames.length + indices).ravel()
    ).reshape(*indices.shape, 3, size, size)


def _each(
    pool: ThreadPoolExecutor,
    read: Callable[[int, IndexArray], Picture],
    clips: IndexArray,
    frames: IndexArray,
) -> Tensor:
    """A batch of clips that are read one by one."""
    return torch.from_numpy(np.stack(list(pool.map(read, clips.tolist(), frames))))


def _read_array(folder: Path, clip: int, frames: IndexArray) -> Picture:
    whole: Picture = np.load(folder / f"{clip}.npy")
    return channels_first(whole[frames])


def _read_mp4(folder: Path, size: int, clip: int, frames: IndexArray) -> Picture:
    wanted = set(frames.tolist())
    pictures = []
    with av.open(str(folder / f"{clip}.mp4")) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                pictures.append(resize(picture, size))
            if len(pictures) == len(wanted):
                break
    return channels_first(np.stack(pictures))


def draw(clips: int, batches: int) -> Iterator[tuple[IndexArray, IndexArray]]:
    """The same batches for every way."""
    rng = np.random.default_rng(0)
    for _ in range(batches):
        yield rng.integers(clips, size=BATCH), draw_frames(BATCH, CLIP_FRAMES, SEGMENTS, rng)


def own_memory() -> int:
    """Bytes of this process that belong to no file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def measure(way: Way, clips: int, size: int, seconds: float) -> Measured:
    """Deliver batches for some seconds, after one that does not count."""
    cv2.setNumThreads(1)
    before = own_memory()
    gather = gather_from(way, size)
    plan = list(draw(clips, 64))
    gather(*plan[0])
    began, worked, done, most = time.perf_counter(), time.process_time(), 0, own_memory()
    while time.perf_counter() - began < seconds:
        batch = gather(*plan[done % len(plan)])
        assert batch.shape == (BATCH, SEGMENTS, 3, size, size)
        done += 1
        most = max(most, own_memory())
    delivered = done * BATCH
    return Measured(
        delivered / (time.perf_counter() - began),
        delivered / (time.process_time() - worked),
        (most - before) / 1e6,
    )


def measure_apart(way: Way, clips: int, size: int, seconds: float) -> Measured:
    """As :func:`measure`, in a process of its own, forked from one that has imported torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["stcnet.datasets.store.frames", "stcnet.datasets.opening", "av"]
    )
    with context.Pool(1) as pool:
        return pool.apply(measure, (way, clips, size, seconds))


def middle(rounds: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    return Measured(*(median(figures) for figures in zip(*map(_figures, rounds), strict=True)))


def _figures(measured: Measured) -> tuple[float, ...]:
    return tuple(asdict(measured).values())


def rows_of(
    results: dict[Way, list[Measured]], clips: int, size: int
) -> list[dict[str, float | str]]:
    """The table."""
    clip_mb = SEGMENTS * 3 * size**2 / 1e6
    rows: list[dict[str, float | str]] = []
    for way, rounds in results.items():
        found = middle(rounds)
        disk = 0.0 if way.kind == "memory" else way.bytes
        rows.append(
            {
                "clips come from": way.name,
                "threads": way.threads,
                "clips/s": round(found.clips_per_s, 1),
                "clips/core-s": round(found.clips_per_core_s, 1),
                "MB/s": round(found.clips_per_s * clip_mb, 1),
                "memory, MB": round(found.memory_mb, 1),
                "disk, MB": round(disk / 1e6, 1),
                "disk for RISE, GB": round(disk / clips * RISE_CLIPS / 1e9, 1),
            }
        )
    return rows


def print_table(rows: Sequence[dict[str, float | str]]) -> None:
    """As Markdown."""
    for line in (rows[0].keys(), ["---"] * len(rows[0]), *(row.values() for row in rows)):
        print(f"| {' | '.join(map(str, line))} |")


def parse_arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of clips of any kind")
    parser.add_argument("--clips", type=int, default=128, help="how many")
    parser.add_argument("--size", type=int, default=224, help="side of the frames, in pixels")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="that read")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each way")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    return parser.parse_args()


def main() -> None:
    """Make the files, measure every way in turn, print the table."""
    given = parse_arguments()
    with TemporaryDirectory() as folder:
        videos = write_videos(given.data, given.clips, Path(folder) / "videos")
        ways = prepare(Path(folder), videos, given.size, given.threads)
        results: dict[Way, list[Measured]] = {way: [] for way in ways}
        for _ in range(given.rounds):
            for way, rounds in results.items():
                rounds.append(measure_apart(way, len(videos.clips), given.size, given.seconds))
        rows = rows_of(results, len(videos.clips), given.size)
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(f"{len(videos.clips)} clips, {given.size} px, {machine}, load {os.getloadavg()[0]:.1f}\n")
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
