"""``stcnet data verify``: whether a data set is what was downloaded, stored or imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import CheckFailedError, DataError
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.download import Verification


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(verify)


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a download, a store, or own data.")
    ],
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is wrong or missing again.")
    ] = False,
) -> None:
    """Read, hash and decode all that a data set should hold, and say what is wrong.

    Finds missing, truncated, changed, unreadable and extra files; exit code 1 if there is any.
    --repair replaces a wrong video of a download once a right one has come, and removes nothing.
    """
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.own.records import CLIPS_FILE
    from stcnet.datasets.store import STORE_FILE

    if not folder.is_dir():
        raise DataError("there is no such folder", where=folder)
    if (folder / STORE_FILE).is_file():
        _verify_store(folder, repair=repair)
    elif (folder / CLIPS_FILE).is_file():
        _verify_own(folder, repair=repair)
    else:
        _verify_download(folder, repair=repair)


def _verify_download(folder: Path, *, repair: bool) -> None:
    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.download import Manner, fetch_again
    from stcnet.datasets.download import verify as look

    with shown_progress() as progress:
        found = look(
            folder, manner=Manner(listener=lambda done, total: progress("checking", done, total))
        )
        if repair and found.repairable:
            manner = Manner(listener=lambda done, total: progress("fetching", done, total))
            outcome = fetch_again(folder, found.repairable, manner=manner)
            typer.echo(f"fetched again: {counted(outcome.fetched, 'video')}")
            for video in outcome.missing:
                typer.echo(f"not fetched: {video.file_name}: {video.cause}: {video.detail}")
            found = look(folder)
    _tell(folder, found, repaired=repair)


def _tell(folder: Path, found: Verification, *, repaired: bool) -> None:
    """Print what is wrong.

    Raises:
        CheckFailedError: Something is.
    """
    from stcnet.datasets.download import summary

    for finding in found.findings:
        typer.echo(f"{finding.kind}: {finding.name or folder}: {finding.detail}")
    if not found.findings:
        typer.echo(f"{counted(found.checked, 'video')}, unchanged since the download: {folder}")
        return
    raise CheckFailedError(
        ", ".join(summary([finding.kind for finding in found.findings])),
        where=folder,
        hint="remove extra files by hand; fetch the rest by hand, and name it with --archive"
        if repaired
        else "stcnet data verify --repair fetches again what can be fetched",
    )


def _verify_store(folder: Path, *, repair: bool) -> None:
    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.own.names import shown
    from stcnet.datasets.store import verify as look
    from stcnet.errors import ConfigError

    if repair:
        raise ConfigError(
            "a store cannot be fetched again",
            where="--repair",
            hint="run stcnet data store again: it makes what is missing or changed",
        )
    with shown_progress() as progress:
        check = look(folder, listener=lambda done, total: progress("checking", done, total))
    for name in check.extra:
        typer.echo(f"extra: {shown(name)}: the store does not name it")
    for fault in check.faults:
        typer.echo(f"wrong: {fault}")
    shards = counted(len(check.record.shards), "shard")
    if not check.passed:
        raise CheckFailedError(f"{len(check.faults)} of {shards} wrong", where=folder)
    clips = counted(sum(len(shard.clips) for shard in check.record.shards), "clip")
    typer.echo(f"{clips} in {shards}, unchanged since they were stored: {folder}")


def _verify_own(folder: Path, *, repair: bool) -> None:
    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.own.names import shown
    from stcnet.datasets.own.verifying import verify_own
    from stcnet.errors import ConfigError

    hint = "remove the files it finds wrong, then import their source again"
    if repair:
        raise ConfigError("own data cannot be fetched again", where="--repair", hint=hint)
    with shown_progress() as progress:
        check = verify_own(folder, listener=lambda done, total: progress("checking", done, total))
    for name in check.extra:
        typer.echo(f"extra: {shown(name)}: no record names it")
    for fault in check.faults:
        typer.echo(f"wrong: {fault}")
    if check.faults:
        wrong = f"{len(check.faults)} of {counted(check.videos, 'video')} wrong"
        raise CheckFailedError(wrong, where=folder, hint=hint)
    typer.echo(f"{counted(check.videos, 'video')}, unchanged since the import: {folder}")
