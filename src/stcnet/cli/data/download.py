"""``stcnet data download``: the published videos of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.download import DatasetName, Outcome

_DEFAULT_SIZE = 180


MetadataFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The records, which become the folder's metadata.json.",
        show_default="the folder's",
    ),
]
Archives = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="ZIP",
        help="Archive that holds videos, asked before the addresses in the records. "
        "May be given several times.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(download)


def download(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="rise or ijmond.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the data set.")],
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS", help="Side of RISE's videos, 180 or 320.", show_default="180"
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only clips with a label, of RISE's split S0..S5."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only the train, validation or test part of --split."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="So many clips at most, always the same ones."),
    ] = None,
    metadata: MetadataFile = None,
    archive: Archives = None,
    workers: Annotated[int, typer.Option(metavar="N", help="Videos at the same time.")] = 4,
    rate: Annotated[
        float, typer.Option(metavar="N", help="Requests a second to one host, at most.")
    ] = 4.0,
) -> None:
    """Fetch the videos of RISE or IJmond, check them by decoding, and say what is missing.

    What is there is not fetched again, and what was cut off goes on: give the same command again
    after an interruption. Exit code 1 where a video is missing; DIR/missing.csv says why.
    """
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.download import Manner, Pace, Request
    from stcnet.datasets.download import download as fetch

    request = Request(
        cast("DatasetName", dataset),  # the request refuses any other
        size or (_DEFAULT_SIZE if dataset == "rise" and size is None else size),
        split,
        part,
        limit,
        tuple(path.resolve() for path in archive or ()),
    )
    pace = Pace(workers=workers, rate=rate)
    with shown_progress() as progress:
        manner = Manner(pace, listener=lambda done, total: progress("fetching", done, total))
        outcome = fetch(out, request, metadata=metadata, manner=manner)
    _tell(out, outcome)


def _tell(out: Path, outcome: Outcome) -> None:
    """Print how it ended.

    Raises:
        CheckFailedError: Something is missing.
    """
    from stcnet.datasets.download import summary
    from stcnet.errors import CheckFailedError

    there = outcome.wanted - len(outcome.missing)
    typer.echo(
        f"{there} of {counted(outcome.wanted, 'video')}, {outcome.fetched} of them new: {out}"
    )
    if not outcome.missing:
        return
    for line in summary([video.cause for video in outcome.missing]):
        typer.echo(f"missing: {line}")
    raise CheckFailedError(
        f"{len(outcome.missing)} of {counted(outcome.wanted, 'video')} missing",
        where=out,
        hint=f"see {outcome.report}; the same command again fetches only what is missing, "
        "and with --archive looks into zip archives",
    )
