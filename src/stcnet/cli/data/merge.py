"""``stcnet data merge``: labels of several people into one table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.data.importing import say_left_out
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.own.merging import Merged
    from stcnet.errors import StcnetError

_SHOWN = 20


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(merge)


def merge(
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="LABELS...", help="CSV files with clip, annotator and label."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The merged CSV.")],
    researcher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An annotator whose word counts as a researcher's: labels and weights then follow "
            "RISE. May be given several times.",
            show_default="none: the majority decides",
        ),
    ] = None,
    fewest: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Votes for smoke or none that a majority needs."),
    ] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not tables.")] = False,
) -> None:
    """Merge the labels of several people, and say how far they agree.

    Prints Krippendorff's alpha, the agreement of every two annotators, and the clips that somebody
    should look at again. Rows that are wrong are told in one line each; the exit code is then 1.
    """
    from stcnet.cli.research import require_extra
    from stcnet.errors import CheckFailedError, ConfigError

    require_extra()
    from stcnet.datasets.own.merging import merge_votes, read_votes, write_merged

    if out.resolve() in {table.resolve() for table in tables}:
        raise ConfigError("is one of the tables that are merged", where="--out", got=out)
    bad: list[StcnetError] = []

    def left_out(error: StcnetError) -> None:
        bad.append(error)
        say_left_out(error)

    votes = read_votes(tables, left_out)
    merged = merge_votes(votes, researchers=tuple(researcher or ()), fewest=fewest)
    write_merged(out, merged)
    if as_json:
        typer.echo(json.dumps(_as_object(merged), indent=1, allow_nan=False))
    else:
        typer.echo(f"{_text(merged)}\n{counted(len(merged.clips), 'clip')}: {out}")
    if bad:
        raise CheckFailedError(f"rows left out: {len(bad)}", hint="see the lines above")


def _as_object(merged: Merged) -> dict[str, object]:
    agreement = merged.agreement
    return {
        "alpha": None if math.isnan(agreement.alpha) else round(agreement.alpha, 4),
        "clips_with_two_votes": agreement.clips,
        "pairs": [
            {"one": p.one, "other": p.other, "clips": p.clips, "agreement": round(p.share, 4)}
            for p in agreement.pairs
        ],
        "clips": _counts(merged),
        "look_again": [
            {"clip": clip.clip, "status": clip.outcome.status.value} for clip in merged.to_look_at
        ],
    }


def _counts(merged: Merged) -> dict[str, int]:
    labels = [clip.outcome.judgement and clip.outcome.judgement.label for clip in merged.clips]
    return {
        "smoke": labels.count(1),
        "none": labels.count(0),
        "undecided": labels.count(None),
    }


def _text(merged: Merged) -> str:
    from stcnet.datasets.own.names import shown

    agreement = merged.agreement
    alpha = f"{agreement.alpha:.3f}"
    if math.isnan(agreement.alpha):
        alpha = "not defined: no clip has two votes, or all votes are the same"
    twice = counted(agreement.clips, "clip")
    lines = [f"Krippendorff's alpha (nominal): {alpha}; {twice} with two votes"]
    if agreement.pairs:
        lines += ["", "| annotators | clips | agreement |", "| --- | --- | --- |"]
    lines += [
        f"| {shown(p.one)}, {shown(p.other)} | {p.clips} | {p.share:.3f} |" for p in agreement.pairs
    ]
    counts = ", ".join(f"{number} {word}" for word, number in _counts(merged).items())
    lines += ["", counts]
    again = merged.to_look_at
    if again:
        lines += ["", f"To look at again: {len(again)}"]
        lines += [f"  {shown(clip.clip)}: {clip.outcome.status.value}" for clip in again[:_SHOWN]]
    if len(again) > _SHOWN:
        lines += [f"  and {len(again) - _SHOWN} more, see the column status"]
    return "\n".join(lines)
