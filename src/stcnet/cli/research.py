"""What the researcher's commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.datasets import Collection
    from stcnet.evaluation.predictions import Prediction

DataFolder = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Labelled clips: RISE, IJmond, shared cells, own data, or a store of any.",
    ),
]
SkipBad = Annotated[
    bool,
    typer.Option("--skip-bad", help="Leave out clips whose video is missing or broken."),
]
Protocol = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="S0 to S5, leave-one-view-out, leave-one-plant-out, by-date, 5-fold, one fold, or "
        "a folds.json; a wrong name lists what the data allows.",
    ),
]
RevisionsFile = Annotated[
    Path | None,
    typer.Option(
        "--revisions",
        metavar="FILE",
        help="CSV or JSON with revised labels; scores on them stand beside the published ones.",
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


def read_held_out(paths: Sequence[Path], data: Path) -> tuple[Collection, list[Prediction]]:
    """The clips of a folder and held-out predictions of them.

    Raises:
        DataError: The records or a file of predictions are wrong.
    """
    from stcnet.datasets.opening import open_collection
    from stcnet.evaluation.predictions import parse_predictions, read_rows

    collection = open_collection(data)
    return collection, [p for path in paths for p in parse_predictions(read_rows(path), path)]
