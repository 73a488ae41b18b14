"""``stcnet data synthesize``: a rendered data set to rehearse with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stcnet.wording import counted


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(synthesize)


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
    from stcnet.datasets.opening import refuse_other_kinds
    from stcnet.datasets.rise.drawing import draw_records
    from stcnet.datasets.rise.records import METADATA_FILE
    from stcnet.datasets.rise.rendering import write_rise

    refuse_other_kinds(out, {METADATA_FILE})
    records = draw_records(clips, size=size, seed=seed)
    with shown_progress() as progress:
        write_rise(
            out,
            records,
            size=size,
            seed=seed,
            listener=lambda done, total: progress("rendering", done, total),
        )
    typer.echo(f"{counted(len(records), 'clip')}: {out}")
