"""Scores as tables and as JSON, so that a text and its numbers cannot part."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stcnet.evaluation.alarms import Detection, WatchScores
from stcnet.evaluation.assessment import Assessment
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.breakdown import PartScores
from stcnet.evaluation.causes import CauseChange, CauseErrors
from stcnet.evaluation.comparison import Comparison
from stcnet.evaluation.metrics import METRICS
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.reliability import CalibrationScores
from stcnet.evaluation.revisions import RevisedScores
from stcnet.evaluation.transfer import Transfer

HEADINGS = {
    "smoke_f1": "smoke F1",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
}
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows and columns.

    Attributes:
        head: The names of the columns.
        lines: As many texts each.
    """

    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table in Markdown."""
        rows = [self.head, ("---",) * len(self.head), *self.lines]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def markdown_table(rows: Sequence[GroupScores]) -> str:
    """One line a fold and group, every metric with its 95 % interval."""
    return score_table(rows).markdown()


def score_table(rows: Sequence[GroupScores] | Sequence[PartScores]) -> Table:
    """One line a fold and group, or a part of a sample; every metric with its interval."""
    head: tuple[str, ...] = ("clips of", "fold", "n")
    if not rows or isinstance(rows[0], PartScores):
        head = ("clips of", "by", "part", "n", "smoke", "clusters")
    return Table((*head, *HEADINGS.values()), tuple(_score_line(row) for row in rows))


def _score_line(row: GroupScores | PartScores) -> tuple[str, ...]:
    metrics = [format_estimate(row.metrics[name]) for name in METRICS]
    if isinstance(row, GroupScores):
        return (row.group, row.fold, str(row.clips), *metrics)
    counts = (str(row.clips), str(row.smoke), str(row.clusters))
    return (row.sample, row.by, row.part, *counts, *metrics)


def revised_table(
    scores: Sequence[GroupScores] | Sequence[PartScores],
    revised: Sequence[GroupScores] | Sequence[PartScores],
) -> Table:
    """Two lines for each row of scores: on the published labels, and on the revised ones.

    Args:
        scores: On the published labels.
        revised: The same rows on the revised labels.
    """
    published, other = score_table(scores), score_table(revised)
    place = len(published.head) - len(HEADINGS)
    lines = [
        (*line[:place], labels, *line[place:])
        for pair in zip(published.lines, other.lines, strict=True)
        for line, labels in zip(pair, ("published", "revised"), strict=True)
    ]
    return Table((*published.head[:place], "labels", *published.head[place:]), tuple(lines))


def transfer_table(transfers: Sequence[Transfer]) -> Table:
    """The matrix: a line for the sample tuned on, a column for the one used on."""
    names = list(dict.fromkeys(each.used_on for each in transfers))
    cells = {(each.tuned_on, each.used_on): format_estimate(each.smoke_f1) for each in transfers}
    return Table(
        ("tuned on", *(f"used on {name}" for name in names)),
        tuple((tuned, *(cells[tuned, used] for used in names)) for tuned in names),
    )


def comparison_table(comparison: Comparison) -> Table:
    """One line a metric: ours, theirs, the difference and its p-value."""
    return Table(
        ("metric", "ours", "theirs", "difference", "p"),
        tuple(
            (
                HEADINGS[name],
                format_estimate(each.ours),
                format_estimate(each.theirs),
                format_estimate(each.difference),
                format_share(each.p_value),
            )
            for name, each in comparison.metrics.items()
        ),
    )


def causes_table(rows: Iterable[CauseErrors]) -> Table:
    """A line for each kind of mistake and cause of one sample, or of several counted together."""
    lines = (
        (row.mistake, row.cause, str(row.clips), str(row.wrong), format_estimate(row.rate))
        for row in rows
    )
    return Table(("mistake", "cause", "clips", "wrong", "rate"), tuple(lines))


def cause_changes_table(rows: Iterable[CauseChange]) -> Table:
    """The same of two models: a difference below zero is fewer mistakes of ours."""
    lines = (
        (
            *(row.ours.mistake, row.ours.cause, str(row.ours.clips)),
            *(str(row.ours.wrong), str(row.theirs.wrong)),
            *map(format_estimate, (row.ours.rate, row.theirs.rate, row.difference)),
            format_share(row.p_value),
        )
        for row in rows
    )
    head = ("mistake", "cause", "clips", "wrong, ours", "wrong, theirs")
    return Table((*head, "rate, ours", "rate, theirs", "difference", "p"), tuple(lines))


def calibration_table(calibrations: Mapping[str, CalibrationScores]) -> Table:
    """One line a sample: calibration error both ways, and the Brier score."""
    return Table(
        ("clips of", "ECE, equal width", "ECE, equal mass", "Brier score"),
        tuple(
            (name, *map(format_estimate, (each.ece_width, each.ece_mass, each.brier)))
            for name, each in calibrations.items()
        ),
    )


def watch_table(watch: WatchScores) -> Table:
    """One line an event: its onset, the alarm, and the delay in seconds."""
    return Table(
        ("zone", "onset s", "alarm s", "delay s"),
        tuple(
            (
                each.event.zone or "any",
                f"{each.event.span.start_s:g}",
                "missed" if each.raised_s is None else f"{each.raised_s:g}",
                _delay(each),
            )
            for each in watch.detections
        ),
    )


def _delay(detection: Detection) -> str:
    if detection.delay_s is not None:
        return f"{detection.delay_s:g}"
    return "n/a" if detection.raised_s is None else "up before"


def watch_as_json(watch: WatchScores) -> Record:
    """How a watch went, of plain JSON types; delays in seconds, None where there is none."""
    return {
        "events": [
            {
                "zone": each.event.zone,
                "start_s": each.event.span.start_s,
                "end_s": each.event.span.end_s,
                "raised_s": each.raised_s,
                "delay_s": each.delay_s,
            }
            for each in watch.detections
        ],
        "missed": watch.missed,
        "median_delay_s": rounded(watch.median_delay_s),
        "alarms": watch.alarms,
        "false_alarms": watch.false_alarms,
        "quiet_hours": rounded(watch.quiet_hours),
        "false_alarms_per_hour": rounded(watch.false_alarms_per_hour),
    }


def format_estimate(estimate: Estimate) -> str:
    """A value with its interval.

    >>> format_estimate(Estimate(0.7123, 0.66, 0.7549))
    '.712 (.660-.755)'
    >>> format_estimate(Estimate(-0.02, -0.1, 0.06))
    '-.020 (-.100 to .060)'
    >>> format_estimate(Estimate(0.5, float("nan"), float("nan")))
    '.500 (n/a)'
    """
    if math.isnan(estimate.value):
        return "n/a"
    if math.isnan(estimate.low):
        return f"{format_share(estimate.value)} (n/a)"
    joint = " to " if estimate.low < 0 else "-"
    return (
        f"{format_share(estimate.value)} "
        f"({format_share(estimate.low)}{joint}{format_share(estimate.high)})"
    )


def format_share(value: float) -> str:
    """Three decimals without the leading zero, as the field prints F-scores.

    >>> [format_share(value) for value in (0.5, -0.25, -0.0001, 1.0, float("nan"))]
    ['.500', '-.250', '.000', '1.000', 'n/a']
    """
    if math.isnan(value):
        return "n/a"
    shown = f"{round(value, 3) + 0.0:.3f}"  # adding zero takes the sign off a rounded -0
    return shown.replace("0.", ".", 1) if shown.lstrip("-").startswith("0") else shown


def as_json(rows: Iterable[GroupScores] | Iterable[PartScores]) -> list[Record]:
    """The same numbers, rounded to 4 decimals, NaN as None."""
    return [_score_record(row) for row in rows]


def _score_record(row: GroupScores | PartScores) -> Record:
    metrics = {name: triple(estimate) for name, estimate in row.metrics.items()}
    if isinstance(row, GroupScores):
        return {"fold": row.fold, "group": row.group, "clips": row.clips, "metrics": metrics}
    return {
        "sample": row.sample,
        "by": row.by,
        "part": row.part,
        "clips": row.clips,
        "smoke": row.smoke,
        "clusters": row.clusters,
        "metrics": metrics,
    }


def assessment_as_json(assessment: Assessment) -> Record:
    """All that was asked for, of plain JSON types; what was not asked for is not there."""
    record: Record = {"scores": as_json(assessment.scores)}
    if assessment.parts:
        record["parts"] = as_json(assessment.parts)
    if assessment.transfers:
        record["transfer"] = [_transfer_record(each) for each in assessment.transfers]
    if assessment.comparison:
        record["comparison"] = _comparison_record(assessment.comparison)
    if assessment.causes:
        record["causes"] = [_cause_record(row) for row in assessment.causes]
    if assessment.cause_changes:
        record["cause_changes"] = [_change_record(row) for row in assessment.cause_changes]
    if assessment.revised:
        record["revised"] = _revised_record(assessment.revised)
    return record


def _cause_record(row: CauseErrors) -> Record:
    return {**asdict(row), "rate": triple(row.rate)}


def _change_record(row: CauseChange) -> Record:
    return {
        "ours": _cause_record(row.ours),
        "theirs": _cause_record(row.theirs),
        "difference": triple(row.difference),
        "p_value": rounded(row.p_value),
    }


def _revised_record(revised: RevisedScores) -> Record:
    return {
        **asdict(revised.change),
        "revisions_of_other_clips": revised.elsewhere,
        "scores": as_json(revised.scores),
    }


def _transfer_record(each: Transfer) -> Record:
    return {
        "tuned_on": each.tuned_on,
        "used_on": each.used_on,
        "clips": each.clips,
        "threshold": each.threshold,
        "smoke_f1": triple(each.smoke_f1),
    }


def _comparison_record(comparison: Comparison) -> Record:
    mcnemar = comparison.mcnemar
    return {
        "clips": comparison.clips,
        "metrics": {
            name: {
                "ours": triple(each.ours),
                "theirs": triple(each.theirs),
                "difference": triple(each.difference),
                "p_value": rounded(each.p_value),
            }
            for name, each in comparison.metrics.items()
        },
        "mcnemar": mcnemar
        and {
            "ours_only": mcnemar.ours_only,
            "theirs_only": mcnemar.theirs_only,
            "p_value": mcnemar.p_value,
        },
    }


def triple(estimate: Estimate) -> list[float | None]:
    """Value, low and high, rounded."""
    return [rounded(number) for number in (estimate.value, estimate.low, estimate.high)]


def rounded(value: float) -> float | None:
    """Four decimals, None for NaN, which JSON does not know."""
    return None if math.isnan(value) else round(value, 4)
