"""``stcnet reproduce``: the tables of the literature, made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.errors import say
from stcnet.cli.research import require_extra
from stcnet.errors import CheckFailedError

if TYPE_CHECKING:
    from stcnet.reproduction.jobs import Job, JobRecord
    from stcnet.reproduction.making import Watcher
    from stcnet.reproduction.training_runner import TrainingRunner

group = typer.Typer(help="Make the tables of the literature again.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="reproduce")


@group.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """Make the tables of the literature again."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@group.command()
def rise(
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", help="RISE folder (metadata.json, videos), or shared cells."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where jobs and table go.")],
    rows: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Rows to run, such as rgb-i3d,flagship.")
    ] = None,
    splits: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Splits to run, such as S0,S3.")
    ] = None,
    pretrained: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SLOT=PATH",
            help="Published weights to start from, such as kinetics-rgb=FILE; repeatable.",
        ),
    ] = None,
    budget: Annotated[
        str,
        typer.Option(metavar="NAME", help="full, or quick: two epochs of small pictures."),
    ] = "full",
    accelerator: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train and judge every method of RISE's and STCNet's table on the data at hand.

    Each row on each split is a job of its own: finished ones are not run again, interrupted ones
    go on, and one that fails is noted while the others run. The table is printed, and written to
    reproduction.html, .csv and .json after every job.
    """
    require_extra()
    from stcnet.reproduction.making import chosen_jobs, make_table
    from stcnet.reproduction.opening import open_bench
    from stcnet.reproduction.plans import parse_budget, parse_pretrained
    from stcnet.reproduction.tables import markdown
    from stcnet.reproduction.workshop import Workshop

    chosen, given = parse_budget(budget), parse_pretrained(pretrained or [])
    bench = open_bench(data)
    jobs = chosen_jobs(bench, out, rows=_names(rows), splits=_names(splits))
    with _watched(accelerator, out / "flow") as (runner, watcher):
        made = make_table(Workshop(bench, chosen, given, runner), jobs, out, watcher)
    typer.echo(markdown(made.table))
    typer.echo(f"\ntable: {out / 'reproduction.html'}")
    if made.failures:
        raise CheckFailedError(
            "jobs failed, for the reasons in the table",
            where=out,
            got=f"{len(made.failures)} of {len(jobs)}",
            hint="mend the cause and run the command again; what is finished is kept",
        )


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


@contextmanager
def _watched(accelerator: str, flows: Path) -> Iterator[tuple[TrainingRunner, Watcher]]:
    """A runner and a watcher that tell the terminal, on standard error."""
    from stcnet.cli.progress import shown_progress
    from stcnet.reproduction.making import Watcher
    from stcnet.reproduction.training_runner import TrainingRunner
    from stcnet.training.loop import Listener

    with shown_progress() as progress:

        class Shown(Listener, Watcher):
            """Tells of the job that runs."""

            stage = ""

            def on_start(self, job: Job, number: int, total: int) -> None:
                self.stage = f"job {number}/{total}, {job.name}"
                progress(self.stage, 0.0, None)

            def on_step(self, done: int, total: int) -> None:
                progress(self.stage, done, total)

            def on_end(self, job: Job, record: JobRecord) -> None:
                if record.state == "failed":
                    say(f"{job.name} failed: {record.reason}")

        shown = Shown()
        yield TrainingRunner(flows, accelerator, shown), shown
