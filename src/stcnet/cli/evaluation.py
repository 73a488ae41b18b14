"""``stcnet evaluate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.research import Protocol, print_scores, read_held_out, require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.datasets import Cell
    from stcnet.evaluation.predictions import Prediction


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(evaluate)


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
        cells, ours = read_held_out(predictions or [], data)
        print_scores(_calibrated(ours, cells) if calibrated else ours, cells, as_json=as_json)
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
    print_scores(ours, cells, as_json=as_json)


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
