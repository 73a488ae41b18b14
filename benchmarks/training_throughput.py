"""Clips a second of our training loop, beside a loop over a plain PyTorch DataLoader.

    python benchmarks/training_throughput.py --accelerator cuda --recipe stcnet-seresnext50

Ours decodes all clips once, keeps them on the device (or streams them from the memory of the host)
and augments whole batches there. The other way is that of the field's older code: workers on the
CPU read one clip at a time, from an array on the disk (``.npy``, decoded and resized beforehand) or
from its MP4, augment and normalise it, and the batch is copied to the device. Network, batch size,
precision, frames drawn, augmentation and the step itself are the same, and each way has an epoch to
warm up in.

Clips are rendered, or with ``--data`` those of a folder with ``cells.json``; either way they are
written as MP4 of 180 x 180 pixels first. Weights are random and nothing is rendered into clips.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import lightning_fabric as lf
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from stcnet.datasets.cells.records import CELL_SIDE, CLIP_FRAMES, read_cells, read_clips
from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.preprocess import channels_first, resize
from stcnet.synthesis.scenes import render_clip
from stcnet.training.batches.making import Batch, BatchMaker
from stcnet.training.batches.placement import ClipsOn
from stcnet.training.devices import make_fabric
from stcnet.training.loop import Training
from stcnet.training.recipes.recipe import PlumeSettings, Recipe, load_recipe
from stcnet.types import Picture
from stcnet.video import Mp4Writer

SCENES = 2
"""Rendered scenes; more clips than that are copies, which take as long to read."""
FPS = 12
PREFETCH = 2
"""Batches that each worker has ready, as PyTorch has it by default."""
SHARED_MEMORY = Path("/dev/shm")
OURS = "the device (ours)"

Sample = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Material:
    """Clips on the disk.

    Attributes:
        videos: An MP4 of each clip.
        arrays: Its frames decoded and resized, uint8, shape (36, 3, S, S).
        labels: 1 smoke, 0 none.
    """

    videos: list[Path]
    arrays: list[Path]
    labels: list[int]


def rendered_clips() -> Iterator[tuple[Picture, int]]:
    """A few rendered clips over and over, half of them with smoke."""
    scenes = [(render_clip(n, n % 2 == 1), n % 2) for n in range(SCENES)]
    yield from cycle(scenes)


def recorded_clips(folder: Path) -> Iterator[tuple[Picture, int]]:
    """The clips of a folder with ``cells.json``."""
    cells = read_cells(folder)
    for position, clip in read_clips(folder, cells, CELL_SIDE):
        yield clip, cells[position].label


def write_material(clips: Iterator[tuple[Picture, int]], folder: Path, size: int) -> Material:
    """Write clips as MP4 and, decoded from it, as arrays."""
    material = Material([], [], [])
    for number, (clip, label) in enumerate(clips):
        video, array = folder / f"{number}.mp4", folder / f"{number}.npy"
        with Mp4Writer(video, FPS, CELL_SIDE, CELL_SIDE) as writer:
            for picture in clip:
                writer.write(picture)
        np.save(array, read_video(video, size))
        material.videos.append(video)
        material.arrays.append(array)
        material.labels.append(label)
    return material


def read_video(path: Path, size: int) -> Picture:
    """Frames of an MP4, resized, channels first: uint8, shape (36, 3, size, size)."""
    with av.open(str(path)) as container:
        frames = islice(container.decode(video=0), CLIP_FRAMES)
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    return channels_first(np.stack([resize(picture, size) for picture in pictures]))


def read_array(path: Path, size: int) -> Picture:
    """Frames of an array that has the size already."""
    frames: Picture = np.load(path)
    return frames


def clip_set(frames: Sequence[Picture], labels: Sequence[int]) -> ClipSet:
    """Clips in memory that all count alike."""
    return ClipSet(
        torch.from_numpy(np.stack(frames)),
        torch.tensor(labels, dtype=torch.int64),
        np.ones(len(labels)),
        tuple(str(number) for number in range(len(labels))),
    )


class OneByOne(Dataset[Sample]):
    """Reads, samples, augments and normalises one clip at a time, as a batch of one.

    Args:
        files: Of the clips.
        read: Gives the frames of a file.
        material: The labels.
        recipe: How they are sampled, augmented and normalised.
    """

    def __init__(
        self,
        files: list[Path],
        read: Callable[[Path, int], Picture],
        material: Material,
        recipe: Recipe,
    ) -> None:
        self.files, self.read, self.labels = files, read, material.labels
        self.size = recipe.network.size_in_training
        network_input = recipe.network.input_of(recipe.network.outline())
        blank = clip_set([np.zeros((CLIP_FRAMES, 3, self.size, self.size), np.uint8)], [0])
        self.maker = BatchMaker(recipe, blank, network_input)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Sample:
        """Frames, residuals, target and weight of a clip."""
        frames = self.read(self.files[number], self.size)
        self.maker.clips = clip_set([frames], [self.labels[number]])
        rng = np.random.default_rng(int(torch.randint(2**62, ()).item()))
        batch = self.maker.make(np.zeros(1, np.int64), rng)
        return batch.frames[0], batch.residuals[0], batch.targets[0], batch.weights[0]


class LoaderBatches:
    """Batches of a DataLoader in the place of a :class:`BatchMaker`.

    Args:
        loader: Gives the parts of each batch on the CPU.
        device: Where they are wanted.
    """

    def __init__(self, loader: DataLoader[Sample], device: torch.device) -> None:
        self._loader, self._device = loader, device
        self._batches: Iterator[Sample] = iter(())

    def make(self, positions: IndexArray, rng: np.random.Generator, epoch: int = 0) -> Batch:
        """The next batch; the loader shuffles by itself."""
        parts = next(self._batches, None)
        if parts is None:
            self._batches = iter(self._loader)
            parts = next(self._batches)
        frames, residuals, targets, weights = (
            part.to(self._device, non_blocking=True) for part in parts
        )
        return Batch(frames, residuals, targets, weights, positions, positions[:, np.newaxis])

    def expect(self, positions: IndexArray, rng: np.random.Generator) -> None:
        """Nothing to do: the workers are ahead anyway."""


def affordable_workers(wanted: int, dataset: OneByOne, batch_size: int) -> int:
    """As many workers as the shared memory through which they pass batches has room for.

    None at all, so that the main process reads the clips itself, where it has room for no batch.
    """
    parts = dataset[0]
    batch = batch_size * sum(part.nbytes for part in parts)
    free = shutil.disk_usage(SHARED_MEMORY).free if SHARED_MEMORY.is_dir() else math.inf
    affordable = int(min(wanted, 0.8 * free // (batch * (PREFETCH + 1))))
    if affordable < wanted:
        print(f"shared memory has room for the batches of {affordable} workers", flush=True)
    return affordable


@dataclass(frozen=True, slots=True)
class Bench:
    """What all ways have in common."""

    recipe: Recipe
    material: Material
    fabric: lf.Fabric
    epochs: int
    workers: int

    def measure(self, training: Training) -> float:
        """Clips a second over some epochs, after one that does not count."""
        training.run_epoch()
        self.wait()
        started = time.perf_counter()
        for _ in range(self.epochs):
            training.run_epoch()
        self.wait()
        return self.epochs * len(training.clips) / (time.perf_counter() - started)

    def wait(self) -> None:
        """Until the device has done all it was told."""
        if self.fabric.device.type == "cuda":
            torch.cuda.synchronize(self.fabric.device)

    def ours(self, clips: ClipSet, clips_on: ClipsOn) -> float:
        """Of our loop."""
        return self.measure(Training(self.recipe, clips, self.fabric, clips_on))

    def loader(self, clips: ClipSet, dataset: OneByOne) -> float:
        """Of the same loop with the batches of a DataLoader."""
        training = Training(self.recipe, clips, self.fabric, "host")
        workers = affordable_workers(self.workers, dataset, self.recipe.batch_size)
        loader = DataLoader(
            dataset,
            batch_size=self.recipe.batch_size,
            shuffle=True,
            num_workers=workers,
            pin_memory=self.fabric.device.type == "cuda",
            prefetch_factor=PREFETCH if workers else None,
            persistent_workers=workers > 0,
        )
        training.batches = LoaderBatches(loader, self.fabric.device)  # type: ignore[assignment]
        return self.measure(training)


def compare(bench: Bench) -> dict[str, float]:
    """Clips a second of each way."""
    size, material = bench.recipe.network.size_in_training, bench.material
    started = time.perf_counter()
    clips = clip_set([read_video(path, size) for path in material.videos], material.labels)
    print(f"decoding all clips once: {time.perf_counter() - started:.1f} s", flush=True)
    rates: dict[str, float] = {}

    def add(name: str, rate: float) -> None:
        rates[name] = rate
        print(f"{name:<34}{rate:>10.1f}{rates[OURS] / rate:>10.2f}", flush=True)

    print(f"{'clips come from':<34}{'clips/s':>10}{'ours is x':>10}")
    add(OURS, bench.ours(clips, "device"))
    if bench.fabric.device.type == "cuda":
        add("the host, a batch ahead (ours)", bench.ours(clips, "host"))
    for name, files, read in (
        ("a DataLoader, arrays on the disk", material.arrays, read_array),
        ("a DataLoader, MP4 decoded anew", material.videos, read_video),
    ):
        add(name, bench.loader(clips, OneByOne(files, read, material, bench.recipe)))
    return rates


def plain(recipe: Recipe, batch_size: int | None, epochs: int) -> Recipe:
    """The recipe from random weights, without rendered plumes, for as many epochs as it takes."""
    return recipe.model_copy(
        update={
            "network": recipe.network.model_copy(update={"pretrained": "none"}),
            "plumes": PlumeSettings(),
            "batch_size": batch_size or recipe.batch_size,
            "epochs": epochs + 1,
        }
    )


def describe(bench: Bench, precision: str) -> dict[str, object]:
    """What was measured, for the record."""
    device, recipe = bench.fabric.device, bench.recipe
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {
        "device": name,
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "recipe": recipe.name,
        "preset": recipe.network.preset,
        "input_size": recipe.network.size_in_training,
        "batch_size": recipe.batch_size,
        "precision": precision,
        "clips": len(bench.material.labels),
        "epochs": bench.epochs,
        "workers": bench.workers,
    }


def parse_arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", default="flagship", help="name or YAML file")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--precision", help="32-true, bf16-mixed or auto; that of the recipe")
    parser.add_argument("--data", type=Path, help="folder with cells.json, instead of rendering")
    parser.add_argument("--clips", type=int, default=64, help="how many")
    parser.add_argument("--batch", type=int, help="clips a step; that of the recipe")
    parser.add_argument("--epochs", type=int, default=3, help="epochs that count")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of the DataLoader")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    arguments = parser.parse_args()
    for name in ("clips", "batch", "epochs", "workers"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be 1 or more, got {value}")
    return arguments


def main() -> None:
    """Prepare the clips, measure each way, print a table."""
    given = parse_arguments()
    recipe = plain(load_recipe(given.recipe), given.batch, given.epochs)
    precision = given.precision or recipe.precision
    fabric = make_fabric(given.accelerator, precision=precision)
    with TemporaryDirectory() as folder:
        source = recorded_clips(given.data) if given.data else rendered_clips()
        clips = islice(source, given.clips)
        material = write_material(clips, Path(folder), recipe.network.size_in_training)
        bench = Bench(recipe, material, fabric, given.epochs, given.workers)
        record = describe(bench, str(fabric._precision.precision))
        print(", ".join(f"{key} {value}" for key, value in record.items()), flush=True)
        rates = compare(bench)
    if given.json:
        given.json.write_text(json.dumps({**record, "clips_per_s": rates}, indent=1) + "\n")


if __name__ == "__main__":
    main()
