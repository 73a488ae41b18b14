"""``stcnet train``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.research import DataFolder, Protocol, print_scores, require_extra
from stcnet.errors import OutputError

if TYPE_CHECKING:
    from stcnet.evaluation.predictions import Prediction
    from stcnet.training.loop import Listener


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(train)


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="Name of a bundled recipe, or a YAML file.")
    ],
    data: DataFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the run goes.")],
    protocol: Protocol = None,
    accelerator: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a recipe on all clips, or on the folds of a protocol.

    With --protocol the clips that each fold holds out are predicted and scored. Given again, the
    command goes on after the last full epoch.
    """
    require_extra()
    from stcnet.datasets import protocol_folds, read_cells
    from stcnet.evaluation.predictions import write_predictions
    from stcnet.training.devices import make_fabric
    from stcnet.training.folds import run_fold, train_cells
    from stcnet.training.recipe import load_recipe

    fabric = make_fabric(accelerator)
    settings = load_recipe(recipe)
    cells = read_cells(data)
    folds = protocol_folds(cells, protocol) if protocol else []
    _make_folder(out)
    if not folds:
        with _shown(settings.name) as listener:
            train_cells(settings, cells, data, out, fabric=fabric, listener=listener)
        typer.echo(f"trained on {len(cells)} clips: {out}")
        return
    predictions: list[Prediction] = []
    for fold in folds:
        with _shown(fold.name) as listener:
            predictions += run_fold(settings, fold, data, out, fabric=fabric, listener=listener)
        write_predictions(out / "predictions.csv", predictions)
    print_scores(predictions, cells)
    typer.echo(f"predictions: {out / 'predictions.csv'}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the folder cannot be made", where=folder, got=error.strerror or error
        ) from None


@contextmanager
def _shown(name: str) -> Iterator[Listener]:
    """Show the run of one fold: a bar for its steps, a line for each epoch, on standard error."""
    from stcnet.cli.errors import say
    from stcnet.cli.progress import shown_progress
    from stcnet.training.loop import EpochReport, Listener

    with shown_progress() as progress:

        class Shown(Listener):
            """Tells the terminal."""

            def on_step(self, done: int, total: int) -> None:
                progress(name, done, total)

            def on_epoch(self, report: EpochReport) -> None:
                say(
                    f"{name}: epoch {report.epoch}/{report.epochs}, loss {report.loss:.3f}, "
                    f"accuracy {report.accuracy:.3f}"
                )

        yield Shown()
