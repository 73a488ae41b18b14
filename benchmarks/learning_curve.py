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

A training that was interrupted goes on, a finished one is not repeated; several processes may work
in one folder on folds of their own. Writes ``curve.json`` and ``curve.md``. Needs the ``train``
extra.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Fold
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.folds.shares import share_of_fold
from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.evaluation.bootstrap import Estimate, interval
from stcnet.evaluation.calibration import cross_calibrate
from stcnet.evaluation.estimates import REPLICATES, Replicated, mean_of, replicate
from stcnet.evaluation.learning import Forecast, forecast
from stcnet.evaluation.metrics import FloatArray
from stcnet.evaluation.predictions import (
    Prediction,
    parse_predictions,
    read_rows,
    write_predictions,
)
from stcnet.evaluation.protocol import fold_samples
from stcnet.evaluation.tables import Table, format_estimate, triple
from stcnet.files import write_whole
from stcnet.training.checkpoint import DATA_FILE, RECIPE_FILE
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.folds import run_fold
from stcnet.training.pretraining import lay_groundwork
from stcnet.training.recipe import Recipe, load_recipe

BASE: Final = "flagship"
PROTOCOLS: Final = ("leave-one-split-out", "leave-plants-out")
SHARES: Final = "1/8,1/4,1/2,1"
PREDICTIONS_FILE: Final = "predictions.csv"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A score that the curve is drawn of.

    Attributes:
        title: Of its column.
        plants: Whether it is of the fold that leaves the other plants out; else the mean over the
            folds that leave a split out.
        metric: Of :data:`stcnet.evaluation.metrics.METRICS`.
        target: What is wanted of it.
    """

    title: str
    plants: bool
    metric: str
    target: float


QUANTITIES: Final = (
    Quantity("RISE, smoke F1", False, "smoke_f1", 0.85),
    Quantity("RISE, ROC AUC", False, "roc_auc", 0.90),
    Quantity("other plants, unseen, smoke F1", True, "smoke_f1", 0.80),
)


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
        held = {name: max(1, round(factor * count)) for name, count in counts.items() if count}
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
    judged = {point: scores for point in plan.points if (scores := judge(plan, point))}
    if not judged:
        raise DataError("no share is finished", where=given.out, hint="leave --table out")
    write(plan, judged)


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
    settings = load_recipe(BASE).model_dump(mode="json")
    if given.epochs:
        settings["epochs"] = given.epochs
        if settings["pretraining"]:
            settings["pretraining"]["epochs"] = given.epochs
    if given.size:
        settings["network"]["input_size"] = given.size
    if given.scenes and settings["scenes"]:
        settings["scenes"]["clips"] = given.scenes
    return Recipe.model_validate(settings)


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


def judge(plan: Plan, point: Point) -> dict[str, Replicated] | None:
    """Each quantity of a point with its replicates; None unless all its folds are finished."""
    paths = [plan.folder(point, fold) / PREDICTIONS_FILE for fold in plan.folds]
    for path, fold in zip(paths, plan.folds, strict=True):
        part = plan.part(point, fold)
        if not is_finished(path.parent, plan.recipe_of(part, fold), part):
            return None
    predictions = [each for path in paths for each in parse_predictions(read_rows(path), path)]
    try:
        predictions = cross_calibrate(predictions, plan.data.cells)
    except DataError as error:
        print(f"{point.folder}: judged at logit 0, as {error}")
    return {
        quantity.title: replicated
        for quantity in QUANTITIES
        if (replicated := replicated_of(quantity, predictions, plan)) is not None
    }


def replicated_of(
    quantity: Quantity, predictions: Sequence[Prediction], plan: Plan
) -> Replicated | None:
    """A quantity on the clips, and on replicates that are the same for every point."""
    chosen = [p for p in predictions if (p.fold == PLANTS_FOLD) == quantity.plants]
    samples = fold_samples(chosen, plan.data.cells)
    parts = [replicate(sample, seed=seed) for seed, sample in enumerate(samples.values())]
    return mean_of(parts) if parts else None


Judged = Mapping[Point, Mapping[str, Replicated]]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One quantity by the size of the training set.

    Attributes:
        quantity: What is drawn.
        shares: Of the training clips, rising; shape (K,).
        sizes: Mean number of training clips over folds and draws, shape (K,).
        scores: Mean over draws, shape (K,).
        replicated: The same of replicates of the test clips and of the draws, shape (R, K).
    """

    quantity: Quantity
    shares: tuple[Fraction, ...]
    sizes: FloatArray
    scores: FloatArray
    replicated: FloatArray

    def estimates(self) -> list[Estimate]:
        """The score of each share with its interval."""
        return [
            interval(score, column)
            for score, column in zip(self.scores.tolist(), self.replicated.T, strict=True)
        ]

    def forecast(self) -> Forecast | None:
        """What lies beyond it."""
        return forecast(self.sizes, self.scores, self.replicated, self.quantity.target)


def curve_of(quantity: Quantity, plan: Plan, judged: Judged) -> Curve:
    """The curve of a quantity through the points that are judged."""
    shares = tuple(sorted({point.share for point in judged}))
    drawn = [[point for point in judged if point.share == share] for share in shares]
    folds = [fold for fold in plan.folds if (fold.name == PLANTS_FOLD) == quantity.plants]
    sizes = [
        np.mean([len(plan.part(point, fold).train) for point in points for fold in folds])
        for points in drawn
    ]
    metric = quantity.metric
    known = [[judged[point][quantity.title] for point in points] for points in drawn]
    return Curve(
        quantity,
        shares,
        np.array(sizes),
        np.array([np.mean([each.values[metric] for each in draws]) for draws in known]),
        np.stack([redrawn([each.samples[metric] for each in draws]) for draws in known], axis=1),
    )


def redrawn(draws: Sequence[FloatArray]) -> FloatArray:
    """Means over draws that are drawn anew in each replicate, shape (R,)."""
    rng = np.random.default_rng(len(draws))
    values = np.stack(draws)
    chosen = rng.integers(len(draws), size=values.shape)
    return np.asarray(np.take_along_axis(values, chosen, axis=0).mean(axis=0))


def write(plan: Plan, judged: Judged) -> None:
    """Write the curves as JSON and as a table with what they promise, which is printed as well."""
    told = next(iter(judged.values()))
    curves = [curve_of(each, plan, judged) for each in QUANTITIES if each.title in told]
    text = "\n\n".join([table_of(curves, judged).markdown(), *map(in_words, curves), foot(plan)])
    content = json.dumps(record_of(plan, curves, judged), indent=1, allow_nan=False) + "\n"
    for name, whole in (("curve.json", content), ("curve.md", text + "\n")):
        write_whole(
            plan.out / name, whole.encode(), what="the curve", hint="name another folder with --out"
        )
    print(text)


def table_of(curves: Sequence[Curve], judged: Judged) -> Table:
    """A line for each share."""
    lines = [
        (
            str(share),
            str(sum(point.share == share for point in judged)),
            *(f"{curve.sizes[row]:.0f}: {format_estimate(estimates[row])}"
              for curve, estimates in ((curve, curve.estimates()) for curve in curves)),
        )
        for row, share in enumerate(curves[0].shares)
    ]  # fmt: skip
    titles = (f"clips: {curve.quantity.title}" for curve in curves)
    return Table(("share", "draws", *titles), tuple(lines))


def in_words(curve: Curve) -> str:
    """What a curve promises, and whether it can be trusted with it."""
    title, target = curve.quantity.title, curve.quantity.target
    found = curve.forecast()
    if found is None:
        return f"{title}: no power law, as there are fewer than four shares."
    return (
        f"{title}: by a power law {format_estimate(found.score)} with {found.clips:.0f} clips, "
        f"{format_estimate(found.doubled)} with twice as many, {format_estimate(found.limit)} "
        f"with any number. {target:.2f} takes {clips_in_words(found.needed.value)} "
        f"({clips_in_words(found.needed.low)} to {clips_in_words(found.needed.high)})"
        f"{'.' if found.told else ': these data cannot tell how many.'}"
    )


def clips_in_words(count: float) -> str:
    """A number of clips, to two digits."""
    if not np.isfinite(count):
        return "more than any number"
    return f"{float(f'{count:.2g}'):,.0f} clips"


def foot(plan: Plan) -> str:
    """What the figures are of."""
    return (
        f"Recipe {plan.recipe.name}, {plan.recipe.epochs} epochs on all clips and as many steps on "
        f"fewer, {plan.recipe.network.input_size} px; "
        f"folds {', '.join(fold.name for fold in plan.folds)}."
        f" 95 % intervals of {REPLICATES} replicates of the test clips and of the draws; they do"
        " not cover the luck of a training seed on all clips."
    )


def record_of(plan: Plan, curves: Sequence[Curve], judged: Judged) -> dict[str, Any]:
    """All numbers, of plain JSON types."""
    return {
        "recipe": plan.recipe.model_dump(mode="json"),
        "folds": [fold.name for fold in plan.folds],
        "points": [
            {
                "share": str(point.share),
                "draw": point.draw,
                "clips": {fold.name: len(plan.part(point, fold).train) for fold in plan.folds},
                "scores": {title: scored(title, each) for title, each in scores.items()},
            }
            for point, scores in judged.items()
        ],
        "curves": [
            {
                "of": curve.quantity.title,
                "clips": curve.sizes.tolist(),
                "scores": [triple(estimate) for estimate in curve.estimates()],
                "forecast": forecast_record(curve.forecast()),
            }
            for curve in curves
        ],
    }


def scored(title: str, replicated: Replicated) -> list[float | None]:
    """The metric of a quantity with its interval."""
    metric = next(quantity.metric for quantity in QUANTITIES if quantity.title == title)
    return triple(replicated.estimates()[metric])


def forecast_record(found: Forecast | None) -> dict[str, Any] | None:
    """A forecast; None stands for a number of clips without an end."""
    if found is None:
        return None
    needed = (found.needed.value, found.needed.low, found.needed.high)
    return {
        "score": triple(found.score),
        "doubled": triple(found.doubled),
        "limit": triple(found.limit),
        "target": found.target,
        "needed": [round(count) if np.isfinite(count) else None for count in needed],
        "told": found.told,
    }


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
