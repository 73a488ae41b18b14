"""What each part of the bundled recipe is worth on clips that were not trained on.

    python benchmarks/ablation.py --data DATA --out runs/ablation
    python benchmarks/ablation.py --data DATA --out runs/ablation --rows 'flagship,head mean'
    python benchmarks/ablation.py --data DATA --out runs/ablation --table

Each row of ``ablation.yaml`` changes something in the recipe ``flagship``; it is trained on the
folds that leave one split out and on the one that leaves the other plants out, and judged as
``stcnet evaluate --calibrated`` does. The row ``rendered clips only`` is trained once on rendered
scenes, and never sees a real clip. A row that was interrupted goes on, a finished one is not
trained again; ``--table`` prints what there is. Several processes may work in one folder on rows of
their own. Writes ``ablation.json`` and ``ablation.md``. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from stcnet.datasets import Cell, Collection, Fold, read_cells
from stcnet.datasets.cells.protocols import PLANTS_FOLD, SPLIT_FOLD, SPLITS
from stcnet.datasets.folds.protocols import folds_of
from stcnet.datasets.opening import open_collection
from stcnet.datasets.rise.drawing import draw_records
from stcnet.datasets.rise.records import METADATA_FILE
from stcnet.datasets.rise.rendering import write_rise
from stcnet.errors import DataError
from stcnet.evaluation.assessment import Assessment, assess_cells
from stcnet.evaluation.calibration import cross_calibrate
from stcnet.evaluation.predictions import (
    Prediction,
    parse_predictions,
    read_rows,
    write_predictions,
)
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.tables import Table, assessment_as_json, format_estimate
from stcnet.training.batches.decoding import decode
from stcnet.training.data import describe_clips
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.folds import predict_together, run_fold
from stcnet.training.recipes.recipe import Recipe, load_recipe

ROWS: Final = Path(__file__).with_suffix(".yaml")
BASE: Final = "flagship"
RENDERED: Final = "rendered clips only"
PROTOCOLS: Final = ("leave-one-split-out", "leave-plants-out")
FOLDS: Final = (*(f"{SPLIT_FOLD}{split}" for split in SPLITS), PLANTS_FOLD)
RENDERED_CLIPS, RENDERED_SIDE = 768, 180
COLUMNS: Final = (
    ("RISE, mean", "rise", "mean", "smoke_f1"),
    ("its ROC AUC", "rise", "mean", "roc_auc"),
    ("clairton", "clairton", "mean", "smoke_f1"),
    ("other plants, views seen", "other-plants", "mean", "smoke_f1"),
    ("other plants, unseen", "other-plants", "leave-out-plants", "smoke_f1"),
    ("its ROC AUC", "other-plants", "leave-out-plants", "roc_auc"),
)


def main() -> None:
    """Train the rows that were asked for and print the table of all that are finished."""
    given = arguments()
    changes: dict[str, dict[str, Any]] = yaml.safe_load(ROWS.read_text(encoding="utf-8"))
    asked = [name.strip() for name in given.rows.split(",")] if given.rows else list(changes)
    if unknown := [name for name in asked if name not in changes]:
        raise SystemExit(f"--rows: there is no row {unknown[0]!r}; allowed: {', '.join(changes)}")
    if not given.table:
        for name in asked:
            recipe = changed(load_recipe(BASE), changes[name], given)
            train_row(name, recipe, given)
    cells = read_cells(given.data)
    finished = {name: judge(name, cells, given.out) for name in changes}
    write_table({name: judged for name, judged in finished.items() if judged}, given.out)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the table")
    parser.add_argument("--rows", help="rows to train, parted by commas; else all")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--epochs", type=int, help="train as long, for a rehearsal")
    parser.add_argument("--size", type=int, help="pictures of so many pixels, for a rehearsal")
    parser.add_argument("--rendered", type=int, default=RENDERED_CLIPS, help="rendered clips")
    return parser.parse_args()


def changed(recipe: Recipe, changes: Mapping[str, Any], given: argparse.Namespace) -> Recipe:
    """The recipe with a row's changes, and with those of a rehearsal."""
    settings = merged(recipe.model_dump(mode="json"), changes)
    if given.epochs:
        settings["epochs"] = given.epochs
    if given.size:
        settings["network"]["input_size"] = given.size
    return Recipe.model_validate(settings)


def merged(settings: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some replaced, at any depth; what stands under another ``kind`` is dropped."""
    made = dict(settings)
    for key, value in changes.items():
        within = isinstance(value, dict) and isinstance(made.get(key), dict) and "kind" not in value
        made[key] = merged(made[key], value) if within else value
    return made


def train_row(name: str, recipe: Recipe, given: argparse.Namespace) -> None:
    """Train a row on every fold that it has no predictions of."""
    collection = open_collection(given.data)
    for protocol in PROTOCOLS:
        for fold in folds_of(collection, protocol):
            path = predictions_of(name, fold.name, given.out)
            if path.is_file():
                continue
            train = from_rendered if name == RENDERED else from_real
            path.parent.mkdir(parents=True, exist_ok=True)
            write_predictions(path, train(recipe, collection, fold, path.parents[1], given))
            print(f"{name}: {fold.name}", flush=True)


def from_real(
    recipe: Recipe, collection: Collection, fold: Fold, folder: Path, given: argparse.Namespace
) -> list[Prediction]:
    """Predictions of a model that was trained on the fold's own training clips."""
    fabric = make_fabric(given.accelerator, precision=recipe.precision)
    return run_fold(recipe, fold, collection, folder, fabric=fabric)


def from_rendered(
    recipe: Recipe, collection: Collection, fold: Fold, folder: Path, given: argparse.Namespace
) -> list[Prediction]:
    """Predictions of a model that was trained on rendered scenes alone, the same for all folds."""
    fabric = make_fabric(given.accelerator, precision=recipe.precision)
    scenes = rendered_scenes(folder / "scenes", given.rendered)
    clips = [clip for clip in scenes.clips if clip.label is not None]
    data = describe_clips(scenes, clips)
    model = fit(recipe, decode(recipe, scenes, clips), data, folder / "rendered", fabric=fabric)
    seen = decode(recipe, collection, fold.test)
    logits = predict_together(recipe, model, seen, fabric).tolist()
    return [
        Prediction(clip, fold.name, logit) for clip, logit in zip(seen.ids, logits, strict=True)
    ]


def rendered_scenes(folder: Path, count: int) -> Collection:
    """Rendered clips in RISE's layout, made once."""
    if not (folder / METADATA_FILE).is_file():
        records = draw_records(count, size=RENDERED_SIDE, seed=0)
        write_rise(folder, records, size=RENDERED_SIDE, seed=0)
    return open_collection(folder)


def predictions_of(name: str, fold: str, out: Path) -> Path:
    """Where a row's predictions of a fold lie."""
    return out / name.replace(" ", "-") / fold / "predictions.csv"


def judge(name: str, cells: Sequence[Cell], out: Path) -> Assessment | None:
    """The scores of a row, calibrated across its folds; None unless all of them are finished."""
    names = [fold for fold in FOLDS if predictions_of(name, fold, out).is_file()]
    if len(names) < len(FOLDS):
        return None
    paths = [predictions_of(name, fold, out) for fold in names]
    predictions = [each for path in paths for each in parse_predictions(read_rows(path), path)]
    try:
        predictions = cross_calibrate(predictions, cells)
    except DataError as error:
        print(f"{name}: judged at logit 0, as {error}")
    return assess_cells(predictions, cells)


def write_table(judged: Mapping[str, Assessment], out: Path) -> None:
    """Write the finished rows as JSON and as a table, which is printed as well."""
    table = Table(
        ("row", *(title for title, *_ in COLUMNS)),
        tuple((name, *cells_of(assessment)) for name, assessment in judged.items()),
    ).markdown()
    record = {name: assessment_as_json(assessment) for name, assessment in judged.items()}
    (out / "ablation.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "ablation.md").write_text(table + "\n", encoding="utf-8")
    print(table)


def cells_of(assessment: Assessment) -> list[str]:
    """The figures of a line of the table."""
    known = {
        (row.group, row.fold): row.metrics
        for row in assessment.scores
        if isinstance(row, GroupScores)
    }
    return [format_estimate(known[group, fold][metric]) for _, group, fold, metric in COLUMNS]


if __name__ == "__main__":
    main()
