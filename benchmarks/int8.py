"""What 8-bit integers cost in accuracy, and what they save: fp32 and int8 packages side by side.

With ``--runs`` and ``--data``: makes both packages of every fold that ``stcnet train --protocol``
left in these folders, the int8 one with ranges observed on clips that the fold trained on; scores
the clips that the fold holds out by ONNX Runtime, as an operator would; and prints the protocol's
scores with the difference and its paired bootstrap interval. Both are judged by the calibration
that the other folds' fp32 predictions give, since an int8 package keeps that of the fp32 one; a
fold alone is judged at logit 0. In any case: file sizes, and the time of a verdict on a clip and in
a stream, measured in turns, of the first fold's packages or of ``--model``. Needs the ``train``
extra.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from stcnet.datasets import Cell
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.protocols import PLANTS_FOLD, fold_test
from stcnet.errors import ConfigError, DataError, StcnetError
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.calibration import calibrated, cross_calibrations
from stcnet.evaluation.comparison import Comparison, compare, paired
from stcnet.evaluation.packages import predict_package
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import fold_samples
from stcnet.evaluation.tables import HEADINGS, Table, format_estimate, triple
from stcnet.files import write_whole
from stcnet.inference import ClipScorer, ModelPackage, StreamScorer, bundled_package
from stcnet.measuring.machine import this_machine
from stcnet.packaging.export import export_package
from stcnet.packaging.footage import CLIPS, rendered_footage, training_footage
from stcnet.packaging.quantisation import quantise_package
from stcnet.training.checkpoint import WEIGHTS_FILE, load_run
from stcnet.types import Picture

MEAN: Final = "mean of the folds that leave a split out"
SIDES: Final = (240, 320)
"""Height and width of the pictures that verdicts are timed on."""

Predictions = list[Prediction]


@dataclass(frozen=True)
class Pair:
    """The two packages of one model."""

    fp32: ModelPackage
    int8: ModelPackage

    def each(self) -> tuple[ModelPackage, ModelPackage]:
        """Both, fp32 first."""
        return self.fp32, self.int8


@dataclass(frozen=True)
class Speed:
    """Median milliseconds of a verdict, and the median over turns of their ratio."""

    verdict: str
    threads: int
    fp32_ms: float
    int8_ms: float
    ratio: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", help="folders of stcnet train --protocol")
    parser.add_argument("--data", type=Path, help="folder with cells.json")
    parser.add_argument("--model", type=Path, help="package to time without --runs; else bundled")
    parser.add_argument("--clips", type=int, default=CLIPS, help="to observe ranges on")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=10, help="timed verdicts of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the numbers")
    arguments = parser.parse_args()
    try:
        _measure(arguments)
    except StcnetError as error:
        parser.exit(error.exit_code, f"error: {error}\n")


def _measure(arguments: argparse.Namespace) -> None:
    if (arguments.runs is None) != (arguments.data is None):
        raise ConfigError("--runs and --data go together")
    record: dict[str, object] = {"machine": this_machine("cpu").as_json()}
    with TemporaryDirectory(prefix="stcnet-int8-") as folder:
        if arguments.runs:
            cells = CellCollection.open(arguments.data)
            pair, fp32, int8 = _of_folds(arguments.runs, cells, Path(folder), arguments.clips)
            record |= _judge(fp32, int8, cells.cells)
        else:
            pair = _of_package(arguments.model or bundled_package(), Path(folder), arguments.clips)
        record |= _size_and_speed(pair, arguments.threads, arguments.repeats)
    if arguments.json:
        content = json.dumps(record, indent=1, allow_nan=False).encode()
        write_whole(arguments.json, content, what="the numbers", hint="name a writable folder")


def _of_package(model: Path, folder: Path, clips: int) -> Pair:
    fp32 = ModelPackage.load(model)
    out = folder / "int8.stcnet"
    return Pair(fp32, quantise_package(fp32, out, rendered_footage(fp32, clips)))


def _of_folds(
    runs: Sequence[Path], cells: CellCollection, folder: Path, clips: int
) -> tuple[Pair, Predictions, Predictions]:
    """The packages of the first fold, and what those of all folds say, fp32 and int8."""
    finished = [path.parent for run in runs for path in sorted(run.glob(f"*/{WEIGHTS_FILE}"))]
    folds = [folder for folder in finished if fold_test(cells.cells, folder.name)]
    if not folds:
        raise DataError(
            "the folders hold no finished fold",
            where=", ".join(map(str, runs)),
            hint="name the --out of stcnet train --protocol",
        )
    pairs: list[Pair] = []
    fp32: Predictions = []
    int8: Predictions = []
    for fold in folds:
        pairs.append(_pair_of(fold, cells, folder, clips))
        fp32 += predict_fold(pairs[-1].fp32, fold.name, cells)
        int8 += predict_fold(pairs[-1].int8, fold.name, cells)
    return pairs[0], fp32, int8


def _pair_of(fold: Path, cells: CellCollection, folder: Path, clips: int) -> Pair:
    fp32, int8 = (folder / f"{fold.name}-{each}.stcnet" for each in ("fp32", "int8"))
    exported = export_package(load_run(fold), fp32, version="0")
    footage = training_footage(exported, cells, clips)
    return Pair(exported, quantise_package(exported, int8, footage))


def predict_fold(package: ModelPackage, fold: str, cells: CellCollection) -> Predictions:
    """What a package says of the clips that a fold of the shared cells holds out."""
    tested = {cell.id for cell in fold_test(cells.cells, fold) or ()}
    chosen = [clip for clip in cells.clips if clip.id in tested]
    said = predict_package(package, cells, chosen, on_clip=_Progress(package, fold))
    return [Prediction(each.id, fold, each.logit) for each in said]


class _Progress:
    """A line on standard error every hundred clips."""

    def __init__(self, package: ModelPackage, fold: str) -> None:
        self._what = f"{fold}, {package.manifest.precision}"

    def __call__(self, done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            print(f"{self._what}: {done} of {total} clips", file=sys.stderr)


def comparisons(
    fp32: Predictions, int8: Predictions, cells: Sequence[Cell]
) -> Iterator[tuple[str, Comparison]]:
    """int8 against fp32: in each fold, and the mean over those that leave a split out."""
    folds = sorted({prediction.fold for prediction in fp32})
    if len(set(folds) - {PLANTS_FOLD}) > 1:
        fits = cross_calibrations(fp32, cells)
        fp32, int8 = ([calibrated(p, fits[p.fold]) for p in side] for side in (fp32, int8))
    splits = []
    for fold in folds:
        theirs, ours = (
            fold_samples([p for p in side if p.fold == fold], cells)[fold] for side in (fp32, int8)
        )
        pair = paired(ours, theirs, fold)
        yield fold, compare([pair])
        splits += [pair] if fold != PLANTS_FOLD else []
    if len(splits) > 1:
        yield MEAN, compare(splits)


def _judge(fp32: Predictions, int8: Predictions, cells: Sequence[Cell]) -> dict[str, object]:
    """Print the scores side by side; the same numbers and the logits behind them."""
    found = list(comparisons(fp32, int8, cells))
    lines = [
        (name, str(each.clips), HEADINGS[metric], *map(format_estimate, estimates))
        for name, each in found
        for metric, estimates in _estimates(each)
    ]
    head = ("fold", "clips", "metric", "fp32", "int8", "int8 less fp32")
    moved = np.array([b.logit - a.logit for a, b in zip(fp32, int8, strict=True)])
    print(Table(head, tuple(lines)).markdown())
    print(
        f"\nRaw logits move by {moved.std():.3f} (standard deviation), {moved.mean():+.3f} in the"
    )
    print(f"mean, {np.abs(moved).max():.3f} at most.\n")
    return {
        "scores": {
            name: {metric: [triple(one) for one in three] for metric, three in _estimates(each)}
            for name, each in found
        },
        "logits": [[a.fold, a.id, a.logit, b.logit] for a, b in zip(fp32, int8, strict=True)],
    }


def _estimates(comparison: Comparison) -> Iterator[tuple[str, tuple[Estimate, ...]]]:
    """Of each metric fp32, int8, and the difference."""
    for metric, each in comparison.metrics.items():
        yield metric, (each.theirs, each.ours, each.difference)


def _size_and_speed(pair: Pair, threads: Sequence[int], repeats: int) -> dict[str, object]:
    """Print file sizes and times; the same numbers."""
    sizes = [package.source.stat().st_size for package in pair.each()]
    speeds = list(_speeds(pair, threads, repeats))
    lines = [("file, MB", *(f"{size / 1e6:.1f}" for size in sizes), f"{sizes[1] / sizes[0]:.2f}")]
    for each in speeds:
        what = f"verdict {each.verdict}, {each.threads} thread{'s' * (each.threads > 1)}, ms"
        lines.append((what, f"{each.fp32_ms:.1f}", f"{each.int8_ms:.1f}", f"{each.ratio:.2f}"))
    print(Table(("", "fp32", "int8", "int8 / fp32"), tuple(lines)).markdown())
    print(f"\n{this_machine('cpu').in_words()}; medians of {repeats}, in turns.")
    return {"bytes": sizes, "speed": [vars(each) for each in speeds]}


def _speeds(pair: Pair, threads: Sequence[int], repeats: int) -> Iterator[Speed]:
    window = pair.fp32.manifest.sampling.window_frames
    clip = np.random.default_rng(0).integers(0, 256, (window, *SIDES, 3), dtype=np.uint8)
    for count in threads:
        for verdict, prepare in (("on a clip", _on_a_clip), ("in a stream", _in_a_stream)):
            judges = [prepare(package, clip, count) for package in pair.each()]
            turns = np.array([[_ms(judge) for judge in judges] for _ in range(repeats)])
            fp32_ms, int8_ms = (statistics.median(column) for column in turns.T)
            ratio = statistics.median(turns[:, 1] / turns[:, 0])
            yield Speed(verdict, count, fp32_ms, int8_ms, ratio)


def _on_a_clip(package: ModelPackage, clip: Picture, threads: int) -> Callable[[], object]:
    scorer = ClipScorer(package, threads=threads)
    scorer.score(clip)
    return lambda: scorer.score(clip)


def _in_a_stream(package: ModelPackage, clip: Picture, threads: int) -> Callable[[], object]:
    scorer = StreamScorer(package, threads=threads)
    for frame in clip:
        scorer.push(frame)
    return lambda: scorer.push(clip[0])


def _ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
