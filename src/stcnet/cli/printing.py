"""Scores on standard output: tables, or JSON."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.evaluation.alarms import WatchScores
    from stcnet.evaluation.assessment import Assessment


def print_assessment(assessment: Assessment, *, as_json: bool) -> None:
    """Print the scores and whatever else was asked for.

    As JSON the scores alone are a list; with parts, transfer or comparison it is an object.
    """
    from stcnet.evaluation.tables import assessment_as_json

    if as_json:
        record = assessment_as_json(assessment)
        plain = record["scores"] if record.keys() == {"scores"} else record
        typer.echo(json.dumps(plain, indent=1, allow_nan=False))
    else:
        typer.echo("\n\n".join(_blocks(assessment)))


def print_watch(watch: WatchScores, *, as_json: bool) -> None:
    """Print when each event was noticed, and how often nothing was."""
    from stcnet.evaluation.tables import watch_as_json, watch_table

    record = watch_as_json(watch)
    if as_json:
        typer.echo(json.dumps(record, indent=1, allow_nan=False))
        return
    rate = record["false_alarms_per_hour"]
    if watch.detections:
        typer.echo(watch_table(watch).markdown() + "\n")
    typer.echo(
        f"missed {watch.missed} of {len(watch.detections)}; "
        f"{watch.false_alarms} of {watch.alarms} alarms false in {watch.quiet_hours:.2f} h "
        f"without smoke{'' if rate is None else f': {rate:.3g} an hour'}"
    )


def _blocks(assessment: Assessment) -> list[str]:
    from stcnet.evaluation.tables import revised_table, score_table, transfer_table

    blocks = [score_table(assessment.scores).markdown()]
    if assessment.revised:
        both = revised_table(assessment.scores, assessment.revised.scores)
        blocks += [f"Beside it, {assessment.revised}:", both.markdown()]
    if assessment.parts:
        blocks.append(score_table(assessment.parts).markdown())
    if assessment.transfers:
        blocks += ["Smoke F1 by threshold:", transfer_table(assessment.transfers).markdown()]
    if assessment.comparison:
        blocks += _comparison_blocks(assessment)
    blocks += _cause_blocks(assessment)
    drawn_by = sorted({sample.drawn_by for sample in assessment.samples.values()})
    return [*blocks, f"95 % bootstrap intervals; drawn together: {', '.join(drawn_by)}"]


def _cause_blocks(assessment: Assessment) -> list[str]:
    """A title and a table for each set of samples that are counted together."""
    from stcnet.evaluation.tables import cause_changes_table, causes_table

    blocks: list[str] = []
    if assessment.cause_changes:
        for sample, changes in groupby(assessment.cause_changes, lambda row: row.ours.sample):
            blocks += [f"Mistakes by cause on {sample}:", cause_changes_table(changes).markdown()]
        return blocks
    for sample, rows in groupby(assessment.causes, lambda row: row.sample):
        blocks += [f"Mistakes by cause on {sample}:", causes_table(rows).markdown()]
    return blocks


def _comparison_blocks(assessment: Assessment) -> list[str]:
    from stcnet.evaluation.tables import comparison_table

    comparison = assessment.comparison
    assert comparison is not None
    tested = comparison.mcnemar
    return [
        comparison_table(comparison).markdown(),
        "McNemar's test is left out: it knows no weights"
        if tested is None
        else f"McNemar's exact test: {counted(tested.ours_only, 'clip')} only ours judges right, "
        f"{tested.theirs_only} only theirs, p = {tested.p_value:.3g}",
    ]
