"""How well a model holds on cameras, cadences and lights that are not those it was trained on.

    python benchmarks/cameras.py --data DATA --runs runs/flagship
    python benchmarks/cameras.py --data DATA --runs runs/flagship --clips 0 --sides 720,2160

Judges the models of the folds that ``stcnet train --protocol`` left below ``--runs``, each on clips
that it was not trained on: recorded ones with other frame spacings, sizes, light, compression and
shake, and rendered scenes filmed at 0.2 to 20 s between frames, at sources of 180 pixels and more,
in grey and at night. Each condition stands beside the same clips as they are, with the paired
difference and its 95 % bootstrap interval. Frames take the way of an operator's: preprocessing,
ONNX Runtime, calibration on the other folds. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import torch

from stcnet.datasets import Cell, read_cells
from stcnet.datasets.cells.protocols import fold_test
from stcnet.errors import ConfigError, DataError, StcnetError
from stcnet.evaluation.calibration import cross_calibrations
from stcnet.evaluation.condition_runs import (
    FoldModel,
    Heard,
    Logits,
    held_out_cells,
    score_recorded,
    score_rendered,
)
from stcnet.evaluation.conditions import (
    AS_TRAINED,
    CONDITIONS,
    REFERENCE,
    Condition,
    conditions_of,
)
from stcnet.evaluation.predictions import Prediction, parse_predictions, read_rows
from stcnet.evaluation.rendered_views import (
    RENDERED_REFERENCE,
    RenderedCondition,
    rendered_conditions,
    seeds_with_smoke,
)
from stcnet.evaluation.robustness import (
    ConditionScores,
    compare_recorded,
    compare_rendered,
    condition_table,
    scores_as_json,
)
from stcnet.files import write_whole
from stcnet.inference import Calibration, ModelPackage, Sampling
from stcnet.inference.graphs import available_cores
from stcnet.inference.phases import PhaseScorer
from stcnet.packaging.export import export_package
from stcnet.training.checkpoint import WEIGHTS_FILE, load_run

CLIPS: Final = 80
SCENES: Final = 8
SIDES: Final = "360,720"
EVERY: Final = 50
"""Clips between two lines that say how far it is."""


def main() -> None:
    """Judge what was asked for, print the tables and keep the numbers."""
    given = arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        report(given)
    except StcnetError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


@dataclass(frozen=True, slots=True)
class Folds:
    """The models of the folds and what they said when they were trained.

    Attributes:
        models: By fold; all take their frames alike.
        sampling: How they do.
        stored: Their predictions of the clips that they held out.
        calibrations: By fold, what the other folds' predictions give; may be empty.
        basis: In words, how their scores are put on one scale.
    """

    models: dict[str, FoldModel]
    sampling: Sampling
    stored: list[Prediction]
    calibrations: dict[str, Calibration]
    basis: str


def report(given: argparse.Namespace) -> None:
    """Judge, print and write."""
    cells = read_cells(given.data)
    chosen = conditions_of(given.only) if given.only else CONDITIONS
    conditions = rendered_conditions(parse_sides(given.sides))
    folds = load_folds(fold_folders(given.runs, cells), cells)
    print(preface(folds), flush=True)
    recorded, apart = judge_recorded(folds, cells, chosen, given)
    print(f"As recorded they give their stored predictions to within {apart:.3f} (logits).")
    print(f"\n{condition_table(recorded).markdown()}\n", flush=True)
    rendered = judge_rendered(folds, conditions, given) if given.scenes else []
    if rendered:
        print(f"\n{condition_table(rendered).markdown()}")
    if given.json:
        record = {
            "folds": list(folds.models),
            "calibration": folds.basis,
            "interval_s": folds.sampling.interval_s,
            "stride": folds.sampling.stride,
            "apart_from_stored_logits": apart,
            "reference": {"recorded": REFERENCE.name, "rendered": RENDERED_REFERENCE.name},
            "recorded": scores_as_json(recorded),
            "rendered": scores_as_json(rendered),
        }
        write_json(given.json, record)


def judge_recorded(
    folds: Folds, cells: Sequence[Cell], chosen: Sequence[Condition], given: argparse.Namespace
) -> tuple[list[ConditionScores], float]:
    """The conditions of recorded clips, and how far as they are they lie from what is stored."""
    tested = held_out_cells(cells, folds.models, given.clips or None)
    heard = told("recorded clips")
    logits = score_recorded(
        given.data, folds.models, tested, chosen, threads=given.threads, heard=heard
    )
    apart = largest_difference(logits, folds.stored)
    return compare_recorded(logits, tested, chosen, REFERENCE, folds.calibrations), apart


def judge_rendered(
    folds: Folds, conditions: Sequence[RenderedCondition], given: argparse.Namespace
) -> list[ConditionScores]:
    """The rendered conditions; scenes follow from their seeds."""
    seeds = list(seeds_with_smoke(given.scenes, folds.sampling.phase_frames))
    heard = told("rendered clips")
    logits = score_rendered(folds.models, conditions, seeds, threads=given.threads, heard=heard)
    return compare_rendered(logits, conditions, RENDERED_REFERENCE, folds.calibrations)


def load_folds(folders: dict[str, Path], cells: Sequence[Cell]) -> Folds:
    """The models of finished folds and their predictions.

    Raises:
        StcnetError: A run is not finished or cannot be exported, or its predictions are missing.
    """
    models = {fold: load_model(folder) for fold, folder in folders.items()}
    stored = stored_predictions(folders)
    calibrations, basis = calibrate_folds(stored, cells)
    return Folds(models, shared_sampling(models), stored, calibrations, basis)


def fold_folders(runs: Sequence[Path], cells: Sequence[Cell]) -> dict[str, Path]:
    """The folders of finished folds, by the name of their fold.

    Raises:
        ConfigError: There is none, a folder is not there, or a fold comes twice.
    """
    found: dict[str, Path] = {}
    for weights in sorted(path for run in runs for path in finished_in(run)):
        fold = weights.parent.name
        if fold_test(cells, fold) is None:
            continue
        if fold in found:
            raise ConfigError("a fold comes twice", where="--runs", got=str(weights.parent))
        found[fold] = weights.parent
    if not found:
        raise ConfigError(
            "no finished fold of the shared cells lies there",
            where="--runs",
            got=", ".join(map(str, runs)),
            hint="run stcnet train --protocol leave-one-split-out first",
        )
    return found


def finished_in(run: Path) -> list[Path]:
    """The weights of the finished folds of a run.

    Raises:
        ConfigError: There is no such folder.
    """
    if not run.is_dir():
        raise ConfigError("there is no such folder", where="--runs", got=str(run))
    return list(run.glob(f"*/{WEIGHTS_FILE}"))


def load_model(folder: Path) -> FoldModel:
    """A fold's network as a model package runs it.

    Raises:
        StcnetError: The run is not finished, or its network cannot be exported.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "fold.stcnet"
        export_package(load_run(folder), path, version="0")
        package = ModelPackage.load(path)
    manifest = package.manifest
    return FoldModel(PhaseScorer(package.runner(1), manifest.input), manifest.sampling)


def shared_sampling(models: dict[str, FoldModel]) -> Sampling:
    """How all models take their frames.

    Raises:
        ConfigError: They differ in it.
    """
    kinds = {model.sampling for model in models.values()}
    if len(kinds) > 1:
        raise ConfigError(
            "the folds are of different recipes",
            where="--runs",
            got="; ".join(f"{kind.frames} residuals" for kind in kinds),
        )
    return kinds.pop()


def stored_predictions(folders: dict[str, Path]) -> list[Prediction]:
    """What each fold said of the clips that it held out.

    Raises:
        DataError: A file is missing or wrong.
    """
    paths = [folder / "predictions.csv" for folder in folders.values()]
    return [each for path in paths for each in parse_predictions(read_rows(path), path)]


def largest_difference(logits: Logits, stored: Sequence[Prediction]) -> float:
    """How far a package's scores lie from the stored ones, which a device of its own rounded.

    Raises:
        ConfigError: A fold's predictions are not of the clips that it is judged on.
    """
    known = {(each.fold, each.id): each.logit for each in stored}
    ours = {
        (fold, clip): logit
        for (condition, fold), scores in logits.items()
        if condition == AS_TRAINED.name
        for clip, logit in scores.items()
    }
    if missing := sorted(ours.keys() - known.keys()):
        raise ConfigError(
            "the stored predictions of a fold miss a clip",
            where=f"{missing[0][0]}/predictions.csv",
            got=missing[0][1],
            hint="run the training command again: it predicts a finished fold anew",
        )
    return max(abs(logit - known[place]) for place, logit in ours.items())


def calibrate_folds(
    predictions: Sequence[Prediction], cells: Sequence[Cell]
) -> tuple[dict[str, Calibration], str]:
    """By fold, what the other folds' predictions give; nothing where one has no other."""
    try:
        return cross_calibrations(predictions, cells), "each fold calibrated on the others"
    except DataError as error:
        return {}, f"judged at logit 0, as {error}"


def preface(folds: Folds) -> str:
    """What is judged, and the cadence that the models ask for."""
    gap_s = folds.sampling.stride * folds.sampling.interval_s
    return (
        f"Models of {', '.join(folds.models)}; {folds.basis}. They ask for a frame every "
        f"{folds.sampling.interval_s:g} s and compare frames {gap_s:g} s apart."
    )


def whole(least: int) -> Callable[[str], int]:
    """Reads a whole number from ``least`` on."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return number


def parse_sides(text: str) -> tuple[int, ...]:
    """Sides in pixels, parted by commas.

    Raises:
        ConfigError: One is no number, below 32 or above 4320.
    """
    sides = [part.strip() for part in text.split(",") if part.strip()]
    for side in sides:
        if not (side.isdecimal() and 32 <= int(side) <= 4320):
            raise ConfigError("a side is wrong", where="--sides", got=side, allowed="32..4320")
    return tuple(map(int, sides))


def told(what: str) -> Heard:
    """Says on standard error how far it is."""

    def heard(done: int, total: int) -> None:
        if done % EVERY == 0 or done == total:
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return heard


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write the numbers, whole or not at all."""
    content = (json.dumps(record, indent=1) + "\n").encode()
    write_whole(path, content, what="the numbers", hint="name another file with --json")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument(
        "--runs",
        type=Path,
        nargs="+",
        required=True,
        help="folders of runs with --protocol; folds lie in them",
    )
    parser.add_argument(
        "--clips",
        type=whole(0),
        default=CLIPS,
        help=f"about how many a fold, {CLIPS} unless said otherwise; 0: all",
    )
    parser.add_argument(
        "--scenes",
        type=whole(0),
        default=SCENES,
        help=f"rendered, of four clips each, {SCENES} unless said otherwise; 0: none",
    )
    parser.add_argument(
        "--sides",
        default=SIDES,
        help=f"of rendered sources beside 180 pixels, {SIDES} unless said otherwise",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="GROUP",
        help="what differs in recorded clips: time, source, light, file, motion; else all",
    )
    parser.add_argument(
        "--threads",
        type=whole(1),
        default=available_cores(),
        help="clips scored at a time; else one a core",
    )
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
