"""``stcnet data``: data sets fetched, checked, looked into and made."""

from __future__ import annotations

import typer

from stcnet.cli.data import (
    check,
    cut,
    download,
    duplicates,
    export_rise,
    importing,
    info,
    merge,
    revise,
    show,
    split,
    store,
    synthesize,
    verify,
)

data_app = typer.Typer(help="Fetch, check, look into and make data sets.")

check.register(data_app)
cut.register(data_app)
download.register(data_app)
duplicates.register(data_app)
export_rise.register(data_app)
importing.register(data_app)
info.register(data_app)
merge.register(data_app)
revise.register(data_app)
store.register(data_app)
show.register(data_app)
split.register(data_app)
synthesize.register(data_app)
verify.register(data_app)


def register(app: typer.Typer) -> None:
    """Add the group of this package."""
    app.add_typer(data_app, name="data")


@data_app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """Fetch, check, look into and make data sets."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
