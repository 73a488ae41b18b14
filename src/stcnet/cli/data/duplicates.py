"""``stcnet data duplicates``: clips of a data set that show one recording or one scene."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.leaks.searching import Duplicates, Member

_HEAD = ("group", "clip", "view", "start", "label", "kind", "similarity", "like")


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(duplicates)


def duplicates(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of any kind of data.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the groups as CSV instead of printing them."),
    ] = None,
    recordings: Annotated[
        bool,
        typer.Option("--recordings", help="Only clips of one recording, not of one scene."),
    ] = False,
) -> None:
    """Find clips that look alike, by decoding all that have a label.

    Two clips are of one recording where the same moves in both, coded, scaled, brightened or cut
    anew as they may be; of one scene where the same view lies in the same light, as within
    minutes. Clips that hang together by such pairs are a group.
    """
    from stcnet.cli.errors import say
    from stcnet.cli.progress import shown_progress
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.leaks.searching import COLUMNS, find_duplicates
    from stcnet.datasets.opening import open_collection
    from stcnet.files import require_replaceable, write_whole

    if out is not None:
        require_replaceable(out, ",".join(COLUMNS).encode(), what="table of groups")
    collection = open_collection(folder)
    with shown_progress() as progress:
        found = find_duplicates(
            collection,
            scenes=not recordings,
            on_bad=lambda error: say(f"left out: {error}"),
            listener=lambda done, total: progress("looking", done, total),
        )
    if out is None:
        typer.echo(_table(found.members) + "\n" if found.members else "", nl=False)
    else:
        hint = "name a place that you may write to and that has room"
        write_whole(out, found.table().encode(), what="the groups", hint=hint)
    typer.echo(summary(found) + (f": {out}" if out else ""))


def summary(found: Duplicates) -> str:
    """How many groups there are, and what was not looked at, in one line."""
    members = found.members
    parts = [
        f"{len(members)} of {counted(len(found.clips), 'clip')} in "
        f"{counted(members[-1].group if members else 0, 'group')}",
        f"{counted(sum(pair.same_recording for pair in found.pairs), 'pair')} of one recording",
    ]
    parts += [f"{found.undecided} without a label not looked at"] if found.undecided else []
    parts += [f"{found.bad} left out"] if found.bad else []
    return ", ".join(parts)


def _table(members: tuple[Member, ...]) -> str:
    lines = [_HEAD, ["---"] * len(_HEAD), *map(_line, members)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(member: Member) -> tuple[str, ...]:
    clip = member.clip
    return (
        str(member.group),
        clip.id,
        clip.view,
        f"{clip.start:%Y-%m-%d %H:%M:%S}" if clip.start else "n/a",
        str(clip.label),
        member.kind,
        f"{member.similarity:.3f}",
        member.like.id,
    )
