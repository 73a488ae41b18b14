"""``stcnet data check``: what is wrong with the records of a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import CheckFailedError
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.records.checking import FileCheck


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(check)


def check(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="A file of records, or a folder with some.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not text.")] = False,
) -> None:
    """Read every record of a data set and print what is wrong, by cause, with examples.

    RISE's and IJmond's metadata, the published splits, answers of the labelling tool, the shared
    cells and own data are told by their form. Exits with 1 where anything is wrong.
    """
    from stcnet.datasets.records.checking import check_records

    checks = check_records(path)
    if as_json:
        typer.echo(json.dumps([_as_object(each) for each in checks], indent=1))
    else:
        for each in checks:
            typer.echo(_text(each))
    faults = sum(len(each.faults) for each in checks)
    if faults:
        records = counted(sum(each.records for each in checks), "record")
        raise CheckFailedError(
            "records are wrong",
            where=path,
            got=f"{counted(faults, 'mistake')} in {records}",
            hint="mend them, or get the file again",
        )


def _as_object(each: FileCheck) -> dict[str, object]:
    from stcnet.datasets.records.checking import by_cause

    return {
        "file": str(each.path),
        "form": each.form,
        "records": each.records,
        "wrong": len(each.faults),
        "causes": [
            {"cause": cause.text, "count": cause.count, "examples": list(cause.examples)}
            for cause in by_cause(each.faults)
        ],
    }


def _text(each: FileCheck) -> str:
    from stcnet.datasets.records.checking import by_cause

    lines = [f"{each.path}: {each.form or 'not understood'}, {counted(each.records, 'record')}"]
    for cause in by_cause(each.faults):
        lines.append(f"  {cause.count} x {cause.text}")
        lines += [f"    {example}" for example in cause.examples]
    return "\n".join(lines if each.faults else [f"{lines[0]}, nothing wrong"])
