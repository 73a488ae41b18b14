"""``stcnet score``: one verdict for each clip."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcnet.cli.errors import say
from stcnet.cli.values import (
    FrameInterval,
    ModelPath,
    OneZone,
    Stabilise,
    load_package,
    optional_duration,
    parse_one_zone,
)
from stcnet.errors import StcnetError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stcnet.inference import ModelPackage
    from stcnet.types import Zone

Record = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(score)


def score(
    clips: Annotated[
        list[str],
        typer.Argument(metavar="CLIP", help="Videos, GIFs or folders of pictures."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, in the order given.")
    ] = False,
    frame_interval: FrameInterval = None,
    zone: OneZone = None,
    stabilise: Stabilise = False,
    model: ModelPath = None,
) -> None:
    """Say of each clip whether it shows smoke.

    It does from the model's verdict threshold on, which is not the one that starts an alarm.
    A clip that cannot be judged costs only its own line; the exit code is then 2.
    """
    interval_s = optional_duration(frame_interval, "--frame-interval")
    place = parse_one_zone(zone)
    package = load_package(model)
    show = _print_json if as_json else _print_row
    if not as_json:
        threshold = package.calibration.threshold
        typer.echo(f"verdict   probability  clip (smoke from probability {threshold:g} on)")
    failed = False
    for clip in clips:
        record = _record(clip, package, place, interval_s, stabilise=stabilise)
        show(record)
        failed = failed or "error" in record
    if failed:
        raise typer.Exit(StcnetError.exit_code)


def _record(
    clip: str,
    package: ModelPackage,
    zone: Zone | None,
    interval_s: float | None,
    *,
    stabilise: bool,
) -> Record:
    from stcnet.detection import score_clip
    from stcnet.video import open_source

    try:
        with open_source(clip, frame_interval_s=interval_s) as source:
            verdict = score_clip(source, package, zone, stabilise=stabilise)
    except StcnetError as error:
        return {"path": clip, "error": str(error)}
    threshold = package.calibration.threshold
    return {
        "path": clip,
        "probability": round(verdict.probability, 6),
        "smoke": verdict.probability >= threshold,
        "threshold": threshold,
        "model": _name_of(package),
    }


def _name_of(package: ModelPackage) -> str:
    precision = package.manifest.precision
    form = "" if precision == "fp32" else f" {precision}"
    return f"{package.name} {package.version}{form}"


def _print_json(record: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))


def _print_row(record: Mapping[str, Any]) -> None:
    path = one_line(record["path"])
    if "error" in record:
        said = record["error"].removeprefix(f"{path}: ").removeprefix(f"{PurePath(path).name}: ")
        say(f"error: {path}: {said}")
        return
    verdict = "smoke" if record["smoke"] else "no smoke"
    typer.echo(f"{verdict:<8}  {record['probability']:>11.3f}  {path}")
