"""Runs jobs: none twice, and none to the harm of another."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stcnet.errors import OutputError, StcnetError
from stcnet.evaluation.metrics import FloatArray
from stcnet.reproduction.benches import Bench, Division
from stcnet.reproduction.jobs import FAILURE_FILE, Job, JobRecord
from stcnet.reproduction.plans import Budget, Plan, Pretrained, Start, make_plan
from stcnet.reproduction.rows import named_row
from stcnet.training.checkpoint import CHECKPOINT_FILE, WEIGHTS_FILE


class Runner(Protocol):
    """Does what a plan says."""

    def __call__(self, plan: Plan, division: Division, folder: Path) -> FloatArray:
        """Train on a split and judge its held-out clips.

        Args:
            plan: What to do.
            division: The split.
            folder: For checkpoints and logs; a run that was interrupted there is resumed.

        Returns:
            Smoke logit of each held-out clip, shape (N,).
        """


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all jobs of a table share.

    Attributes:
        bench: The data.
        budget: ``full`` or ``quick``.
        pretrained: Files of weights that the user names.
        runner: Does the work.
    """

    bench: Bench
    budget: Budget
    pretrained: Pretrained
    runner: Runner

    def run(self, job: Job) -> JobRecord:
        """Run a job unless it is finished; one that fails is recorded with its reason.

        Returns:
            How it ended. A finished job that would now be another one is told as failed, while its
            record and its result stay as they are.

        Raises:
            OutputError: A result cannot be written; what was finished stays.
        """
        began = time.monotonic()
        try:
            return self._attempt(job, began)
        except OutputError:
            raise
        except Exception as error:
            return _failed(job, error, began)

    def _attempt(self, job: Job, began: float) -> JobRecord:
        division = self.bench.divide(job.split)
        plan = make_plan(job.row, division, self.budget, self.pretrained, earlier_weights(job))
        finished = job.finished()
        if finished is not None:
            return finished if finished.fingerprint == plan.fingerprint else _changed(job)
        job.write_logits(division.held_out, self.runner(plan, division, job.folder))
        record = JobRecord(
            state="done",
            fingerprint=plan.fingerprint,
            start=plan.start.text,
            as_published=plan.start.as_published,
            trained_on=len(division.training.clips),
            seconds=_seconds_since(began),
        )
        job.write(record)
        # Of no use any more; each checkpoint, of every part, is four times as large as the weights.
        for path in (*job.folder.rglob(CHECKPOINT_FILE), job.folder / FAILURE_FILE):
            path.unlink(missing_ok=True)
        return record


def earlier_weights(job: Job) -> tuple[Path, Start] | None:
    """The finished weights of the row that a job starts from, and their own start."""
    if job.row.after is None:
        return None
    earlier = Job(named_row(job.row.after), job.split, job.out)
    record = earlier.finished()
    if record is None:
        return None
    # The path is part of the recipe, and a resumed run asks for the same recipe.
    return (earlier.folder / WEIGHTS_FILE).resolve(), Start(record.start, record.as_published)


def _failed(job: Job, error: Exception, began: float) -> JobRecord:
    record = JobRecord(state="failed", reason=_reason(error), seconds=_seconds_since(began))
    if job.finished() is None:
        job.write_failure("".join(traceback.format_exception(error)))
        job.write(record)
    return record


def _changed(job: Job) -> JobRecord:
    reason = (
        "finished with another recipe, other weights or other clips; remove"
        f" {job.folder} to run it again"
    )
    return JobRecord(state="failed", reason=reason)


def _reason(error: Exception) -> str:
    """One line: what a user can mend speaks for itself, anything else tells its kind."""
    if isinstance(error, StcnetError):
        return str(error)
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:300]


def _seconds_since(began: float) -> float:
    return round(time.monotonic() - began, 1)
