"""``stcnet data info``: what a data set holds."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.errors import say

if TYPE_CHECKING:
    from stcnet.datasets import Collection
    from stcnet.datasets.leaks.searching import Duplicates
    from stcnet.datasets.overview import Overview
    from stcnet.datasets.overview.inventory import Count
    from stcnet.errors import StcnetError

_HEAD = ("by", "value", "clips", "labelled", "smoke", "prevalence", "mean weight")


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(info)


def info(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of any kind of data.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with charts and pictures of each view."),
    ] = None,
    duplicates: Annotated[
        bool,
        typer.Option("--duplicates", help="Count near-duplicates too, by decoding all clips."),
    ] = False,
) -> None:
    """Count the clips of a data set by split, view, plant, month, hour and label state.

    Months and hours are those of the plants for RISE and IJmond, else UTC. Only --html, for its
    pictures, and --duplicates decode videos.
    """
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.opening import open_collection
    from stcnet.datasets.overview import look_over
    from stcnet.datasets.overview.page import require_page

    if html is not None:
        require_page(html)
    collection = open_collection(folder)
    overview = look_over(collection)
    found = _search(collection) if duplicates else None
    if html is not None:
        _write_page(html, collection, overview, found)
    if as_json:
        typer.echo(json.dumps(overview.as_json() | _as_object(found), indent=1))
    else:
        _print(overview, found)


def _search(collection: Collection) -> Duplicates:
    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.leaks.searching import find_duplicates

    with shown_progress() as progress:
        return find_duplicates(
            collection,
            on_bad=_left_out,
            listener=lambda done, total: progress("looking", done, total),
        )


def _write_page(
    path: Path, collection: Collection, overview: Overview, found: Duplicates | None
) -> None:
    from stcnet.datasets.overview import sample_pictures, write_page

    write_page(path, overview, sample_pictures(collection, on_bad=_left_out), found)
    say(f"written: {path}")


def _left_out(error: StcnetError) -> None:
    say(f"left out: {error}")


def _as_object(found: Duplicates | None) -> dict[str, object]:
    """The groups of near-duplicates by the ids of their clips."""
    if found is None:
        return {}
    groups: dict[int, list[str]] = {}
    for member in found.members:
        groups.setdefault(member.group, []).append(member.clip.id)
    return {"near_duplicates": list(groups.values())}


def _print(overview: Overview, found: Duplicates | None) -> None:
    from stcnet.cli.data.duplicates import summary
    from stcnet.datasets.overview.page import in_words

    typer.echo(_table(overview.counts))
    for name, note in overview.notes.items():
        typer.echo(f"{name.replace('_', ' ')}: {in_words(note)}")
    if found is not None:
        typer.echo(f"near-duplicates: {summary(found)}")


def _table(counts: Sequence[Count]) -> str:
    lines: list[Sequence[str]] = [_HEAD, ["---"] * len(_HEAD)]
    for count in counts:
        numbers = (count.clips, count.labelled, count.smoke)
        shares = (count.prevalence, count.mean_weight)
        lines.append([count.group, count.value, *map(str, numbers), *map(_decimals, shares)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _decimals(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.3f}"
