"""``stcnet data store``: clips decoded once, into a store that training reads fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.errors import ConfigError
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.store.building import BuildListener

NATIVE = "native"


def register(group: typer.Typer) -> None:
    """Add the command of this module."""
    group.command()(store)


def store(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of clips of any kind.")],
    out: Annotated[Path, typer.Option(metavar="STORE", help="Folder where the store goes.")],
    size: Annotated[
        str,
        typer.Option(
            metavar="N|native",
            help="Side of the stored frames in pixels; native: as they were recorded.",
        ),
    ] = NATIVE,
    codec: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="webp: every pixel as it was; jpeg: half the room, faster, slightly changed.",
        ),
    ] = "webp",
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Threads at work, one or more.", show_default="one a processor"
        ),
    ] = None,
) -> None:
    """Decode the clips of a data set once, frame by frame, into a store that is fast to read.

    A store stands in for the data it was made of: give it to --data. A run that was killed or met
    a full disk goes on when the command is given again. Clips that do not decode are left out and
    listed; they are tried again with the next run.
    """
    from stcnet.cli.research import require_extra

    require_extra()
    from stcnet.datasets.opening import open_collection
    from stcnet.datasets.store import build_store
    from stcnet.datasets.store.codecs import parse_codec

    side, kind = _parse_size(size), parse_codec(codec)
    _require_workers(workers)
    collection = open_collection(folder)
    with _shown() as listener:
        record = build_store(
            collection, out, size=side, codec=kind, workers=workers, listener=listener
        )
    count = sum(len(shard.clips) for shard in record.shards)
    stored = sum(shard.bytes for shard in record.shards)
    undecided = sum(clip.label is None for clip in collection.clips)
    parts = [counted(count, "clip"), f"{record.size} px", record.codec, f"{stored / 1e6:.1f} MB"]
    parts += [f"{len(record.left_out)} left out"] if record.left_out else []
    parts += [f"{undecided} without a label not stored"] if undecided else []
    typer.echo(f"{', '.join(parts)}: {out}")


def _parse_size(text: str) -> int | None:
    """Side in pixels, None for the native one."""
    from stcnet.datasets.store.records import LARGEST_SIDE, SMALLEST_SIDE

    if text == NATIVE:
        return None
    if text.isascii() and text.isdigit() and SMALLEST_SIDE <= int(text) <= LARGEST_SIDE:
        return int(text)
    raise ConfigError(
        "this is no size of frames",
        where="--size",
        got=text,
        allowed=f"{NATIVE}, or {SMALLEST_SIDE}..{LARGEST_SIDE} pixels",
    )


def _require_workers(workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise ConfigError("the work takes at least one", where="--workers", got=workers)


@contextmanager
def _shown() -> Iterator[BuildListener]:
    """Show how far the store is, and a line for each clip that is left out."""
    from stcnet.cli.errors import say
    from stcnet.cli.progress import shown_progress
    from stcnet.datasets.store.building import BuildListener
    from stcnet.datasets.store.records import LeftOut

    with shown_progress() as progress:

        class Shown(BuildListener):
            """Tells the terminal."""

            def on_clips(self, done: int, total: int) -> None:
                progress("storing", done, total)

            def on_left_out(self, clip: LeftOut) -> None:
                say(f"left out: {clip.id}: {clip.why}")

        yield Shown()
