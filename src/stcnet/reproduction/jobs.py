"""One row on one split is a job, with a folder that says how it ended."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from stcnet.errors import DataError
from stcnet.evaluation.metrics import FloatArray
from stcnet.evaluation.predictions import parse_predictions, read_rows
from stcnet.files import write_whole
from stcnet.reproduction.judging import HeldOut
from stcnet.reproduction.rows import Row

RECORD_FILE = "job.json"
PREDICTIONS_FILE = "predictions.csv"
FAILURE_FILE = "failure.txt"
PREDICTION_COLUMNS = (
    *("id", "fold", "logit"),
    *("file_name", "label", "weight", "stratum", "cluster"),
)
"""Those of our held-out predictions, and those of anyone's."""
HINT = "free disk space or name another folder, then run the command again to resume"


class JobRecord(BaseModel):
    """How a job ended.

    Attributes:
        state: ``done`` or ``failed``.
        fingerprint: Of its plan; empty where there was none.
        start: What its weights started from.
        as_published: The method was published with such a start.
        trained_on: Number of training clips.
        seconds: Of its last run.
        reason: Why it failed, one line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["done", "failed"]
    fingerprint: str = ""
    start: str = ""
    as_published: bool = False
    trained_on: int = 0
    seconds: float = 0.0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One row on one split.

    Attributes:
        row: The method.
        split: ``S0`` and the like.
        out: Folder of the whole table.
    """

    row: Row
    split: str
    out: Path

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.row.name} {self.split}"

    @property
    def folder(self) -> Path:
        """Of this job."""
        return self.out / self.row.name / self.split

    def record(self) -> JobRecord | None:
        """How it ended; None where it did not yet, or where the record is damaged."""
        try:
            text = (self.folder / RECORD_FILE).read_text(encoding="utf-8")
            return JobRecord.model_validate_json(text)
        except (OSError, ValidationError):
            return None

    def finished(self) -> JobRecord | None:
        """Its record if it is done."""
        record = self.record()
        return record if record is not None and record.state == "done" else None

    def write(self, record: JobRecord) -> None:
        """Say how it ended.

        Raises:
            OutputError: The folder cannot be written.
        """
        content = record.model_dump_json(indent=1).encode()
        path = self.folder / RECORD_FILE
        write_whole(path, content, what="the record of a job", hint=HINT, make_folder=True)

    def write_failure(self, trace: str) -> None:
        """Keep the whole traceback of a failure, for whoever has to mend it.

        Raises:
            OutputError: The folder cannot be written.
        """
        path = self.folder / FAILURE_FILE
        write_whole(path, trace.encode(), what="a traceback", hint=HINT, make_folder=True)

    def write_logits(self, held_out: HeldOut, logits: FloatArray) -> None:
        """Keep what was said of the held-out clips, with all that ``stcnet evaluate`` asks for.

        Raises:
            OutputError: The folder cannot be written.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(PREDICTION_COLUMNS)
        for number, clip in enumerate(held_out.ids):
            writer.writerow([
                *(clip, f"leave-out-{self.split}", f"{logits[number]:.6f}"),
                *(clip, held_out.labels[number], f"{held_out.weights[number]:.9g}"),
                *(held_out.strata[number], held_out.clusters[number]),
            ])  # fmt: skip
        content, path = text.getvalue().encode(), self.folder / PREDICTIONS_FILE
        write_whole(path, content, what="the predictions", hint=HINT, make_folder=True)

    def read_logits(self, held_out: HeldOut) -> FloatArray:
        """What the finished job said of the held-out clips, in their order.

        Raises:
            DataError: The predictions are missing, damaged or of other clips.
        """
        path = self.folder / PREDICTIONS_FILE
        predictions = parse_predictions(read_rows(path), path)
        if tuple(prediction.id for prediction in predictions) != held_out.ids:
            raise DataError(
                "the predictions are of other clips",
                where=path,
                hint=f"remove {self.folder} to run the job again",
            )
        return np.array([prediction.logit for prediction in predictions])
