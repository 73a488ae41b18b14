"""``stcnet quantise``: a model package that computes in 8-bit integers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.research import require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.inference import ModelPackage
    from stcnet.packaging.footage import Footage


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(quantise)


def quantise(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .stcnet file to write.")],
    package: Annotated[
        Path | None,
        typer.Argument(
            metavar="PACKAGE", help="A .stcnet file in 32 bits.", show_default="the bundled one"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Data it was trained on: ranges are observed on its training clips alone.",
            show_default="rendered clips",
        ),
    ] = None,
    clips: Annotated[
        int, typer.Option(metavar="N", min=1, max=4096, help="Clips to observe ranges on.")
    ] = 64,
) -> None:
    """Make the int8 form of a model package: less than half of its size, and faster.

    Calibration, scores and worked examples are taken over. What it costs in accuracy depends on
    the model: measure it with benchmarks/int8.py.
    """
    require_extra()
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.values import load_package
    from stcnet.packaging.export import require_folder
    from stcnet.packaging.quantisation import quantise_package, require_float

    require_folder(out)
    source = load_package(package)
    require_float(source)
    if out.exists() and out.samefile(source.source):
        raise ConfigError("this is PACKAGE", where="--out", got=out, hint="name another file")
    footage = _footage(source, data, clips)
    with shown_progress() as progress:
        made = quantise_package(source, out, footage, on_clip=partial(progress, "quantising"))
    typer.echo(f"{out}: {made.name} {made.version} in int8, sha256 {made.sha256}")
    typer.echo(f"{_megabytes(out)}, in 32 bits {_megabytes(source.source)}")


def _footage(source: ModelPackage, data: Path | None, clips: int) -> Footage:
    from stcnet.packaging.footage import rendered_footage, training_footage

    if data is None:
        return rendered_footage(source, clips)
    from stcnet.datasets.opening import open_collection

    return training_footage(source, open_collection(data), clips)


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
