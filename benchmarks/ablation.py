"""What each part of the bundled recipe is worth on clips that were not trained on.

    python benchmarks/ablation.py --data DATA --out runs/ablation
    python benchmarks/ablation.py --data DATA --out runs/ablation --rows 'flagship,head mean'
    python benchmarks/ablation.py --data DATA --out runs/ablation --folds leave-out-S0,leave-out-S2
    python benchmarks/ablation.py --data DATA --out runs/ablation --table
    python benchmarks/ablation.py --data DATA --stored docs/results/ablation --base base

Each row of ``ablation.yaml`` changes something in the recipe ``flagship`` (``--recipe``: another);
it is trained on the folds that leave one split out and on the one that leaves the other plants out,
and judged as ``stcnet evaluate --calibrated`` does. The row ``rendered clips only`` is trained once
on rendered scenes, and never sees a real clip. Rows share the rendered scenes, and those that
pretrain alike share what it gave. A row that was interrupted goes on, a finished one is not trained
again, one that another recipe left is refused; ``--table`` prints what there is: rows that are
finished on all splits. Each row is compared with the first of them, or with ``--base``, on the same
clips. ``--folds`` trains and compares rows on some folds alone. Several processes may work in one
folder on rows of their own, once the first has laid the groundwork that they share. Writes
``ablation.json`` and ``ablation.md``. ``--stored`` trains and writes nothing: it prints the table
of predictions that lie in a folder, a file a row. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightning_fabric as lf
import yaml

from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Cell, Collection, Fold, read_cells
from stcnet.datasets.cells.protocols import PLANTS_FOLD, SPLIT_FOLD, SPLITS
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.opening import open_collection
from stcnet.errors import ConfigError, DataError, TrainingError
from stcnet.evaluation.assessment import Assessment, assess_cells
from stcnet.evaluation.calibration import cross_calibrate
from stcnet.evaluation.predictions import (
    Prediction,
    parse_predictions,
    read_rows,
    write_predictions,
)
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.tables import Table, assessment_as_json, format_estimate, format_share
from stcnet.files import write_whole
from stcnet.training.batches.decoding import decode
from stcnet.training.checkpoint import RECIPE_FILE
from stcnet.training.devices import make_fabric
from stcnet.training.finishing import fit_whole
from stcnet.training.folds import predict_together, run_fold
from stcnet.training.groundwork import BARE, Groundwork
from stcnet.training.pretraining import describe_scenes, lay_groundwork
from stcnet.training.recipes.recipe import Recipe, SceneSettings, load_recipe
from stcnet.training.recipes.rehearsal import rehearsed

ROWS: Final = Path(__file__).with_suffix(".yaml")
BASE: Final = "flagship"
RENDERED: Final = "rendered clips only"
RENDERED_SCENES: Final = SceneSettings(clips=768, share=0.0)
"""Of the row that trains on nothing else, where the recipe itself has none."""
PROTOCOLS: Final = ("leave-one-split-out", "leave-plants-out")
FOLDS: Final = (*(f"{SPLIT_FOLD}{split}" for split in SPLITS), PLANTS_FOLD)
PREDICTIONS_FILE: Final = "predictions.csv"
SPLIT_FOLDS: Final = FOLDS[:-1]
COMPARED: Final = (("RISE, mean: smoke F1", "smoke_f1"), ("ROC AUC", "roc_auc"))
COLUMNS: Final = (
    ("clairton", "clairton", "mean", "smoke_f1"),
    ("other plants, views seen", "other-plants", "mean", "smoke_f1"),
    ("other plants, unseen", "other-plants", "leave-out-plants", "smoke_f1"),
    ("its ROC AUC", "other-plants", "leave-out-plants", "roc_auc"),
)
HINT: Final = "name another folder with --out"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: Of it.
        recipe: That it trains; of the row of rendered clips it names the clips as its scenes.
        out: Where all rows lie.
    """

    name: str
    recipe: Recipe
    out: Path

    @property
    def folder(self) -> Path:
        """Of its runs."""
        return self.out / self.name.replace(" ", "-")

    @property
    def is_rendered(self) -> bool:
        """Whether it trains once, and on no real clip."""
        return self.name == RENDERED

    def predictions_of(self, fold: str) -> Path:
        """Where its predictions of a fold lie."""
        return self.folder / fold / PREDICTIONS_FILE

    def has(self, fold: str) -> bool:
        """Whether it has predictions of a fold.

        Raises:
            TrainingError: They are of another recipe.
        """
        path = self.predictions_of(fold)
        if not path.is_file():
            return False
        record = (self.folder / "rendered" if self.is_rendered else path.parent) / RECIPE_FILE
        trained = without_scenes(self.recipe) if self.is_rendered else self.recipe
        if Recipe.model_validate_json(record.read_text(encoding="utf-8")) != trained:
            raise TrainingError("a finished run is of another recipe", where=record, hint=HINT)
        return True


def main() -> None:
    """Train the rows that were asked for and print the table of all that are finished."""
    given = arguments()
    if given.stored:
        print(table_of(judge(stored_rows(given.stored), read_cells(given.data), given.base)))
        return
    rows = {row.name: row for row in rows_of(given)}
    asked = chosen("row", given.rows, list(rows))
    folds = chosen("fold", given.folds, FOLDS)
    if not given.table:
        collection = open_collection(given.data)
        for name in asked:
            train_row(rows[name], folds, collection, given.accelerator)
    finished = {name: found for name, row in rows.items() if (found := predicted(row, folds))}
    write_table(judge(finished, read_cells(given.data), given.base), given.out)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=Path, help="folder of the runs and the table")
    place.add_argument("--stored", type=Path, help="folder of predictions, ROW.csv, to compare")
    parser.add_argument("--base", help="row that the others are compared with; else the first")
    parser.add_argument("--recipe", default=BASE, help=f"that the rows change; else {BASE}")
    parser.add_argument("--rows", help="rows to train, parted by commas; else all")
    parser.add_argument("--folds", help="folds to train and compare, parted by commas; else all")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--epochs", type=int, help="train as long, for a rehearsal")
    parser.add_argument("--size", type=int, help="pictures of so many pixels, for a rehearsal")
    parser.add_argument("--scenes", type=int, help="rendered scenes, for a rehearsal")
    return parser.parse_args()


def chosen(what: str, names: str | None, known: Sequence[str]) -> list[str]:
    """What ``--rows`` or ``--folds`` names, or all that there is.

    Raises:
        ConfigError: There is no such name.
    """
    asked = [name.strip() for name in names.split(",")] if names is not None else [*known]
    if unknown := [name for name in asked if name not in known]:
        allowed = ", ".join(known)
        raise ConfigError(
            f"there is no such {what}", where=f"--{what}s", got=unknown[0], allowed=allowed
        )
    return asked


def rows_of(given: argparse.Namespace) -> Iterator[Row]:
    """The rows of the table; one that would change nothing of the recipe is left out."""
    base = load_recipe(given.recipe)
    whole = rehearsal_of(base, given)
    changes: dict[str, dict[str, Any]] = yaml.safe_load(ROWS.read_text(encoding="utf-8"))
    for name, change in changes.items():
        settings = merged(base.model_dump(mode="json"), change)
        if name == RENDERED:
            settings["scenes"] = (base.scenes or RENDERED_SCENES).model_dump()
        recipe = rehearsal_of(Recipe.model_validate(settings), given)
        if recipe != whole or not change:
            yield Row(name, recipe, given.out)


def rehearsal_of(recipe: Recipe, given: argparse.Namespace) -> Recipe:
    """A recipe with the changes of a rehearsal."""
    return rehearsed(recipe, epochs=given.epochs, size=given.size, scenes=given.scenes)


def merged(settings: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some replaced, at any depth; what stands under another ``kind`` is dropped."""
    made = dict(settings)
    for key, value in changes.items():
        within = isinstance(value, dict) and isinstance(made.get(key), dict) and "kind" not in value
        made[key] = merged(made[key], value) if within else value
    return made


def train_row(row: Row, folds: Sequence[str], collection: Collection, accelerator: str) -> None:
    """Train a row on every fold of these that it has no predictions of."""
    known = [fold for name in PROTOCOLS for fold in folds_of(collection, name)]
    missing = [fold for fold in known if fold.name in folds and not row.has(fold.name)]
    if not missing:
        return
    fabric = make_fabric(accelerator, precision=row.recipe.precision)
    groundwork = shared_groundwork(row, fabric)
    for fold in missing:
        if row.is_rendered:
            predictions = from_rendered(row, collection, fold, fabric, groundwork)
        else:
            predictions = run_fold(
                row.recipe, fold, collection, row.folder, fabric=fabric, groundwork=groundwork
            )
        path = row.predictions_of(fold.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_predictions(path, predictions)
        print(f"{row.name}: {fold.name}", flush=True)


def shared_groundwork(row: Row, fabric: lf.Fabric) -> Groundwork:
    """Scenes and what they taught, each in a folder that rows with the same settings share."""
    recipe, shared = row.recipe, row.out / "groundwork"
    if recipe.scenes is None:
        return BARE
    scenes = recipe.scenes
    bank = shared / f"scenes-{scenes.clips}-{recipe.network.size_in_training}px-{scenes.seed}"
    if recipe.pretraining is None:
        return lay_groundwork(recipe, shared, fabric, bank=bank)
    told = f"{bank.name} {recipe.before_real_clips().model_dump_json()}"
    own = shared / f"taught-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return lay_groundwork(recipe, own, fabric, bank=bank)


def from_rendered(
    row: Row, collection: Collection, fold: Fold, fabric: lf.Fabric, groundwork: Groundwork
) -> list[Prediction]:
    """Predictions of a model that was trained on rendered scenes alone, the same for all folds."""
    scenes, recipe = groundwork.scenes, without_scenes(row.recipe)
    assert scenes is not None
    model = fit_whole(
        recipe, scenes, describe_scenes(scenes), row.folder / "rendered", fabric=fabric
    )
    seen = decode(collection, fold.test, recipe.network.input_size)
    logits = predict_together(recipe, model, seen, fabric).tolist()
    return [
        Prediction(clip, fold.name, logit) for clip, logit in zip(seen.ids, logits, strict=True)
    ]


def without_scenes(recipe: Recipe) -> Recipe:
    """The recipe of a training whose clips are the scenes themselves."""
    return recipe.model_copy(update={"scenes": None, "pretraining": None, "finishing": None})


def predicted(row: Row, folds: Sequence[str]) -> list[Prediction]:
    """What these folds of a row held out; nothing unless all that leave a split out are finished.

    Raises:
        TrainingError: A finished fold is of another recipe.
    """
    finished = [fold for fold in folds if row.has(fold)]
    if not set(SPLIT_FOLDS) & set(folds) <= set(finished):
        return []
    return [each for fold in finished for each in read_predictions(row.predictions_of(fold))]


def stored_rows(folder: Path) -> dict[str, list[Prediction]]:
    """The predictions in a folder, by the names of the rows.

    Raises:
        DataError: There are none.
    """
    found = {path.stem.replace("-", " "): read_predictions(path) for path in folder.glob("*.csv")}
    if not found:
        raise DataError("no predictions lie there", where=folder, allowed="files ROW.csv")
    return dict(sorted(found.items()))


def read_predictions(path: Path) -> list[Prediction]:
    """The predictions of a file."""
    return parse_predictions(read_rows(path), path)


def judge(
    rows: Mapping[str, list[Prediction]], cells: Sequence[Cell], base: str | None
) -> dict[str, Assessment]:
    """The scores of each row, calibrated across its folds, compared with those of the base.

    Raises:
        ConfigError: There is no such row to compare with.
        DataError: Rows predict other clips.
    """
    if base is not None and base not in rows:
        raise ConfigError("no such row is finished", where="--base", got=base)
    found = {name: calibrated_or_raw(name, each, cells) for name, each in rows.items()}
    first = base or next(iter(found), "")
    names = sorted(found, key=lambda name: name != first)
    return {name: assess_cells(found[name], cells, against=found[first]) for name in names}


def calibrated_or_raw(
    name: str, predictions: list[Prediction], cells: Sequence[Cell]
) -> list[Prediction]:
    """Predictions calibrated across their folds, or as they are where that cannot be done."""
    try:
        return cross_calibrate(predictions, cells)
    except DataError as error:
        print(f"{name}: judged at logit 0, as {error}", file=sys.stderr)
        return predictions


def write_table(judged: Mapping[str, Assessment], out: Path) -> None:
    """Write the finished rows as JSON and as a table, which is printed as well."""
    table = table_of(judged)
    record = {name: assessment_as_json(assessment) for name, assessment in judged.items()}
    content = json.dumps(record, indent=1) + "\n"
    for name, whole in (("ablation.json", content), ("ablation.md", table + "\n")):
        write_whole(out / name, whole.encode(), what="the table", hint=HINT, make_folder=True)
    print(table)


def table_of(judged: Mapping[str, Assessment]) -> str:
    """The table, in Markdown: the row that others are compared with comes first."""
    compared = [part for title, _ in COMPARED for part in (title, "less the first", "p")]
    head = ("row", *compared, *(title for title, *_ in COLUMNS))
    lines = ((name, *cells_of(assessment)) for name, assessment in judged.items())
    return Table(head, tuple(lines)).markdown()


def cells_of(assessment: Assessment) -> Iterator[str]:
    """The figures of a line of the table."""
    assert assessment.comparison is not None
    for _, metric in COMPARED:
        found = assessment.comparison.metrics[metric]
        yield from (format_estimate(found.ours), format_estimate(found.difference))
        yield format_share(found.p_value)
    known = {
        (row.group, row.fold): row.metrics
        for row in assessment.scores
        if isinstance(row, GroupScores)
    }
    for _, group, fold, metric in COLUMNS:
        scores = known.get((group, fold))
        yield format_estimate(scores[metric]) if scores else "n/a"


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
