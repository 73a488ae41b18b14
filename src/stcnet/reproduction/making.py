"""From chosen jobs to the table: run them, and write it again after each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stcnet.errors import ConfigError
from stcnet.reproduction.benches import Bench
from stcnet.reproduction.jobs import Job, JobRecord
from stcnet.reproduction.outputs import claim_folder, write_outputs
from stcnet.reproduction.results import Ledger, Reproduction
from stcnet.reproduction.rows import chosen_rows
from stcnet.reproduction.workshop import Workshop


class Watcher:
    """Told of the jobs; this one keeps it to itself."""

    def on_start(self, job: Job, number: int, total: int) -> None:
        """Before a job, from 1."""

    def on_end(self, job: Job, record: JobRecord) -> None:
        """After a job, once the table holds it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A table and what went wrong with it.

    Attributes:
        table: As it stands on disk.
        failures: Why jobs failed, by their names.
    """

    table: Reproduction
    failures: dict[str, str]


def chosen_jobs(
    bench: Bench, out: Path, *, rows: Sequence[str] = (), splits: Sequence[str] = ()
) -> list[Job]:
    """The jobs of rows on splits, row by row.

    Args:
        bench: The data.
        out: Folder of the table.
        rows: Names of rows, all for none.
        splits: Names of splits, all that the data holds for none.

    Raises:
        ConfigError: There is no such row, or the data holds no such split.
    """
    if wrong := [split for split in splits if split not in bench.splits]:
        raise ConfigError(
            "the data holds no such split",
            where="--splits",
            got=wrong[0],
            allowed=", ".join(bench.splits),
            hint=bench.absent.get(wrong[0]),
        )
    held = [split for split in bench.splits if not splits or split in splits]
    return [Job(row, split, out) for row in chosen_rows(rows) for split in held]


def make_table(
    workshop: Workshop, jobs: Sequence[Job], out: Path, watcher: Watcher | None = None
) -> Made:
    """Run the jobs that are not finished and write the table after each of them.

    Args:
        workshop: Data, budget and runner.
        jobs: See :func:`chosen_jobs`.
        out: Folder of the table; results of earlier jobs there are part of it.
        watcher: Told of the jobs.

    Raises:
        ConfigError: The folder holds a table of other data or of another budget.
        OutputError: A result cannot be written; what was finished stays.
    """
    watcher = watcher or Watcher()
    claim_folder(out, workshop.bench, workshop.budget)
    ledger = Ledger(workshop.bench, workshop.budget, out)
    failures: dict[str, str] = {}
    for number, job in enumerate(jobs, 1):
        watcher.on_start(job, number, len(jobs))
        record = workshop.run(job)
        if record.state == "failed":
            failures[job.name] = record.reason or ""
        write_outputs(ledger.read(failures), out)
        watcher.on_end(job, record)
    return Made(ledger.read(failures), failures)
