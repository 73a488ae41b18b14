"""``stcnet bench``: how fast the networks are on this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from stcnet.cli.research import require_extra
from stcnet.errors import CheckFailedError, ConfigError

if TYPE_CHECKING:
    from stcnet.measuring.machine import Machine
    from stcnet.measuring.models import Row
    from stcnet.measuring.modes import Setting

Accelerator = Literal["cpu", "cuda"]
Mode = Literal["eager", "compiled", "onnx"]
"""As in :mod:`stcnet.measuring.modes`, which costs start-up too much here."""

MULTIPLE = 32
"""Of which the side of the input is one for every network."""

group = typer.Typer(help="Measure speed and size, side by side.")


def register(app: typer.Typer) -> None:
    """Add the group of this module."""
    app.add_typer(group, name="bench")


@group.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """Measure speed and size, side by side."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@group.command()
def models(
    names: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Networks, such as i3d,stcnet-lite0.", show_default="all"
        ),
    ] = None,
    accelerator: Annotated[Accelerator, typer.Option(help="Where PyTorch computes.")] = "cpu",
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Clips judged at a time.")] = 1,
    repeats: Annotated[
        int, typer.Option(metavar="N", min=1, help="Runs that count, after two that do not.")
    ] = 10,
    modes: Annotated[
        str, typer.Option(metavar="NAMES", help="Of eager, compiled and onnx.")
    ] = "eager,compiled,onnx",
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            min=MULTIPLE,
            max=1024,
            help="Side of the input, a multiple of 32; less than published is a rehearsal.",
            show_default="as published",
        ),
    ] = None,
    as_json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="File for all numbers, kept row by row."),
    ] = None,
) -> None:
    """Measure parameters, multiply-adds, latency, throughput and memory of the networks.

    Each is measured with random weights, in 32 bits, in a process of its own. One that fails is a
    line with its reason. The published figures stand beside ours.
    """
    require_extra()
    from stcnet.measuring.machine import this_machine
    from stcnet.measuring.modes import Setting
    from stcnet.measuring.tables import model_table

    chosen, wanted = _chosen_networks(names), _chosen_modes(modes)
    if size is not None and size % MULTIPLE:
        raise ConfigError(
            "not a size of the input", where="--size", got=size, allowed=f"multiples of {MULTIPLE}"
        )
    machine = this_machine(accelerator)
    settings = [
        Setting(name, size or published, batch, repeats, accelerator, machine.threads)
        for name, published in chosen.items()
    ]
    rows = _measure(settings, wanted, machine, as_json)
    typer.echo(f"{machine.in_words()}; batch of {batch}, 32 bits, median of {repeats}\n")
    if size is not None:
        typer.echo(f"REHEARSAL on {size} x {size} pixels: not comparable with published figures\n")
    typer.echo(model_table(rows).markdown())
    _require_all(rows)


def _chosen_networks(names: str | None) -> dict[str, int]:
    """The published input size of each network by its name."""
    from stcnet.networks import NETWORKS

    chosen = list(NETWORKS) if names is None else _split(names, "--names", list(NETWORKS))
    return {name: NETWORKS[name].input_size for name in chosen}


def _chosen_modes(names: str) -> list[Mode]:
    allowed: tuple[Mode, ...] = get_args(Mode)
    given = _split(names, "--modes", allowed)
    return [mode for mode in allowed if mode in given]


def _split(text: str, option: str, allowed: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names or [text]:
        if name not in allowed:
            raise ConfigError(
                "there is no such name", where=option, got=repr(name), allowed=", ".join(allowed)
            )
    return names


def _measure(
    settings: Sequence[Setting], modes: Sequence[Mode], machine: Machine, path: Path | None
) -> list[Row]:
    """All rows, written to a file after each."""
    from stcnet.cli.progress import shown_progress
    from stcnet.measuring.models import measure_model

    rows: list[Row] = []
    with shown_progress() as progress:
        for done, setting in enumerate(settings):
            progress(setting.network, 0, None)
            for row in measure_model(setting, modes):
                rows.append(row)
                if path is not None:
                    _write(path, rows, machine, settings[0])
            progress(setting.network, done + 1, len(settings))
    return rows


def _write(path: Path, rows: Sequence[Row], machine: Machine, setting: Setting) -> None:
    from stcnet.files import write_whole
    from stcnet.measuring.tables import as_json

    content = json.dumps(as_json(rows, machine, setting), indent=1, allow_nan=False).encode()
    write_whole(path, content, what="the numbers", hint="name a file in a writable folder")


def _require_all(rows: Sequence[Row]) -> None:
    failed = [row for row in rows if row.state == "failed"]
    if failed:
        raise CheckFailedError(
            "networks failed, for the reasons in the table",
            got=f"{len(failed)} of {len(rows)} lines",
        )
