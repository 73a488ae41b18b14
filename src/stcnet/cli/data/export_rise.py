"""``stcnet data export-rise``: own data for tools that know RISE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.data.importing import Timezone, say_left_out
from stcnet.cli.progress import shown_progress
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.own.rise_export import ExportReport


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("export-rise")(export_rise)


def export_rise(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An own data set.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The new folder.")],
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="Side of the clips, an even number of 32..1024.",
            show_default="as they are where they are clips of RISE's form, else 180",
        ),
    ] = None,
    timezone: Timezone = "UTC",
) -> None:
    """Write own data in RISE's layout: metadata.json, videos, and names.csv.

    A clip that RISE's layout cannot hold is told in one line; the rest goes on, and the exit code
    is 1.
    """
    from stcnet.datasets.own.rise_export import export_rise as write
    from stcnet.datasets.own.times import parse_timezone

    place = parse_timezone(timezone)
    with shown_progress() as progress:
        report = write(
            *(folder, out),
            size=size,
            timezone=place,
            on_bad=say_left_out,
            listener=lambda done, total: progress("exporting", done, total),
        )
    _print(report, out)


def _print(report: ExportReport, out: Path) -> None:
    from stcnet.errors import CheckFailedError

    typer.echo(
        f"{counted(report.clips, 'clip')}, {report.copied} of them copied as they are, "
        f"{report.left_out} left out: {out}"
    )
    if report.reweighted:
        typer.echo(
            f"label weights changed to the nearest one of RISE: {report.reweighted}, "
            f"by {report.largest_change:.2g} at most"
        )
    if report.spread:
        typer.echo(f"clips of fewer than 36 frames, which repeat: {report.spread}")
    if report.left_out:
        raise CheckFailedError(f"clips left out: {report.left_out}", hint="see the lines above")
