"""An assessment as one HTML page, and its numbers as CSV and JSON beside it."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2

import stcnet
from stcnet.errors import ConfigError
from stcnet.evaluation.assessment import Assessment
from stcnet.evaluation.bootstrap import Estimate
from stcnet.evaluation.breakdown import WHOLE, PartScores
from stcnet.evaluation.curves import precision_recall_curve, roc_curve
from stcnet.evaluation.pictures import (
    precision_recall_picture,
    reliability_picture,
    roc_picture,
)
from stcnet.evaluation.protocol import GroupScores
from stcnet.evaluation.reliability import CalibrationScores
from stcnet.evaluation.samples import Sample
from stcnet.evaluation.tables import (
    Record,
    assessment_as_json,
    calibration_table,
    comparison_table,
    revised_table,
    rounded,
    score_table,
    transfer_table,
    triple,
)
from stcnet.files import require_replaceable, write_whole

COLUMNS = (
    "clips_of", "fold", "by", "part", "clips", "smoke", "clusters", "metric",
    "value", "low", "high",
)  # fmt: skip
"""Columns of the CSV file: one line a metric of each whole and part."""
HEADS: Final = {
    ".html": b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evaluation of smoke recognition</title>
""",
    ".csv": ",".join(COLUMNS).encode(),
    ".json": b'{\n "scores": [',
}
"""How each of the three files begins."""
HINT = "choose a folder that you may write to and that has room"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on the page.

    Attributes:
        title: What it is.
        text: What it shows, in words, for those who cannot see it.
        source: The picture itself, as a data URI.
    """

    title: str
    text: str
    source: str


def write_report(path: Path, assessment: Assessment) -> tuple[Path, Path, Path]:
    """Write the page to ``path``, and the numbers with the suffixes .csv and .json.

    The same numbers give the same bytes.

    Returns:
        The paths of the three files.

    Raises:
        ConfigError: ``path`` does not end in .html.
        OutputError: A file cannot be written, or there is one that is of no report.
    """
    require_report(path)
    calibrations = assessment.calibrations()
    contents = {
        path.with_suffix(".csv"): _csv(assessment),
        path.with_suffix(".json"): _json(assessment, calibrations),
        path: _page(assessment, calibrations),
    }
    for file, content in contents.items():
        write_whole(file, content.encode(), what="the report", hint=HINT)
    return path, path.with_suffix(".csv"), path.with_suffix(".json")


def require_report(path: Path) -> None:
    """Refuse a name that is no page's, and one beside which other files would be written over.

    Raises:
        ConfigError: ``path`` does not end in .html.
        OutputError: There is a file of one of the three names that is of no report.
    """
    if path.suffix != ".html":
        raise ConfigError(
            "the report is a page", where="--report", got=path.name, allowed="a name in .html"
        )
    for suffix, head in HEADS.items():
        require_replaceable(
            path.with_suffix(suffix), head, what="file of a report", option="--report"
        )


def _page(assessment: Assessment, calibrations: Mapping[str, CalibrationScores]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stcnet.evaluation", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    comparison, revised = assessment.comparison, assessment.revised
    return environment.get_template("report.html.j2").render(
        version=stcnet.__version__,
        drawn_by=sorted({sample.drawn_by for sample in assessment.samples.values()}),
        scores=score_table(assessment.scores),
        pictures=list(_pictures(assessment.samples, calibrations)),
        calibrations=calibration_table(calibrations) if calibrations else None,
        transfers=transfer_table(assessment.transfers) if assessment.transfers else None,
        comparison=comparison and comparison_table(comparison),
        mcnemar=comparison and comparison.mcnemar,
        parts=score_table(assessment.parts) if assessment.parts else None,
        revised=revised,
        revised_scores=revised and revised_table(assessment.scores, revised.scores),
    )


def _pictures(
    samples: Mapping[str, Sample], calibrations: Mapping[str, CalibrationScores]
) -> Iterable[Picture]:
    ranked = ranked_samples(samples)
    names = ", ".join(ranked)
    if ranked:
        yield _picture("ROC curves", f"recall against false alarms of {names}", roc_picture(ranked))
        yield _picture(
            "Precision-recall curves",
            f"precision against recall of {names}",
            precision_recall_picture(ranked),
        )
    if calibrations:
        yield _picture(
            "Reliability diagram",
            f"share of smoke against mean probability of {', '.join(calibrations)}",
            reliability_picture(calibrations),
        )


def ranked_samples(samples: Mapping[str, Sample]) -> dict[str, Sample]:
    """The samples with scores and both classes, which have curves."""
    return {
        name: sample
        for name, sample in samples.items()
        if sample.ranked and 0 < sample.judged.labels.sum() < len(sample)
    }


def _picture(title: str, text: str, svg: str) -> Picture:
    encoded = base64.b64encode(svg.encode()).decode()
    return Picture(title, text, f"data:image/svg+xml;base64,{encoded}")


def _csv(assessment: Assessment) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in (*assessment.scores, *assessment.parts):
        for name, estimate in row.metrics.items():
            writer.writerow([*_place(row), name, *_numbers(estimate)])
    return text.getvalue()


def _place(row: GroupScores | PartScores) -> tuple[str | int, ...]:
    if isinstance(row, GroupScores):
        return (row.group, row.fold, WHOLE, WHOLE, row.clips, "", "")
    return (row.sample, "", row.by, row.part, row.clips, row.smoke, row.clusters)


def _numbers(estimate: Estimate) -> list[float | str]:
    return ["" if number is None else number for number in triple(estimate)]


def _json(assessment: Assessment, calibrations: Mapping[str, CalibrationScores]) -> str:
    record = assessment_as_json(assessment) | {
        "calibration": {name: _calibration(scores) for name, scores in calibrations.items()},
        "curves": {
            name: _curves(sample) for name, sample in ranked_samples(assessment.samples).items()
        },
    }
    return json.dumps(record, indent=1, allow_nan=False) + "\n"


def _calibration(scores: CalibrationScores) -> Record:
    return {
        "ece_width": triple(scores.ece_width),
        "ece_mass": triple(scores.ece_mass),
        "brier": triple(scores.brier),
        "bins": [
            [rounded(each.weight), rounded(each.mean_probability), rounded(each.smoke_share)]
            for each in scores.bins_mass
        ],
    }


def _curves(sample: Sample) -> Record:
    roc, pr = roc_curve(sample.judged), precision_recall_curve(sample.judged)
    return {
        "roc": {
            "thresholds": [None, *map(rounded, roc.thresholds[1:].tolist())],
            "false_positive_rates": [rounded(x) for x in roc.false_positive_rates.tolist()],
            "recalls": [rounded(x) for x in roc.recalls.tolist()],
        },
        "precision_recall": {
            "thresholds": [rounded(x) for x in pr.thresholds.tolist()],
            "precisions": [rounded(x) for x in pr.precisions.tolist()],
            "recalls": [rounded(x) for x in pr.recalls.tolist()],
        },
    }
