"""``stcnet data revise``: hold revised labels against the data they correct."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import CheckFailedError, StcnetError
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.collection import Collection
    from stcnet.datasets.revisions.reading import Change, Revisions


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(revise)


def revise(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of data, of any kind.")],
    revisions: Annotated[
        Path,
        typer.Option(metavar="FILE", help="CSV or JSON with id, old, new, who, why (and when)."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not text.")] = False,
) -> None:
    """Check a file of revised labels and say what it changes; the data stay as they are.

    `stcnet train` and `stcnet evaluate` take the same file with --revisions. Exits with 1 where a
    revision is wrong or does not fit the data.
    """
    from stcnet.datasets.opening import open_collection
    from stcnet.datasets.revisions.reading import read_revisions, require_fit

    collection = open_collection(folder)
    faults: list[StcnetError] = []
    read = read_revisions(revisions, on_bad=faults.append)
    known = {clip.id: clip.label for clip in collection.clips}
    fitting = require_fit(read, known, on_bad=faults.append)
    summary = _summarise(collection, fitting, [str(fault) for fault in faults])
    typer.echo(json.dumps(_as_object(summary), indent=1) if as_json else _text(summary))
    if faults:
        raise CheckFailedError(
            "revisions are wrong",
            where=revisions,
            got=counted(len(faults), "mistake"),
            hint="mend the file; it is not used before all of it fits",
        )


@dataclass(frozen=True)
class _Summary:
    """What a file of revisions does to a collection; ``views`` holds only those it changes."""

    title: str
    whole: Change
    views: Mapping[str, Change]
    who: Sequence[str]
    wrong: Sequence[str]


def _summarise(collection: Collection, revisions: Revisions, wrong: Sequence[str]) -> _Summary:
    from stcnet.datasets.revisions.reading import change_among

    views: dict[str, list[str]] = {}
    for clip in collection.clips:
        views.setdefault(clip.view, []).append(clip.id)
    changes = {view: change_among(revisions, ids) for view, ids in sorted(views.items())}
    return _Summary(
        collection.title,
        change_among(revisions, [clip.id for clip in collection.clips]),
        {view: change for view, change in changes.items() if change.revised},
        sorted({entry.who for entry in revisions.entries.values()}),
        wrong,
    )


def _as_object(summary: _Summary) -> dict[str, object]:
    whole = summary.whole
    return {
        "data": summary.title,
        "file": whole.file,
        "sha256": whole.sha256,
        "who": list(summary.who),
        **_counts(whole),
        "views": {view: _counts(change) for view, change in summary.views.items()},
        "wrong": list(summary.wrong),
    }


def _counts(change: Change) -> dict[str, int]:
    return {"clips": change.clips, "to_smoke": change.to_smoke, "to_none": change.to_none}


def _text(summary: _Summary) -> str:
    lines = [
        f"{summary.title}: {summary.whole}",
        f"sha256: {summary.whole.sha256}",
        f"by: {', '.join(summary.who) or 'nobody'}",
        "",
        "| view | clips | to smoke | to none |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {view} | {change.clips} | {change.to_smoke} | {change.to_none} |"
        for view, change in summary.views.items()
    ]
    return "\n".join([*lines, *([""] if summary.wrong else []), *summary.wrong])
