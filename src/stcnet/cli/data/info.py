"""``stcnet data info``: what a data set holds."""

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


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(info)


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
