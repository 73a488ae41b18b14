"""``stcnet export`` and ``calibrate``: a model package of a run, and what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stcnet.cli.research import read_held_out, require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.inference import ModelPackage
    from stcnet.packaging.findings import HeldOut

Method = Literal["platt", "temperature", "isotonic"]
"""As :data:`stcnet.inference.CalibrationMethod`, which costs an operator's start-up too much."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)
    app.command()(calibrate)


HeldOutFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Held-out predictions of the same recipe; may be given several times.",
    ),
]
MethodName = Annotated[
    Method | None,
    typer.Option(help="How raw scores become probabilities.", show_default="platt"),
]
HoursPerDay = Annotated[
    float | None,
    typer.Option(
        metavar="HOURS",
        min=0.5,
        max=24,
        help="Daylight of a camera-day, in which operating points count false alarms.",
        show_default="12",
    ),
]


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished training run.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .stcnet file to write.")],
    predictions: HeldOutFiles = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the clips that were predicted.")
    ] = None,
    calibration: MethodName = None,
    hours_per_day: HoursPerDay = None,
    model_version: Annotated[
        str, typer.Option(metavar="VERSION", help="Version to state.")
    ] = "1.0.0",
) -> None:
    """Make a model package of a run.

    Held-out predictions give it calibration, scores, and operating points: the thresholds at which
    false alarms stay under 1, 0.2 and 0.05 a camera-day, or why the clips cannot tell.
    """
    require_extra()
    from stcnet.packaging.export import export_package
    from stcnet.training.checkpoint import load_run

    held_out = _held_out(predictions, data, calibration, hours_per_day)
    _print_package(
        out, export_package(load_run(run), out, version=model_version, held_out=held_out)
    )


def calibrate(
    package: Annotated[
        Path, typer.Argument(metavar="PACKAGE", help="A .stcnet file in 32 bits; it is left alone.")
    ],
    predictions: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="Held-out predictions of its recipe; may be given several times.",
        ),
    ],
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the clips that were predicted.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .stcnet file to write.")],
    model_version: Annotated[
        str, typer.Option(metavar="VERSION", help="Version to state, another than it has.")
    ],
    calibration: MethodName = None,
    hours_per_day: HoursPerDay = None,
) -> None:
    """Calibrate a model package anew, from held-out predictions.

    Probabilities, thresholds, scores, operating points and card are made again; graphs, weights and
    worked examples stay byte for byte.
    """
    require_extra()
    from stcnet.cli.values import load_package
    from stcnet.packaging.recalibration import recalibrate

    loaded = load_package(package)
    held_out = _held_out(predictions, data, calibration, hours_per_day)
    assert held_out is not None
    _print_package(out, recalibrate(loaded, out, held_out, version=model_version))


def _print_package(out: Path, package: ModelPackage) -> None:
    """What was written, and what rates of false alarms it promises."""
    typer.echo(f"{out}: {package.name} {package.version}, sha256 {package.sha256}")
    for point in package.manifest.operating_points:
        typer.echo(point.in_words)


def _held_out(
    predictions: list[Path] | None,
    data: Path | None,
    calibration: Method | None,
    hours_per_day: float | None,
) -> HeldOut | None:
    """What the package is calibrated and judged by, None where nothing is given.

    Raises:
        ConfigError: Only one of predictions and data is given, or neither, but what needs them.
        DataError: A file cannot be read or is wrong.
    """
    if (predictions is None) != (data is None):
        raise ConfigError(
            "--predictions and --data go together",
            hint="give both for a calibrated package, or neither",
        )
    if predictions is None or data is None:
        if calibration is not None or hours_per_day is not None:
            raise ConfigError("--calibration and --hours-per-day go with --predictions and --data")
        return None
    from stcnet.datasets.cells.collection import CellCollection
    from stcnet.evaluation.held_out import samples_of
    from stcnet.evaluation.operating_points import HOURS_PER_DAY
    from stcnet.packaging.findings import HeldOutCells, HeldOutFolds

    collection, ours = read_held_out(predictions, data)
    method, hours = calibration or "platt", hours_per_day or HOURS_PER_DAY
    if isinstance(collection, CellCollection):
        return HeldOutCells(ours, collection.cells, method, hours)
    return HeldOutFolds(samples_of(ours, collection), method, hours)
