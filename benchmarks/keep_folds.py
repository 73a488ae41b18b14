"""Keep the weights of finished folds in half of the size.

    python benchmarks/keep_folds.py --runs runs/flagship --out kept/flagship

Whoever has the weights of the folds can measure anything else on clips that they held out (sizes,
8 bits, conditions of other cameras) without training for a day. Rounds those below ``--runs`` to 16
bits, and leaves recipe and data as they are: the copy is a finished run like the original, and its
arithmetic is in 32 bits again. Prints what rounding does to the weights. Needs the ``train`` extra.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from stcnet.cli.errors import exit_code_of
from stcnet.errors import DataError
from stcnet.evaluation.tables import Table
from stcnet.training.checkpoint import (
    DATA_FILE,
    RECIPE_FILE,
    WEIGHTS_FILE,
    FinishedRun,
    load_run,
    replace_file,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a run.

    Attributes:
        name: Of its folder.
        bytes: Of the weights that are kept.
        error: Largest change of a weight, as a share of the largest of its tensor.
    """

    name: str
    bytes: int
    error: float


def main() -> None:
    """Round, write and print."""
    given = arguments()
    rows = [keep(folder, given.out / folder.name) for folder in finished_in(given.runs)]
    print(table(rows).markdown())


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--runs", type=Path, required=True, help="--out of stcnet train")
    parser.add_argument("--out", type=Path, required=True, help="folder of the copies")
    return parser.parse_args()


def finished_in(runs: Path) -> list[Path]:
    """The folders of finished runs.

    Raises:
        DataError: There is none.
    """
    found = sorted(path.parent for path in runs.glob(f"*/{DATA_FILE}"))
    if not found:
        raise DataError(
            "the folder holds no finished run", where=runs, hint="name the --out of stcnet train"
        )
    return found


def keep(folder: Path, out: Path) -> Kept:
    """Write a finished run with weights of 16 bits.

    Raises:
        TrainingError: It cannot be read.
        DataError: A weight is too large for 16 bits.
        OutputError: The copy cannot be written.
    """
    run = load_run(folder)
    rounded = {name: halved(weight) for name, weight in run.weights.items()}
    refuse_overflow(run, rounded, folder)
    content = safetensors.torch.save(rounded)
    replace_file(out / WEIGHTS_FILE, content)
    for name in (RECIPE_FILE, DATA_FILE):
        replace_file(out / name, (folder / name).read_bytes())
    error = max(rounding_error(run.weights[name], weight) for name, weight in rounded.items())
    return Kept(folder.name, len(content), error)


def halved(weight: Tensor) -> Tensor:
    """A tensor in 16 bits if it is one of fractions."""
    return weight.half() if weight.is_floating_point() else weight


def refuse_overflow(run: FinishedRun, rounded: dict[str, Tensor], folder: Path) -> None:
    """Refuse weights beyond the range of 16 bits.

    Raises:
        DataError: There is one.
    """
    for name, weight in rounded.items():
        if not torch.isfinite(weight).all() and torch.isfinite(run.weights[name]).all():
            raise DataError(
                "a weight is too large for 16 bits",
                where=folder,
                got=f"{name} up to {run.weights[name].abs().max():g}",
                allowed="up to 65504",
                hint="keep the run as it is",
            )


def rounding_error(weight: Tensor, rounded: Tensor) -> float:
    """Largest change, as a share of the largest value; 0 for a tensor of zeros."""
    largest = float(weight.abs().max()) if weight.numel() else 0.0
    change = float((weight - rounded.to(weight.dtype)).abs().max()) if weight.numel() else 0.0
    return change / largest if largest else 0.0


def table(rows: list[Kept]) -> Table:
    """A row a run."""
    return Table(
        ("run", "MB", "largest change of a weight, of the largest in its tensor"),
        tuple((row.name, f"{row.bytes / 1e6:.1f}", f"{row.error:.1e}") for row in rows),
    )


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
