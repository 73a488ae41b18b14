"""``stcnet data import``: labelled clips of one's own become a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.errors import say
from stcnet.cli.progress import shown_progress
from stcnet.cli.values import parse_one_zone
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.own.candidates import Defaults
    from stcnet.datasets.own.importing import ImportReport
    from stcnet.errors import StcnetError

Timezone = Annotated[
    str,
    typer.Option(
        metavar="TZ", help="Time zone of times without an offset, such as Europe/Amsterdam."
    ),
]


Interval = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="World time between the frames of time-lapse clips that say none, such as 5s.",
        show_default="as the video plays",
    ),
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="NAME=x,y,w,h",
        help="Part of the picture that counts in clips that say none, as for detect.",
        show_default="the centred square",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command("import")(import_)


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder with smoke and no-smoke, a CSV, or labels of the monitor.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The data set; made or added to.")],
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the files that a table names.",
            show_default="that of the table",
        ),
    ] = None,
    view: Annotated[
        str, typer.Option(metavar="NAME", help="Camera view of clips that say none.")
    ] = "unknown",
    plant: Annotated[
        str, typer.Option(metavar="NAME", help="Plant of clips that say none.")
    ] = "unknown",
    timezone: Timezone = "UTC",
    interval: Interval = None,
    zone: Zones = None,
    link: Annotated[bool, typer.Option("--link", help="Hard-link the videos, not copy.")] = False,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Clips that are there take a label that differs.")
    ] = False,
) -> None:
    """Make labelled clips of your own a data set, or add them to one.

    A clip that is there already, by content, is not added again. What cannot be taken is told in
    one line each; the rest goes on, and the exit code is 1.
    """
    from stcnet.datasets.own.importing import ImportSettings, import_clips

    settings = ImportSettings(
        clips=clips,
        defaults=_defaults(view, plant, timezone, interval, zone),
        link=link,
        relabel=relabel,
    )
    with shown_progress() as progress:
        report = import_clips(
            *(source, out, settings),
            on_bad=say_left_out,
            listener=lambda done, total: progress("importing", done, total),
        )
    _print(report, out)


def _defaults(
    view: str, plant: str, timezone: str, interval: str | None, zone: list[str] | None
) -> Defaults:
    from stcnet.cli.values import optional_duration
    from stcnet.datasets.own.candidates import Defaults
    from stcnet.datasets.own.times import parse_timezone

    return Defaults(
        view=checked_name(view, "--view"),
        plant=checked_name(plant, "--plant"),
        timezone=parse_timezone(timezone),
        interval_s=optional_duration(interval, "--interval"),
        zone=parse_one_zone(zone),
    )


def checked_name(name: str, option: str) -> str:
    """A view or plant that was given as an option.

    Raises:
        ConfigError: It cannot serve as a file name.
    """
    from stcnet.datasets.own.values import place_name
    from stcnet.errors import ConfigError

    try:
        return place_name(name) or "unknown"
    except ValueError as error:
        raise ConfigError(str(error), where=option, got=repr(name)[:60]) from None


def say_left_out(error: StcnetError) -> None:
    """Print why something is left out, on standard error."""
    say(f"left out: {error}")


def _print(report: ImportReport, out: Path) -> None:
    from stcnet.errors import CheckFailedError

    parts = [f"{report.added} added", f"{report.there} there already"]
    if report.relabelled:
        parts.append(f"{report.relabelled} relabelled")
    if report.restored:
        parts.append(f"{counted(report.restored, 'video')} restored")
    typer.echo(f"{', '.join(parts)}, {report.left_out} left out: {out}")
    if report.spread:
        typer.echo(f"clips of fewer than 36 frames, which repeat: {report.spread}")
    if report.left_out:
        raise CheckFailedError(
            f"clips or lines left out: {report.left_out}", hint="see the lines above"
        )
