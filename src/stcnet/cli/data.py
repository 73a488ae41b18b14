"""``stcnet data``: what a data set holds, and a rendered one to rehearse with."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stcnet.datasets.inventory import Count
    from stcnet.datasets.rise import RiseRecord

_HEAD = ("by", "value", "clips", "labelled", "smoke", "prevalence", "mean weight")

data_app = typer.Typer(help="Look into data sets, and render one.")


def register(app: typer.Typer) -> None:
    """Add the group of this module."""
    app.add_typer(data_app, name="data")


@data_app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """Look into data sets, and render one."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@data_app.command()
def info(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with metadata.json or cells.json.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Count the clips of a data set by split, view, plant, month, hour and label state.

    DIR is RISE (metadata.json and videos, or the published split files) or the shared cells.
    Hours are of the plants' time zone, America/New_York.
    """
    from stcnet.datasets import read_cells
    from stcnet.datasets.cells import RECORDS_FILE
    from stcnet.datasets.inventory import cell_entries, count_entries, rise_entries
    from stcnet.datasets.rise import read_rise

    notes: dict[str, object] = {}
    if (folder / RECORDS_FILE).is_file():
        counts = count_entries(cell_entries(read_cells(folder)))
    else:
        records = read_rise(folder)
        counts = count_entries(rise_entries(records))
        notes = _rise_notes(folder, records)
    if as_json:
        typer.echo(json.dumps({"counts": [_as_object(c) for c in counts], **notes}, indent=1))
        return
    typer.echo(_table(counts))
    for name, value in notes.items():
        typer.echo(f"{name.replace('_', ' ')}: {_words(value)}")


def _rise_notes(folder: Path, records: Sequence[RiseRecord]) -> dict[str, object]:
    """How many videos are there, and how many test clips share picture and time with training."""
    from stcnet.datasets.rise import (
        SPLITS,
        VIEWS,
        decided,
        divide,
        part_of,
        shared_pictures,
        video_path,
    )

    notes: dict[str, object] = {
        "videos": sum(video_path(folder, record).is_file() for record in records)
    }
    known = [record for record in decided(records) if record.view in VIEWS]
    partly_seen = {}
    for split in SPLITS:
        parts = divide(known, partial(part_of, split=split))
        partly_seen[split] = len(shared_pictures(parts["train"], parts["test"]))
    notes["test_clips_partly_seen_in_training"] = partly_seen
    return notes


def _as_object(count: Count) -> dict[str, object]:
    return {
        "by": count.group,
        "value": count.value,
        "clips": count.clips,
        "labelled": count.labelled,
        "smoke": count.smoke,
        "prevalence": _rounded(count.prevalence),
        "mean_weight": _rounded(count.mean_weight),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _table(counts: Sequence[Count]) -> str:
    lines: list[Sequence[str]] = [_HEAD, ["---"] * len(_HEAD)]
    for count in counts:
        numbers = (count.clips, count.labelled, count.smoke)
        shares = (count.prevalence, count.mean_weight)
        lines.append([count.group, count.value, *map(str, numbers), *map(_decimals, shares)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _decimals(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number}" for key, number in value.items())
    return str(value)


@data_app.command()
def synthesize(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the data set goes.")],
    clips: Annotated[int, typer.Option(metavar="N", help="Number of clips.")] = 190,
    size: Annotated[
        int, typer.Option(metavar="PIXELS", help="Side of the clips, an even number of 32..1024.")
    ] = 64,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides everything that is drawn.")] = 0,
) -> None:
    """Render a data set with RISE's metadata layout: views, days, votes, and painted smoke.

    Every tool that takes RISE takes it. A score on it says nothing about real smoke.
    """
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.rise.drawing import draw_records
    from stcnet.datasets.rise.rendering import write_rise

    records = draw_records(clips, size=size, seed=seed)
    with shown_progress() as progress:
        write_rise(
            out,
            records,
            size=size,
            seed=seed,
            listener=lambda done, total: progress("rendering", done, total),
        )
    typer.echo(f"{len(records)} clips: {out}")
