"""Score against share of the training data: what more clips would bring.

    python benchmarks/learning_curve.py --data DATA --out runs/curve
    python benchmarks/learning_curve.py --data DATA --out runs/curve --folds leave-out-S0
    python benchmarks/learning_curve.py --data DATA --out runs/curve --table

Trains the bundled recipe ``flagship`` on 1/8, 1/4, 1/2 and all of the training clips of each fold
that leaves a split or the other plants out, the smaller share inside the larger one, and judges it
on all test clips as ``stcnet evaluate --calibrated`` does. A share is drawn several times, since a
small one depends on which clips it holds.

Each training takes as many steps as the one on all clips: schedule, warm-up and averaging of a
recipe count steps, so that with as many epochs a small share would also be trained for less long,
and the curve would show both at once.

A training that was interrupted goes on, a finished one is not repeated. Several processes may work
in one folder on folds of their own, once the first has rendered the scenes they share. Writes
``curve.json`` and ``curve.md``. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Fold
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.folds.shares import share_of_fold
from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.evaluation.calibration import cross_calibrate
from stcnet.evaluation.estimates import REPLICATES, Replicated, mean_of, replicate
from stcnet.evaluation.learning_curves import Curve, Drawn, Quantity, curve_table
from stcnet.evaluation.predictions import parse_predictions, read_rows, write_predictions
from stcnet.evaluation.protocol import fold_samples
from stcnet.files import write_whole
from stcnet.training.checkpoint import DATA_FILE, RECIPE_FILE
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold
from stcnet.training.pretraining import lay_groundwork
from stcnet.training.recipes.recipe import Recipe, load_recipe
from stcnet.training.recipes.rehearsal import rehearsed
from stcnet.wording import counted

BASE: Final = "flagship"
PROTOCOLS: Final = ("leave-one-split-out", "leave-plants-out")
SHARES: Final = "1/8,1/4,1/2,1"
PREDICTIONS_FILE: Final = "predictions.csv"
RISE_QUANTITIES: Final = (
    Quantity("RISE, smoke F1", "smoke_f1", 0.85),
    Quantity("RISE, ROC AUC", "roc_auc", 0.90),
)
"""Means over the folds that leave a split out."""
PLANTS_QUANTITIES: Final = (Quantity("other plants, unseen, smoke F1", "smoke_f1", 0.80),)
"""Of the fold that leaves the other plants out."""


@dataclass(frozen=True, slots=True)
class Point:
    """One draw of one share."""

    share: Fraction
    draw: int

    @property
    def folder(self) -> str:
        """Of its runs."""
        return f"{self.share.numerator}of{self.share.denominator}/draw-{self.draw}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is trained and judged.

    Attributes:
        recipe: For all clips of a fold.
        data: The shared cells.
        folds: Whole.
        points: Of the curve.
        out: Where runs and results go.
        accelerator: ``auto``, ``cpu`` or ``cuda``.
    """

    recipe: Recipe
    data: CellCollection
    folds: tuple[Fold, ...]
    points: tuple[Point, ...]
    out: Path
    accelerator: str

    def part(self, point: Point, fold: Fold) -> Fold:
        """What of a fold is trained on."""
        return share_of_fold(fold, float(point.share), seed=point.draw)

    def recipe_of(self, part: Fold, fold: Fold) -> Recipe:
        """The recipe with as many epochs as take the steps of the whole fold."""
        factor = len(fold.train) / len(part.train)
        counts = {name: getattr(self.recipe, name) for name in ("epochs", "mixup_epochs")}
        held: dict[str, object] = {
            name: max(1, round(factor * count)) for name, count in counts.items() if count
        }
        if (end := self.recipe.finishing) is not None:
            longer = {"epochs": max(1, round(factor * end.epochs))}
            held["finishing"] = end.model_copy(update=longer)
        return self.recipe.model_copy(update=held)

    def folder(self, point: Point, fold: Fold) -> Path:
        """Of one run."""
        return self.out / point.folder / fold.name


def main() -> None:
    """Train what is not finished, and print the curve of what is."""
    given = arguments()
    plan = plan_of(given)
    if not given.table:
        train(plan)
    finished = [point for point in plan.points if is_judgeable(plan, point)]
    if not finished:
        raise DataError("no share is finished", where=given.out, hint="leave --table out")
    write(plan, *judge(plan, finished))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of runs and results")
    parser.add_argument("--folds", help="names of folds, parted by commas; else all")
    parser.add_argument("--shares", default=SHARES, help=f"of the clips; else {SHARES}")
    parser.add_argument("--draws", type=int, default=3, help="of each share below 1; else 3")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--epochs", type=int, help="on all clips, for a rehearsal")
    parser.add_argument("--size", type=int, help="pictures of so many pixels, for a rehearsal")
    parser.add_argument("--scenes", type=int, help="rendered scenes, for a rehearsal")
    return parser.parse_args()


def plan_of(given: argparse.Namespace) -> Plan:
    """The plan that was asked for.

    Raises:
        ConfigError: There is no such fold or share.
    """
    data = CellCollection.open(given.data)
    known = {fold.name: fold for name in PROTOCOLS for fold in folds_of(data, name)}
    names = given.folds.split(",") if given.folds else list(known)
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(
            "there is no such fold", where="--folds", got=unknown[0], allowed=", ".join(known)
        )
    folds = tuple(known[name] for name in dict.fromkeys(names))
    points = tuple(points_of(given.shares, given.draws))
    return Plan(recipe_of(given), data, folds, points, given.out, given.accelerator)


def points_of(shares: str, draws: int) -> Iterator[Point]:
    """The draws of each share, the smallest share first; all clips are drawn once.

    Raises:
        ConfigError: One is no share, or nothing is to be drawn.
    """
    if draws < 1:
        raise ConfigError("a share is drawn once or more", where="--draws", got=draws)
    for share in sorted({parsed(text) for text in shares.split(",")}):
        for draw in range(1, draws + 1 if share < 1 else 2):
            yield Point(share, draw)


def parsed(text: str) -> Fraction:
    """A share such as 1/8 or 0.5.

    Raises:
        ConfigError: It is none.
    """
    try:
        share = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise ConfigError(
            "there is no such share", where="--shares", got=text, allowed="above 0, at most 1"
        )
    return share


def recipe_of(given: argparse.Namespace) -> Recipe:
    """The bundled recipe, with the changes of a rehearsal."""
    return rehearsed(load_recipe(BASE), epochs=given.epochs, size=given.size, scenes=given.scenes)


def train(plan: Plan) -> None:
    """Train every point on every fold that it has no predictions of."""
    fabric = make_fabric(plan.accelerator, precision=plan.recipe.precision)
    groundwork = lay_groundwork(plan.recipe, plan.out, fabric)
    for point in plan.points:
        for fold in plan.folds:
            part = plan.part(point, fold)
            recipe, own = plan.recipe_of(part, fold), plan.folder(point, fold)
            if is_finished(own, recipe, part):
                continue
            predictions = run_fold(
                recipe, part, plan.data, own.parent, fabric=fabric, groundwork=groundwork
            )
            write_predictions(own / PREDICTIONS_FILE, predictions)
            print(f"{point.folder}: {fold.name}, {len(part.train)} clips", flush=True)


def is_finished(folder: Path, recipe: Recipe, part: Fold) -> bool:
    """Whether a run is done.

    Raises:
        TrainingError: It is done by another recipe, or with other clips.
    """
    if not (folder / PREDICTIONS_FILE).is_file():
        return False
    done = Recipe.model_validate_json((folder / RECIPE_FILE).read_text(encoding="utf-8"))
    data = TrainingData.model_validate_json((folder / DATA_FILE).read_text(encoding="utf-8"))
    for same, what in (
        (done == recipe, "another recipe"),
        (set(data.clips) == {clip.id for clip in part.train}, "other clips"),
    ):
        if not same:
            raise TrainingError(
                f"a finished run is of {what}", where=folder, hint="name another folder with --out"
            )
    return True


def is_judgeable(plan: Plan, point: Point) -> bool:
    """Whether a point is trained on all folds.

    Raises:
        TrainingError: One of its runs is of another recipe, or of other clips.
    """
    parts = ((fold, plan.part(point, fold)) for fold in plan.folds)
    return all(
        is_finished(plan.folder(point, fold), plan.recipe_of(part, fold), part)
        for fold, part in parts
    )


def judge(plan: Plan, points: Sequence[Point]) -> tuple[list[Curve], str]:
    """The curves through points, and where a clip is called smoke: by one way for all of them."""
    try:
        scores = {point: judge_point(plan, point, calibrated=True) for point in points}
        return curves_of(plan, scores), "calibrated across its folds"
    except DataError as error:
        scores = {point: judge_point(plan, point, calibrated=False) for point in points}
        return curves_of(plan, scores), f"judged at logit 0, as {error}"


def judge_point(plan: Plan, point: Point, *, calibrated: bool) -> dict[bool, Replicated]:
    """The scores of a point by whether they are of the fold without the plants.

    They come with replicates of the test clips, the same for every point.
    """
    paths = [plan.folder(point, fold) / PREDICTIONS_FILE for fold in plan.folds]
    predictions = [each for path in paths for each in parse_predictions(read_rows(path), path)]
    if calibrated:
        predictions = cross_calibrate(predictions, plan.data.cells)
    found: dict[bool, Replicated] = {}
    for plants in (False, True):
        chosen = [each for each in predictions if (each.fold == PLANTS_FOLD) == plants]
        samples = fold_samples(chosen, plan.data.cells)
        parts = [replicate(sample, seed=seed) for seed, sample in enumerate(samples.values())]
        if parts:
            found[plants] = mean_of(parts)
    return found


def curves_of(plan: Plan, judged: Mapping[Point, Mapping[bool, Replicated]]) -> list[Curve]:
    """A curve for each quantity that the folds tell."""
    curves: list[Curve] = []
    for plants, quantities in ((False, RISE_QUANTITIES), (True, PLANTS_QUANTITIES)):
        folds = [fold for fold in plan.folds if (fold.name == PLANTS_FOLD) == plants]
        if folds:
            points = list(drawn(plan, folds, {p: each[plants] for p, each in judged.items()}))
            curves += [Curve.through(quantity, points) for quantity in quantities]
    return curves


def drawn(plan: Plan, folds: Sequence[Fold], scores: Mapping[Point, Replicated]) -> Iterator[Drawn]:
    """The draws of each share together."""
    for share in {point.share for point in scores}:
        points = [point for point in scores if point.share == share]
        sizes = [len(plan.part(point, fold).train) for point in points for fold in folds]
        yield Drawn(share, sum(sizes) / len(sizes), tuple(scores[point] for point in points))


def write(plan: Plan, curves: Sequence[Curve], way: str) -> None:
    """Write the curves as JSON and as a table with what they promise, which is printed as well."""
    promises = [curve.in_words() for curve in curves]
    text = "\n\n".join([curve_table(curves).markdown(), *promises, foot(plan, way)])
    record = {
        "recipe": plan.recipe.model_dump(mode="json"),
        "folds": [fold.name for fold in plan.folds],
        "judged": way,
        "curves": [curve.record() for curve in curves],
    }
    content = json.dumps(record, indent=1, allow_nan=False) + "\n"
    for name, whole in (("curve.json", content), ("curve.md", text + "\n")):
        write_whole(
            plan.out / name, whole.encode(), what="the curve", hint="name another folder with --out"
        )
    print(text)


def foot(plan: Plan, way: str) -> str:
    """What the figures are of."""
    network = plan.recipe.network
    return (
        f"Recipe {plan.recipe.name}, {counted(plan.recipe.epochs, 'epoch')} on all clips and as "
        f"many steps on fewer, {network.size_in_training} px, tested at {network.input_size} px; "
        f"folds {', '.join(fold.name for fold in plan.folds)}; each share {way}."
        f" 95 % intervals of {REPLICATES} replicates of the test clips and of the draws; they do"
        " not cover the luck of a training seed on all clips."
    )


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
