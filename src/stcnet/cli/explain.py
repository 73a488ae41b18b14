"""``stcnet explain``: where in a clip a verdict comes from, as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from stcnet.cli.progress import shown_progress
from stcnet.cli.research import require_extra
from stcnet.cli.values import (
    FrameInterval,
    ModelPath,
    OneZone,
    load_package,
    optional_duration,
    parse_one_zone,
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(explain)


def explain(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A video, a GIF or a folder.")],
    model: ModelPath = None,
    target: Annotated[
        Literal["smoke", "none"], typer.Option(help="The class whose evidence Grad-CAM shows.")
    ] = "smoke",
    stage: Annotated[
        int,
        typer.Option(min=1, max=4, help="Stage to look behind: 1 has the finest maps, 4 is last."),
    ] = 4,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the pictures.", show_default="explained-NAME, here"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the folder if it holds earlier pictures.")
    ] = False,
    frame_interval: FrameInterval = None,
    zone: OneZone = None,
) -> None:
    """Show where in a clip the verdict comes from.

    Leaves a folder with the frames and residuals that were judged, Grad-CAM of each pathway and of
    both together as GIF and stills, the exact activation map, and all maps as numbers.
    """
    require_extra()
    interval_s = optional_duration(frame_interval, "--frame-interval")
    place = parse_one_zone(zone)
    from stcnet.detection import read_clip
    from stcnet.explain.explanation import explain_clip
    from stcnet.explain.figures import FIGURE_FILES, write_figures
    from stcnet.folders import new_folder
    from stcnet.video import open_source

    folder = out or Path(f"explained-{Path(clip).resolve().stem}")
    with (
        new_folder(folder, FIGURE_FILES, overwrite=overwrite) as partial,
        open_source(clip, frame_interval_s=interval_s) as source,
        shown_progress() as progress,
    ):
        package = load_package(model)
        read = read_clip(source, package.manifest, place)
        explanation = explain_clip(
            *(package, read.frames, read.times_s),
            target=target,
            stage=stage,
            on_phase=lambda done, total: progress("explaining", done, total),
        )
        files = write_figures(partial, explanation, source.info.name)
    verdict = explanation.verdict
    smoke = verdict.probability >= package.calibration.threshold
    typer.echo(f"{'smoke' if smoke else 'no smoke'}, probability {verdict.probability:.3f}")
    for file in files:
        typer.echo(f"  {folder / file.name}")
