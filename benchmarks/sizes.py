"""What the size of the input does to the scores of models that are not trained anew for it.

    python benchmarks/sizes.py --data DATA --runs runs/flagship --out runs/sizes --sizes 128,192

The models of the folds that ``stcnet train --protocol`` left below ``--runs`` predict the clips
that they held out at every size asked for. ``OUT/SIZE.csv`` holds the logits of a size; ``stcnet
evaluate --data DATA --predictions OUT/128.csv`` tells more of them. What stands there is not
predicted again. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from stcnet.cli.errors import exit_code_of
from stcnet.datasets import Fold
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.folds.protocols import folds_of
from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.predict import predict_logits
from stcnet.evaluation.predictions import (
    Prediction,
    parse_predictions,
    read_rows,
    write_predictions,
)
from stcnet.evaluation.protocol import MEAN, PLANTS_GROUP, RISE, GroupScores, judge_protocol
from stcnet.evaluation.tables import Table, format_estimate
from stcnet.training.checkpoint import WEIGHTS_FILE, FinishedRun, load_run

PROTOCOLS: Final = ("leave-one-split-out", "leave-plants-out")
SIZES: Final = "128,160,192"
LEAST, MOST, STEP = 32, 1024, 32
BATCH: Final = 8
"""Clips at a time: at 224 pixels they take 3 GB."""


def main() -> None:
    """Predict what is missing, and print the table."""
    given = arguments()
    data = CellCollection.open(given.data)
    runs = finished_folds(given.runs, data)
    sizes = parse_sizes(given.sizes)
    predictions = {size: predict(runs, data, size, given.out) for size in sizes}
    print(f"ROC AUC (95 % interval), {', '.join(fold.name for fold, _ in runs)}\n")
    print(auc_table(predictions, data).markdown())


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument("--runs", type=Path, required=True, help="--out of stcnet train --protocol")
    parser.add_argument("--out", type=Path, required=True, help="folder of the predictions")
    parser.add_argument("--sizes", default=SIZES, help=f"sides in pixels, such as {SIZES}")
    return parser.parse_args()


def parse_sizes(text: str) -> list[int]:
    """Sides of the input in pixels.

    Raises:
        ConfigError: One of them is no multiple of 32 from 32 to 1024.
    """
    allowed = range(LEAST, MOST + 1, STEP)
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if not part.isdecimal() or int(part) not in allowed:
            raise ConfigError(
                "no size of an input",
                where="--sizes",
                got=part or "nothing",
                allowed=f"multiples of {STEP}, {LEAST} to {MOST}, with commas between",
            )
    return sorted({int(part) for part in parts})


def finished_folds(runs: Path, data: CellCollection) -> list[tuple[Fold, FinishedRun]]:
    """The folds that are finished there, and their runs.

    Raises:
        DataError: There is none, or one has seen a clip that it is to be tested on.
    """
    known = {fold.name: fold for protocol in PROTOCOLS for fold in folds_of(data, protocol)}
    found = [
        (known[path.parent.name], load_run(path.parent))
        for path in sorted(runs.glob(f"*/{WEIGHTS_FILE}"))
        if path.parent.name in known
    ]
    if not found:
        raise DataError(
            "the folder holds no finished fold",
            where=runs,
            hint="name the --out of stcnet train --protocol",
        )
    for fold, run in found:
        if seen := sorted({clip.id for clip in fold.test} & set(run.data.seen)):
            raise DataError("the run has seen a test clip", where=runs / fold.name, got=seen[0])
    return found


def predict(
    runs: Sequence[tuple[Fold, FinishedRun]], data: CellCollection, size: int, out: Path
) -> list[Prediction]:
    """What the folds say of the clips that they held out, seen at a size."""
    path = out / f"{size}.csv"
    known = parse_predictions(read_rows(path), path) if path.exists() else []
    done = {prediction.fold for prediction in known}
    for fold, run in runs:
        if fold.name not in done:
            known += predict_fold(fold, run, data, size)
            out.mkdir(parents=True, exist_ok=True)
            write_predictions(path, known)
            print(f"{size} px: {fold.name}", file=sys.stderr, flush=True)
    wanted = {fold.name for fold, _ in runs}
    return [prediction for prediction in known if prediction.fold in wanted]


def predict_fold(fold: Fold, run: FinishedRun, data: CellCollection, size: int) -> list[Prediction]:
    """What a fold says of the clips that it held out, seen at a size."""
    model, clips = run.network(), data.load(fold.test, size)
    look = partial(predict_logits, model, run.recipe.network.input_of(model))
    logits = look(clips, batch_size=BATCH).tolist()
    return [
        Prediction(clip, fold.name, logit) for clip, logit in zip(clips.ids, logits, strict=True)
    ]


def auc_table(predictions: Mapping[int, Sequence[Prediction]], data: CellCollection) -> Table:
    """A line a fold and group of clips, a column a size."""
    judged = {size: judge_protocol(each, data.cells) for size, each in predictions.items()}
    rows: dict[tuple[str, str], list[str]] = {}
    for scores in judged.values():
        for row in filter(is_shown, scores):
            rows.setdefault((row.fold, row.group), []).append(
                format_estimate(row.metrics["roc_auc"])
            )
    head = ("fold", "clips of", *(f"{size} px" for size in judged))
    return Table(head, tuple((*names, *figures) for names, figures in rows.items()))


def is_shown(row: GroupScores) -> bool:
    """Whether a line is one of a fold, or of a mean over several."""
    return row.group in (RISE, PLANTS_GROUP) and (row.fold != MEAN or row.group == RISE)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
