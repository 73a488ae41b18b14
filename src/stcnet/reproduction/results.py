"""The table as data: what every row came to on every split, and what may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from stcnet.errors import DataError
from stcnet.evaluation.estimates import Replicated, mean_of
from stcnet.reproduction.benches import Bench, BenchFacts
from stcnet.reproduction.jobs import Job, JobRecord
from stcnet.reproduction.judging import HeldOut, judge
from stcnet.reproduction.plans import Budget
from stcnet.reproduction.rows import ROWS, SPLITS, FScore, Row

State = Literal["done", "failed", "open", "absent"]

QUICK_NOTE = "quick: not a reproduction"
SCRATCH_NOTE = "from scratch: not comparable"
REVISED_NOTE = "published on revised test labels"
CHECKED = "rgb-i3d-tc"
PROTOCOL_NOTE = "not the published protocol"


@dataclass(frozen=True, slots=True)
class Cell:
    """One row on one split.

    Attributes:
        state: ``done``; ``failed``; ``open``: not run yet; ``absent``: the data has no such split.
        reason: Why it failed or is absent.
        record: How the job ended, None where it did not.
        scores: All metrics where it is done.
    """

    state: State
    reason: str | None = None
    record: JobRecord | None = None
    scores: Replicated | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """One method on all splits.

    Attributes:
        row: The method.
        cells: By split, S0 to S5.
        notes: Why its scores are not comparable with the published ones; empty where they are, and
            where there is nothing yet or nothing published.
    """

    row: Row
    cells: Mapping[str, Cell]
    notes: tuple[str, ...]

    @property
    def metric(self) -> FScore:
        """The metric that stands beside the published one; smoke F1 where there is none."""
        return self.row.published.metric if self.row.published else "smoke_f1"

    @property
    def done(self) -> dict[str, Replicated]:
        """Scores of the splits that are done."""
        return {split: cell.scores for split, cell in self.cells.items() if cell.scores is not None}

    @property
    def start(self) -> str:
        """What its trainings started from; empty where none is done."""
        starts = (cell.record.start for cell in self.cells.values() if cell.record is not None)
        return "; ".join(dict.fromkeys(start for start in starts if start))

    @property
    def average(self) -> Replicated | None:
        """Mean over the splits that are done."""
        return mean_of(list(self.done.values())) if self.done else None

    @property
    def published_average(self) -> float | None:
        """The published mean over the same splits; over all six as it was printed."""
        published, done = self.row.published, self.done
        if published is None or not done:
            return None
        if len(done) == len(SPLITS):
            return published.average
        return sum(published.scores[split] for split in done) / len(done)

    @property
    def comparable(self) -> bool:
        """Whether its scores may be set beside the published ones."""
        return bool(self.done) and self.row.published is not None and not self.notes


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The whole table.

    Attributes:
        facts: Of the data.
        budget: ``full`` or ``quick``.
        rows: In the order of the table.
        checks: Scores by split of the published predictions of :data:`CHECKED`, judged as ours;
            empty where the data does not hold them.
    """

    facts: BenchFacts
    budget: Budget
    rows: tuple[RowResult, ...]
    checks: Mapping[str, Replicated]


class Ledger:
    """Reads the table from the folders of its jobs; judges each finished job once.

    Args:
        bench: The data.
        budget: Of all jobs.
        out: Folder of the table.
    """

    def __init__(self, bench: Bench, budget: Budget, out: Path) -> None:
        self._bench, self._budget, self._out = bench, budget, out
        self._judged: dict[tuple[str, str], Replicated] = {}

    @cached_property
    def _held_out(self) -> dict[str, HeldOut]:
        return {split: self._bench.divide(split).held_out for split in self._bench.splits}

    @cached_property
    def _checks(self) -> dict[str, Replicated]:
        told = {split: self._bench.published_logits(split) for split in self._bench.splits}
        return {
            split: judge(self._held_out[split], logits, seed=self._bench.splits.index(split))
            for split, logits in told.items()
            if logits is not None
        }

    def read(self, troubles: Mapping[str, str] | None = None) -> Reproduction:
        """The table as it stands.

        Args:
            troubles: Why jobs of this run failed, by :attr:`Job.name`; goes before what is on disk.
        """
        rows = tuple(self._row(row, troubles or {}) for row in ROWS)
        return Reproduction(self._bench.facts, self._budget, rows, self._checks)

    def _row(self, row: Row, troubles: Mapping[str, str]) -> RowResult:
        cells = {split: self._cell(Job(row, split, self._out), troubles) for split in SPLITS}
        return RowResult(row, cells, tuple(self._notes(row, cells.values())))

    def _cell(self, job: Job, troubles: Mapping[str, str]) -> Cell:
        if job.split in self._bench.absent:
            return Cell("absent", self._bench.absent[job.split])
        record = job.record()
        if job.name in troubles:
            return Cell("failed", troubles[job.name], record)
        if record is None:
            return Cell("open")
        if record.state == "failed":
            return Cell("failed", record.reason, record)
        try:
            return Cell("done", None, record, self._scores(job))
        except DataError as error:
            return Cell("failed", str(error), record)

    def _scores(self, job: Job) -> Replicated:
        key = (job.row.name, job.split)
        if key not in self._judged:
            held_out = self._held_out[job.split]
            seed = self._bench.splits.index(job.split)
            self._judged[key] = judge(held_out, job.read_logits(held_out), seed=seed)
        return self._judged[key]

    def _notes(self, row: Row, cells: Iterable[Cell]) -> list[str]:
        records = [c.record for c in cells if c.state == "done" and c.record is not None]
        if not records:
            return []
        notes = [QUICK_NOTE] if self._budget == "quick" else []
        if not all(record.as_published for record in records):
            notes.append(SCRATCH_NOTE)
        if row.published is not None and row.published.labels == "revised":
            notes.append(REVISED_NOTE)
        if self._bench.facts.departure is not None:
            notes.append(PROTOCOL_NOTE)
        return notes
