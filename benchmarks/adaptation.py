"""What some labelled clips of a new plant are worth to a model that has never seen it.

    python benchmarks/adaptation.py --data DATA --run RUNS/leave-out-plants --out runs/adapted

The run is that of the fold which leaves the other plants out. It goes on with a share of the clips
of these plants, as an operator would with the bundled model and ``stcnet train adapt``, and is
judged on clips that it has not seen: the plants' clips of two RISE splits teach what is tested on
those of the other two, and the other way round, so that every clip is tested once. Near-duplicates
of a test clip do not teach. The camera views are the same on both sides, as they are for an
operator; days may be, too.

A smaller share lies within every larger one. Writes the predictions of each as ``CLIPS.csv``,
under the name of the fold, which ``stcnet evaluate`` judges, and prints beside those of the run as
it was, with paired intervals, the scores that need no threshold: with one fold there is no other to
calibrate on. A share that was interrupted goes on, a finished one is not repeated. Needs the
``train`` extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Fold
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.protocols import PLANT_SITES, PLANTS_FOLD, PLANTS_PROTOCOL
from stcnet.datasets.folds.fold import hold_out
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.folds.shares import share_of_fold
from stcnet.errors import ConfigError
from stcnet.evaluation.comparison import Comparison, compare, paired
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import (
    Prediction,
    parse_predictions,
    read_rows,
    write_predictions,
)
from stcnet.evaluation.protocol import fold_samples
from stcnet.evaluation.tables import Table, format_estimate, format_share
from stcnet.training.batches.decoding import decode
from stcnet.training.checkpoint import WEIGHTS_FILE, load_run
from stcnet.training.folds import run_fold
from stcnet.training.recipes.recipe import Recipe, load_recipe
from stcnet.training.recipes.rehearsal import rehearsed

BASE: Final = "adapt"
HALVES: Final = (("S0", "S1"), ("S2", "S4"))
"""Splits whose clips of the other plants are tested on together."""
SHARES: Final = "1/8,1/4,1/2,1"
BEFORE: Final = "0"
"""Stem of the predictions of the run as it was."""
METRICS: Final = (  # of the order alone: no threshold can be calibrated on one fold
    ("ROC AUC", "roc_auc"),
    ("average precision", "average_precision"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is taught to what.

    Attributes:
        recipe: Of the adaptation, from the weights of the run.
        run: Folder of the run that has never seen the plants.
        data: The shared cells.
        out: Where runs and predictions go.
    """

    recipe: Recipe
    run: Path
    data: CellCollection
    out: Path

    def halves(self) -> Iterator[Fold]:
        """Every clip of the plants is a test clip of one of them."""
        plants = [cell for cell in self.data.cells if cell.site in PLANT_SITES]
        clips = [cell.clip for cell in plants]
        for splits in HALVES:
            tested = [cell.clip for cell in plants if cell.split in splits]
            yield hold_out("-".join(("plants", *splits)), clips, tested)


def main() -> None:
    """Adapt, predict, judge and print."""
    given = arguments()
    data = CellCollection.open(given.data)
    plan = Plan(recipe_of(given, data), given.run, data, given.out)
    given.out.mkdir(parents=True, exist_ok=True)
    found = {BEFORE: before(plan)}
    for share in given.shares:
        name, predictions = adapted(plan, share)
        found[name] = predictions
        print(f"{name} clips: done", file=sys.stderr, flush=True)
    print(table(plan, found).markdown())


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument("--run", type=Path, required=True, help="finished run of leave-out-plants")
    parser.add_argument("--out", type=Path, required=True, help="folder of runs and predictions")
    parser.add_argument(
        "--shares", type=shares, default=SHARES, help=f"of the teaching clips; else {SHARES}"
    )
    parser.add_argument("--epochs", type=int, help="for a rehearsal")
    return parser.parse_args()


def shares(text: str) -> list[Fraction]:
    """Shares such as 1/8 or 0.5, parted by commas, the smallest first."""
    found = sorted({Fraction(part.strip()) for part in text.split(",")})
    if not 0 < found[0] <= found[-1] <= 1:
        raise ValueError(f"shares lie above 0 and at most at 1: {text}")
    return found


def recipe_of(given: argparse.Namespace, data: CellCollection) -> Recipe:
    """The bundled recipe, from the weights of the run and at its size.

    Raises:
        ConfigError: The run has seen the plants.
    """
    known = load_run(given.run)
    plants = folds_of(data, PLANTS_PROTOCOL)[0].test
    if seen := sorted({clip.id for clip in plants} & {*known.data.seen}):
        raise ConfigError(
            "the run has seen clips of the plants that it is to be taught",
            where=given.run,
            got=f"{seen[0]}, {len(seen)} in all",
            hint=f"name the run of {PLANTS_FOLD}",
        )
    recipe = rehearsed(load_recipe(BASE), epochs=given.epochs)
    start = {
        "pretrained": str(given.run / WEIGHTS_FILE),
        "input_size": known.recipe.network.input_size,
    }
    return recipe.model_copy(update={"network": recipe.network.model_copy(update=start)})


def before(plan: Plan) -> list[Prediction]:
    """What the run says of the plants before it is taught."""
    path = plan.out / f"{BEFORE}.csv"
    if path.is_file():
        return written(path)
    run = load_run(plan.run)
    network = run.network()
    fold = folds_of(plan.data, PLANTS_PROTOCOL)[0]
    seen = decode(plan.data, fold.test, run.recipe.network.input_size)
    logits = predict_logits(network, run.recipe.network.input_of(network), seen).tolist()
    predictions = [
        Prediction(clip, PLANTS_FOLD, logit) for clip, logit in zip(seen.ids, logits, strict=True)
    ]
    write_predictions(path, predictions)
    return written(path)


def written(path: Path) -> list[Prediction]:
    """The predictions of a file: what is judged is what is kept, rounded as it is."""
    return parse_predictions(read_rows(path), path)


def adapted(plan: Plan, share: Fraction) -> tuple[str, list[Prediction]]:
    """Teach a share of the clips of each half, and predict what the other holds out.

    Returns:
        The mean number of teaching clips, and the predictions of all clips of the plants.
    """
    parts = [share_of_fold(half, float(share), seed=1) for half in plan.halves()]
    name = str(round(sum(len(part.train) for part in parts) / len(parts)))
    path = plan.out / f"{name}.csv"
    if path.is_file():
        return name, written(path)
    predictions = [
        replace(each, fold=PLANTS_FOLD)
        for part in parts
        for each in run_fold(plan.recipe, part, plan.data, plan.out / f"runs-{name}")
    ]
    write_predictions(path, predictions)
    return name, written(path)


def table(plan: Plan, found: dict[str, list[Prediction]]) -> Table:
    """A row for each number of teaching clips."""
    head = ["teaching clips"]
    for title, _ in METRICS:
        head += [title, "difference", "p"]
    return Table(
        tuple(head),
        tuple((name, *figures(against(plan, each, found[BEFORE]))) for name, each in found.items()),
    )


def against(plan: Plan, ours: Sequence[Prediction], theirs: Sequence[Prediction]) -> Comparison:
    """Predictions beside those of the run as it was, on the same clips."""
    mine, other = (
        next(iter(fold_samples(list(each), plan.data.cells).values())) for each in (ours, theirs)
    )
    return compare([paired(mine, other, PLANTS_FOLD)])


def figures(comparison: Comparison) -> Iterator[str]:
    """Of a row."""
    for _, metric in METRICS:
        found = comparison.metrics[metric]
        yield format_estimate(found.ours)
        yield format_estimate(found.difference)
        yield format_share(found.p_value)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
