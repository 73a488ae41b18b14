"""``stcnet export``: from a finished run to a model package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.research import require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stcnet.training.export import HeldOut


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished training run.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .stcnet file to write.")],
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Held-out predictions of the same recipe; may be given several times.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with cells.json of the predictions.")
    ] = None,
    model_version: Annotated[
        str, typer.Option(metavar="VERSION", help="Version to state.")
    ] = "1.0.0",
) -> None:
    """Make a model package of a run; held-out predictions give it calibration and scores."""
    require_extra()
    from stcnet.training.checkpoint import load_run
    from stcnet.training.export import export_package

    if (predictions is None) != (data is None):
        raise ConfigError(
            "--predictions and --data go together",
            hint="give both for a calibrated package, or neither",
        )
    held_out = None
    if predictions is not None and data is not None:
        held_out = _read_held_out(predictions, data)
    package = export_package(load_run(run), out, version=model_version, held_out=held_out)
    typer.echo(f"{out}: {package.name} {package.version}, sha256 {package.sha256}")


def _read_held_out(paths: Sequence[Path], data: Path) -> HeldOut:
    from stcnet.datasets import read_cells
    from stcnet.evaluation.predictions import parse_predictions, read_rows
    from stcnet.training.export import HeldOut

    ours = [p for path in paths for p in parse_predictions(read_rows(path), path)]
    return HeldOut(ours, read_cells(data))
