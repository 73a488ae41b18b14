"""``stcnet train`` and ``evaluate``: the researcher's commands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from stcnet.datasets import Cell
    from stcnet.evaluation.predictions import Prediction
    from stcnet.evaluation.protocol import GroupScores
    from stcnet.training.loop import Listener

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
    "torch",
    "lightning_fabric",
    "tensorboard",
    "kornia",
    "sklearn",
    "onnx",
    "onnxscript",
    "yaml",
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(train)
    app.command()(evaluate)


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
    from stcnet.training.folds import run_fold, train_cells
    from stcnet.training.recipe import load_recipe

    _check_accelerator(accelerator)
    settings = load_recipe(recipe)
    cells = read_cells(data)
    folds = protocol_folds(cells, protocol) if protocol else []
    _make_folder(out)
    if not folds:
        with _shown(settings.name) as listener:
            train_cells(settings, cells, data, out, accelerator=accelerator, listener=listener)
        typer.echo(f"trained on {len(cells)} clips: {out}")
        return
    predictions: list[Prediction] = []
    for fold in folds:
        with _shown(fold.name) as listener:
            predictions += run_fold(
                settings, fold, data, out, accelerator=accelerator, listener=listener
            )
        write_predictions(out / "predictions.csv", predictions)
    _print_scores(predictions, cells)
    typer.echo(f"predictions: {out / 'predictions.csv'}")


def evaluate(
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="CSV with label and a score, or id, fold and logit; may be given several times.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with cells.json, for predictions by clip id."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="PACKAGE", help="Score this package on the clips of --data."),
    ] = None,
    protocol: Protocol = None,
    calibrated: Annotated[
        bool,
        typer.Option(
            help="Call smoke from a probability of one half on, calibrated on the other folds."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Print every metric of predictions, with 95 % intervals where the clips are known.

    With --data: columns id, fold and logit, as `stcnet train --protocol` writes them; each clip is
    weighted by the clips of the full test set that it stands for. Without: columns label and one
    of logit, score, probability or prediction; each line counts once. With --model and --data: a
    model package on all clips, or on those that one fold of --protocol holds out; clips that it
    was trained on are refused.
    """
    require_extra()
    _check_evaluated(predictions, data, model, protocol)
    if calibrated and (predictions is None or data is None):
        raise ConfigError("--calibrated goes with --predictions and --data", hint="leave it out")
    if model is not None and data is not None:
        _evaluate_model(model, data, protocol, as_json=as_json)
    elif data is not None:
        cells, ours = _read_held_out(predictions or [], data)
        _print_scores(_calibrated(ours, cells) if calibrated else ours, cells, as_json=as_json)
    else:
        _evaluate_labelled(predictions or [], as_json=as_json)


def _check_evaluated(
    predictions: list[Path] | None, data: Path | None, model: Path | None, protocol: str | None
) -> None:
    if (predictions is None) == (model is None):
        raise ConfigError(
            "one of --predictions and --model is needed", allowed="one of them, not both"
        )
    if model is not None and data is None:
        raise ConfigError("--model needs the clips to score", hint="name their folder with --data")
    if protocol is not None and model is None:
        raise ConfigError("--protocol goes with --model", hint="leave it out")


def _evaluate_model(model: Path, data: Path, protocol: str | None, *, as_json: bool) -> None:
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.values import load_package
    from stcnet.datasets import protocol_folds, read_cells
    from stcnet.evaluation.packages import predict_package

    package = load_package(model)
    cells = read_cells(data)
    folds = protocol_folds(cells, protocol) if protocol else []
    chosen = [cell for fold in folds for cell in fold.test] if folds else cells
    with shown_progress() as progress:
        ours = predict_package(
            package,
            cells,
            chosen,
            data,
            on_clip=lambda done, total: progress("scoring", done, total),
        )
    _print_scores(ours, cells, as_json=as_json)


def _calibrated(predictions: list[Prediction], cells: list[Cell]) -> list[Prediction]:
    from stcnet.evaluation.calibration import cross_calibrate

    return cross_calibrate(predictions, cells)


def _evaluate_labelled(paths: Sequence[Path], *, as_json: bool) -> None:
    from stcnet.evaluation.metrics import metrics_of
    from stcnet.evaluation.predictions import judge_labelled, read_rows
    from stcnet.evaluation.tables import rounded

    for path in paths:
        values = metrics_of(judge_labelled(read_rows(path), path))
        if as_json:
            shown = {name: rounded(value) for name, value in values.items()}
            typer.echo(json.dumps({"path": str(path), **shown}))
        else:
            typer.echo(f"{path}: " + ", ".join(f"{n} {v:.3f}" for n, v in values.items()))


def _read_held_out(paths: Sequence[Path], data: Path) -> tuple[list[Cell], list[Prediction]]:
    from stcnet.datasets import read_cells
    from stcnet.evaluation.predictions import parse_predictions, read_rows

    cells = read_cells(data)
    return cells, [p for path in paths for p in parse_predictions(read_rows(path), path)]


def _check_accelerator(name: str) -> None:
    allowed = ("auto", "cpu", "cuda")
    if name not in allowed:
        raise ConfigError(
            "there is no such accelerator",
            where="--accelerator",
            got=name,
            allowed=", ".join(allowed),
        )
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("no GPU is available", where="--accelerator", got=name, allowed="cpu")


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


def _print_scores(
    predictions: Sequence[Prediction], cells: Sequence[Cell], *, as_json: bool = False
) -> None:
    from stcnet.evaluation.protocol import judge_protocol
    from stcnet.evaluation.tables import as_json as rows_as_json
    from stcnet.evaluation.tables import markdown_table

    rows: list[GroupScores] = judge_protocol(predictions, cells)
    typer.echo(json.dumps(rows_as_json(rows), indent=1) if as_json else markdown_table(rows))
