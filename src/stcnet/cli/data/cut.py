"""``stcnet data cut``: long videos into clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.data.importing import Timezone, say_left_out
from stcnet.cli.progress import shown_progress
from stcnet.cli.values import FrameInterval, optional_duration, parse_duration, parse_zones
from stcnet.wording import counted

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from stcnet.datasets.own.cutting import CutReport


Stride = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Frames from the start of a clip to that of the next.",
        show_default="--frames, so that clips do not overlap",
    ),
]
Zones = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=x,y,w,h",
        help="Part of the picture to cut out, as for detect. May be given several times.",
        show_default="the whole picture",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(cut)


def cut(
    videos: Annotated[
        list[Path], typer.Argument(metavar="VIDEO...", help="Videos or folders of pictures.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the clips go.")],
    every: Annotated[
        str, typer.Option(metavar="TIME", help="World time between the frames of a clip.")
    ] = "5s",
    frames: Annotated[int, typer.Option(metavar="N", help="Frames of a clip.")] = 36,
    stride: Stride = None,
    zone: Zones = None,
    view: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Camera view.", show_default="the video's name without its time"
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Capture time of the first frame, such as 2026-05-01T12:30:05Z; of one VIDEO.",
            show_default="from the video's name",
        ),
    ] = None,
    timezone: Timezone = "UTC",
    frame_interval: FrameInterval = None,
) -> None:
    """Cut long videos into time-lapse clips to sort or to label.

    A clip's name tells its view, zone, time and cadence, and data import reads them back. The same
    command again goes on where it was interrupted.
    """
    from stcnet.datasets.own.cutting import CutSettings, cut_videos
    from stcnet.datasets.own.times import parse_timezone

    place = parse_timezone(timezone)
    settings = CutSettings(
        every_s=parse_duration(every, "--every"),
        frames=frames,
        stride=frames if stride is None else stride,
        zones=tuple(parse_zones(zone)),
        view=view,
        start=_start(start, videos, place),
        timezone=place,
        frame_interval_s=optional_duration(frame_interval, "--frame-interval"),
    )
    with shown_progress() as progress:
        report = cut_videos(
            *(videos, out, settings),
            on_bad=say_left_out,
            listener=lambda video, done_s, total_s: progress(f"cutting {video}", done_s, total_s),
        )
    _print(report, out)


def _start(text: str | None, videos: list[Path], timezone: tzinfo) -> datetime | None:
    from stcnet.datasets.own.times import parse_moment
    from stcnet.errors import ConfigError

    if text is None:
        return None
    if len(videos) > 1:
        raise ConfigError(
            "holds for one video", where="--start", got=f"{len(videos)} videos", hint="cut each"
        )
    try:
        return parse_moment(text, timezone)
    except ValueError as error:
        raise ConfigError(str(error), where="--start", got=repr(text)[:60]) from None


def _print(report: CutReport, out: Path) -> None:
    from stcnet.errors import CheckFailedError

    typer.echo(f"{counted(report.written, 'clip')} written, {report.there} there already: {out}")
    if report.left_out:
        raise CheckFailedError(
            f"videos that could not be cut, or not to their end: {report.left_out}",
            hint="see the lines above",
        )
