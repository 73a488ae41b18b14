"""Which calibration keeps its word best on clips that had no say in it.

Each fold is put on the probability scale that the other folds' held-out predictions give, by each
method, and judged there: logarithmic loss, Brier score, and expected calibration error in ten bins
of equal weight and of equal width. Clips are weighted to the population; intervals are the
stratified bootstrap. The fold that leaves the other plants out is judged apart. Needs the ``train``
extra.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np

from stcnet.datasets import Cell, read_cells
from stcnet.datasets.cells.protocols import PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import Estimate, interval, replicates
from stcnet.evaluation.calibration import cross_calibrate
from stcnet.evaluation.metrics import FloatArray, Judged
from stcnet.evaluation.predictions import Prediction, parse_predictions, read_rows
from stcnet.evaluation.reliability import score_calibration
from stcnet.evaluation.samples import Sample, sample_cells
from stcnet.evaluation.tables import format_estimate
from stcnet.inference import CalibrationMethod

HEADINGS: Final = ("folds", "calibration", "n", "log-loss", "Brier score", "ECE, equal weight",
                   "ECE, equal width")  # fmt: skip
PARTS: Final[dict[str, Callable[[Prediction], bool]]] = {
    "a split left out": lambda prediction: prediction.fold != PLANTS_FOLD,
    "other plants left out": lambda prediction: prediction.fold == PLANTS_FOLD,
}


def log_loss(judged: Judged) -> FloatArray:
    """Mean of -log of the probability given to what is true, of calibrated log-odds."""
    towards_truth = judged.scores * (2 * judged.labels - 1)
    loss = np.logaddexp(0.0, -towards_truth)
    return np.asarray(judged.weights @ loss / judged.weights.sum(axis=-1))


def log_loss_of(sample: Sample) -> Estimate:
    """The logarithmic loss of a sample with its interval."""
    drawn = replicates(sample.judged, sample.strata, sample.clusters, {"loss": log_loss})
    return interval(float(log_loss(sample.judged)), drawn["loss"])


def judge(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> list[str]:
    """Number of clips and the four scores of predictions whose logits are log-odds."""
    known = {cell.id: cell for cell in cells if cell.site != "ijmond"}
    kept = [prediction for prediction in predictions if prediction.id in known]
    sample = sample_cells(kept, [known[prediction.id] for prediction in kept])
    scores = score_calibration(sample)
    assert scores is not None
    estimates = (log_loss_of(sample), scores.brier, scores.ece_mass, scores.ece_width)
    return [str(len(sample)), *map(format_estimate, estimates)]


def table(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> str:
    """One line for each method on each part of the folds, in Markdown."""
    methods: tuple[CalibrationMethod, ...] = get_args(CalibrationMethod)
    scaled = {"none": list(predictions)}
    scaled |= {method: cross_calibrate(predictions, cells, method) for method in methods}
    lines = [list(HEADINGS), ["---"] * len(HEADINGS)]
    for part, belongs in PARTS.items():
        for method, ours in scaled.items():
            if chosen := [prediction for prediction in ours if belongs(prediction)]:
                lines.append([part, method, *judge(chosen, cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with cells.json")
    parser.add_argument("--predictions", type=Path, required=True, nargs="+", help="CSV files")
    arguments = parser.parse_args()
    try:
        cells = read_cells(arguments.data)
        ours = [
            p for path in arguments.predictions for p in parse_predictions(read_rows(path), path)
        ]
        print(table(ours, cells))
    except DataError as error:
        parser.exit(error.exit_code, f"error: {error}\n")


if __name__ == "__main__":
    main()
