"""The ``stcnet`` command: its groups, and the way in."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from stcnet import __version__
from stcnet.cli import (
    bench,
    data,
    detect,
    evaluation,
    explain,
    export,
    models,
    quantise,
    reproduce,
    score,
    training,
)
from stcnet.cli.errors import exit_code_of
from stcnet.cli.notices import warnings_shown
from stcnet.cli.signals import ended_by_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    help="Watch fixed cameras for industrial smoke.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

detect.register(app)
score.register(app)
explain.register(app)
training.register(app)
evaluation.register(app)
export.register(app)
quantise.register(app)
data.register(app)
models.register(app)
bench.register(app)
reproduce.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the command's name; None for those of this process.

    Returns:
        The exit code: 0 done, 1 a check failed, 2 bad input or configuration, 130 interrupted,
        141 nobody reads the output any more, 129 or 143 ended by SIGHUP or SIGTERM.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not one that the caller closed or replaced
            stream.reconfigure(errors="backslashreplace")
    with warnings_shown(), ended_by_signals():
        return exit_code_of(lambda: _invoke(given))


def _invoke(arguments: list[str]) -> None:
    command = get_command(app)
    with command.make_context("stcnet", arguments) as context:
        command.invoke(context)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"stcnet {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Watch fixed cameras for industrial smoke."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
