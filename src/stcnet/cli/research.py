"""What the researcher's commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.datasets import Cell
    from stcnet.evaluation.predictions import Prediction

DataFolder = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder with cells.json and the mosaics.")
]
Protocol = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="leave-one-split-out, leave-plants-out, or one fold such as leave-out-S0.",
    ),
]
EXTRA_MODULES = (
    "captum",
    "torch",
    "lightning_fabric",
    "tensorboard",
    "kornia",
    "krippendorff",
    "matplotlib",
    "scipy",
    "sklearn",
    "onnx",
    "onnxscript",
    "yaml",
    "httpx",
    "tenacity",
)


def require_extra() -> None:
    """Refuse with one line where the training extra is not installed.

    Raises:
        ConfigError: A package of the extra is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in EXTRA_MODULES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            "this command needs the training packages",
            got=f"no {', '.join(missing)}",
            hint="install the extra train, in a checkout: pip install '.[train]'",
        )


def read_held_out(paths: Sequence[Path], data: Path) -> tuple[list[Cell], list[Prediction]]:
    """The clips of a folder and held-out predictions of them.

    Raises:
        DataError: The records or a file of predictions are wrong.
    """
    from stcnet.datasets import read_cells
    from stcnet.evaluation.predictions import parse_predictions, read_rows

    cells = read_cells(data)
    return cells, [p for path in paths for p in parse_predictions(read_rows(path), path)]
