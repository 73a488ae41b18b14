"""``stcnet demo`` and ``stcnet detect``: from a recording to a folder of results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.errors import say
from stcnet.cli.progress import shown_progress
from stcnet.cli.values import (
    FrameInterval,
    ModelPath,
    Stabilise,
    Zones,
    load_package,
    optional_duration,
    parse_zones,
)
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.detection import Detection
    from stcnet.inference import ModelPackage
    from stcnet.types import Episode

Recording = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A video, a GIF or a folder of pictures.")
]
OutFolder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder for the results.", show_default="stcnet-NAME, here"),
]
OnThreshold = Annotated[
    float | None,
    typer.Option(
        metavar="P",
        min=0,
        max=1,
        help="An episode starts at this probability of smoke.",
        show_default="the model's for alarms",
    ),
]
OffThreshold = Annotated[
    float | None,
    typer.Option(
        metavar="P",
        min=0,
        max=1,
        help="An episode ends below this probability of smoke.",
        show_default="the model's, in proportion to --threshold",
    ),
]
AlarmsPerDay = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help="Take the threshold at which the model's false alarms stay under so many a "
        "camera-day, instead of --threshold.",
    ),
]
Shortest = Annotated[str, typer.Option(metavar="TIME", help="Shorter episodes are dropped.")]
MergeGap = Annotated[
    str, typer.Option(metavar="TIME", help="Episodes no further apart become one.")
]
Overlay = Annotated[
    bool, typer.Option("--overlay/--no-overlay", help="Whether to write the annotated video.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder if it holds earlier results.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(demo)
    app.command()(detect)


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the results; earlier ones are replaced.")
    ] = Path("stcnet-demo"),
) -> None:
    """Find smoke in the sample that comes with the installation."""
    from stcnet.demo import FRAME_INTERVAL_S, SAMPLE_PATH
    from stcnet.detection import detect_into
    from stcnet.video import open_source

    package = load_package(None)
    with (
        open_source(SAMPLE_PATH, frame_interval_s=FRAME_INTERVAL_S) as source,
        shown_progress() as progress,
    ):
        detection = detect_into(out, source, package, overwrite=True, progress=progress)
    _print_findings(detection, out)
    _compare_with_truth(detection)
    typer.echo("\nNext, a recording of your own:\n  stcnet detect VIDEO.mp4")


def detect(
    source: Recording,
    out: OutFolder = None,
    zone: Zones = None,
    frame_interval: FrameInterval = None,
    stabilise: Stabilise = False,
    threshold: OnThreshold = None,
    off_threshold: OffThreshold = None,
    alarms_per_day: AlarmsPerDay = None,
    shortest: Shortest = "15s",
    merge_gap: MergeGap = "60s",
    overlay: Overlay = True,
    overwrite: Overwrite = False,
    model: ModelPath = None,
) -> None:
    """Find the episodes of smoke in a recording.

    Leaves a folder with report.html, events.json, events.csv, scores.csv and overlay.mp4.

    The model judges windows of frames; the probability at a moment is that of the window centred
    nearest to it. A TIME is a number with ms, s, m or h, such as 5s.
    """
    interval_s = optional_duration(frame_interval, "--frame-interval")
    lengths_s = {
        "shortest_s": optional_duration(shortest, "--shortest"),
        "merge_gap_s": optional_duration(merge_gap, "--merge-gap"),
    }
    zones = parse_zones(zone)
    from stcnet.detection import detect_into, episode_settings
    from stcnet.video import open_source

    place = out or results_of(Path(source))
    with open_source(source, frame_interval_s=interval_s) as opened, shown_progress() as progress:
        package = load_package(model)
        on = _threshold(package, threshold, alarms_per_day)
        settings = episode_settings(
            package.calibration, threshold=on, off_threshold=off_threshold, **lengths_s
        )
        detection = detect_into(
            *(place, opened, package, zones, settings),
            stabilise=stabilise,
            overlay=overlay,
            overwrite=overwrite,
            progress=progress,
        )
    _print_findings(detection, place)


def results_of(source: Path) -> Path:
    """The folder of results of a source where none is named."""
    named = Path(os.path.abspath(source))  # noqa: PTH100 -- a link keeps its own name
    return Path(f"stcnet-{named.name if named.is_dir() else named.stem}")


def _threshold(
    package: ModelPackage, threshold: float | None, alarms_per_day: float | None
) -> float | None:
    """The alarm threshold that was asked for, by itself or by a rate; None for the model's.

    Raises:
        ConfigError: Both are given, or the model has no threshold for the rate.
    """
    if alarms_per_day is None:
        return threshold
    if threshold is not None:
        raise ConfigError(
            "--threshold and --alarms-per-day are two ways to say one thing",
            hint="give one of them",
        )
    from stcnet.detection import operating_point

    point = operating_point(package.manifest.operating_points, alarms_per_day)
    say(point.in_words)
    return point.threshold


def _print_findings(detection: Detection, out: Path) -> None:
    from stcnet.reports import headline, in_order_of_time

    typer.echo(headline(detection.summary))
    for number, episode in enumerate(in_order_of_time(detection.episodes), start=1):
        typer.echo(f"  {number}. {_line(episode, detection)}")
    typer.echo(f"Report: {out / 'report.html'}")


def _line(episode: Episode, detection: Detection) -> str:
    from stcnet.reports.wording import clock, duration, elapsed, share

    source, span = detection.source, episode.span
    start, end = (
        clock(moment, time_s) if (moment := source.moment(time_s)) else elapsed(time_s)
        for time_s in (span.start_s, span.end_s)
    )
    return (
        f"{episode.zone}: {start} to {end} ({duration(span.duration_s)}), "
        f"probability up to {share(episode.peak_probability)}"
    )


def _compare_with_truth(detection: Detection) -> None:
    """Say how the findings match what was rendered into the sample.

    Raises:
        CheckFailedError: None of it was found.
    """
    from stcnet.demo import SMOKE_START_S, SMOKE_STOP_S
    from stcnet.errors import CheckFailedError
    from stcnet.events import intersection, total_s, union
    from stcnet.reports.wording import elapsed, share
    from stcnet.types import Span

    truth = Span(SMOKE_START_S, SMOKE_STOP_S)
    found = total_s(intersection(union(each.span for each in detection.episodes), [truth]))
    if not found:
        raise CheckFailedError("the smoke in the sample was not found")
    typer.echo(
        f"\nThe sample is rendered, so the truth is known: smoke is emitted from "
        f"{elapsed(truth.start_s)} to {elapsed(truth.end_s)}; "
        f"{share(found / truth.duration_s)} of that time was found. The episode is longer than the "
        "emission because the plume lingers and a window sees nearly 3 minutes at a time."
    )
