"""``stcnet data split``: who is tested on what, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stcnet.datasets import Fold


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(split)


def split(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of labelled clips.")],
    protocol: Annotated[
        str, typer.Option(metavar="NAME", help="A wrong name lists what the data allows.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The new folder.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a folder of the same files.")
    ] = False,
    groups: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep apart what this table of data duplicates groups."),
    ] = None,
) -> None:
    """Write the folds of a protocol: folds.json, folds.csv, and for RISE its split files.

    `stcnet train --protocol DIR/folds.json` trains on just these folds. No clip is looked at: what
    the records cannot tell, the training refuses.
    """
    from stcnet.cli.errors import say
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.collection import labelled
    from stcnet.datasets.folds.files import folds_as_files, write_folds
    from stcnet.datasets.folds.protocols import folds_of
    from stcnet.datasets.leaks.groups import read_groups
    from stcnet.datasets.opening import open_collection
    from stcnet.folders import new_folder

    collection = open_collection(folder)
    folds = folds_of(read_groups(groups, collection) if groups else collection, protocol)
    files = folds_as_files(collection, protocol, folds)
    with new_folder(out, files, overwrite=overwrite) as partial:
        write_folds(partial, files)
    if undecided := len(collection.clips) - len(labelled(collection.clips)):
        say(f"{undecided} left out, without a decided label")
    typer.echo(_table(folds))
    typer.echo(f"written: {out}")


def _table(folds: list[Fold]) -> str:
    head = ("fold", "train", "smoke", "validation", "smoke", "test", "smoke", "left out")
    lines = [head, ("---",) * len(head)]
    for fold in folds:
        counts = [
            number
            for clips in fold.parts.values()
            for number in (len(clips), sum(clip.label == 1 for clip in clips))
        ]
        lines.append((fold.name, *map(str, counts), str(fold.left_out)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
