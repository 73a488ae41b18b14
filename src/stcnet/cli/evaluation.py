"""``stcnet evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stcnet.cli.export import Method
from stcnet.cli.gallery import GalleryFolder, GallerySize, write_mistakes
from stcnet.cli.held_out import BASELINE, HALF, Judging, predicted
from stcnet.cli.printing import print_assessment, print_watch
from stcnet.cli.research import Protocol, RevisionsFile, require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.cli.held_out import Assessor
    from stcnet.datasets.revisions.reading import Revisions
    from stcnet.evaluation.assessment import Assessment
    from stcnet.evaluation.samples import Sample

Predictions = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="CSV with label and a score, or id, fold and logit; may be given several times.",
    ),
]
Clips = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of labelled clips, for predictions by clip id."),
]
Package = Annotated[
    Path | None,
    typer.Option(metavar="PACKAGE", help="Score this package on the clips of --data."),
]
Calibrated = Annotated[
    bool,
    typer.Option(
        help="Calibrate each fold on the others, and call smoke where these expect the highest F1."
    ),
]
CalibrationName = Annotated[
    Method | None,
    typer.Option(
        "--calibration",
        help="With --calibrated: how scores become probabilities.",
        show_default="platt",
    ),
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHAT",
        help="Divide the clips by view, plant, month or hour; may be given several times.",
    ),
]
Transfer = Annotated[
    bool,
    typer.Option(help="Tune a threshold on each file or fold and use it on the others."),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Predictions of another model on the same clips, or, with --data, the word "
        "baseline for RGB-TC; with --calibrated, the word half for the same predictions called "
        "smoke from one half on; one for each file.",
    ),
]
CausesFile = Annotated[
    Path | None,
    typer.Option(
        "--causes",
        metavar="FILE",
        help="CSV with id and causes, such as steam or fog: count mistakes by cause, with "
        "--against those of both models.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.html",
        help="Write a page with all tables and curves, and CSV and JSON beside it.",
    ),
]
Scores = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="scores.csv of a long video, for time to detection."),
]
Truth = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV with start and end of its smoke, in seconds."),
]
AlarmThreshold = Annotated[
    float | None,
    typer.Option(metavar="P", help="With --scores: probability that starts an alarm."),
]
MayMiss = Annotated[
    bool,
    typer.Option("--skip-bad", help="With --data: judge what is predicted of an unfinished fold."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(evaluate)


def evaluate(
    predictions: Predictions = None,
    data: Clips = None,
    model: Package = None,
    protocol: Protocol = None,
    calibrated: Calibrated = False,
    calibration: CalibrationName = None,
    by: Parts = None,
    transfer: Transfer = False,
    against: Against = None,
    causes: CausesFile = None,
    revisions: RevisionsFile = None,
    report: Report = None,
    gallery: GalleryFolder = None,
    gallery_size: GallerySize = None,
    scores: Scores = None,
    truth: Truth = None,
    threshold: AlarmThreshold = None,
    skip_bad: MayMiss = False,
    as_json: AsJson = False,
) -> None:
    """Print every metric of predictions with 95 % intervals.

    With --data: columns id, fold and logit, as `stcnet train --protocol` writes them; each clip is
    weighted by the clips of the population that it stands for. Without: columns label and one
    of logit, score, probability or prediction; each line counts once, or as often as its column
    weight says. With --model and --data: a model package on all clips, or on those that one fold
    of --protocol holds out; clips that it was trained on are refused. With --scores and --truth:
    how soon a long video raised an alarm.
    """
    require_extra()
    if scores is not None or truth is not None:
        others = (
            *(predictions, data, model, protocol, calibrated, by, transfer, against, report),
            *(gallery, gallery_size, causes, revisions, calibration),
        )
        _evaluate_watch(_watched(scores, truth, any(others)), threshold, as_json=as_json)
        return
    _check_evaluated(predictions, data, model, protocol)
    _check_options(predictions, data, calibrated, against, threshold)
    method = _method_of(calibration, calibrated=calibrated)
    _check_gallery(gallery, gallery_size, data)
    _check_report(report)
    read = _read_revisions(revisions)
    if data is not None:
        collection, ours = predicted(predictions, data, model, protocol)
        judging = Judging(data, against or [], method, skip_bad, read)
        assess = judging.assessor(collection, ours)
    else:
        assess = _labelled_assessor(predictions or [], against or [], read)
    asked = assess(by or (), transfer)
    if causes is not None:
        asked = _with_causes(asked, causes)
    if report is not None:
        _write_report(report, asked, assess)
    if gallery is not None and data is not None:
        write_mistakes(*(gallery, gallery_size, ours, collection), model=model, method=method)
    print_assessment(asked, as_json=as_json)


def _read_revisions(path: Path | None) -> Revisions | None:
    from stcnet.datasets.revisions.reading import read_revisions

    return read_revisions(path) if path is not None else None


def _with_causes(asked: Assessment, path: Path) -> Assessment:
    """The same with its mistakes counted by cause, and those of the other model beside them."""
    from stcnet.evaluation.causes import changes_of_samples, errors_of_samples, read_causes

    causes = read_causes(path)
    changes = changes_of_samples(asked.samples, asked.against, causes) if asked.against else []
    return replace(asked, causes=errors_of_samples(asked.samples, causes), cause_changes=changes)


def _check_evaluated(
    predictions: list[Path] | None, data: Path | None, model: Path | None, protocol: str | None
) -> None:
    if (predictions is None) == (model is None):
        raise ConfigError(
            "one of --predictions and --model is needed",
            allowed="one of them, not both; or --scores with --truth",
        )
    if model is not None and data is None:
        raise ConfigError("--model needs the clips to score", hint="name their folder with --data")
    if protocol is not None and model is None:
        raise ConfigError("--protocol goes with --model", hint="leave it out")


def _check_options(
    predictions: list[Path] | None,
    data: Path | None,
    calibrated: bool,
    against: list[str] | None,
    threshold: float | None,
) -> None:
    if calibrated and (predictions is None or data is None):
        raise ConfigError("--calibrated goes with --predictions and --data", hint="leave it out")
    if threshold is not None:
        raise ConfigError("--threshold goes with --scores and --truth", hint="leave it out")
    if against and HALF in against and (not calibrated or len(against) > 1):
        raise ConfigError(
            "verdicts from one half on are of the calibrated predictions themselves",
            where="--against",
            got=", ".join(against),
            hint="add --calibrated, and name nothing else with --against",
        )
    if against and BASELINE in against and (data is None or len(against) > 1):
        raise ConfigError(
            "the baseline stands in the records of --data, for all of its clips",
            where="--against",
            got=", ".join(against),
            hint="name the folder with --data, and nothing else with --against",
        )


def _method_of(calibration: Method | None, *, calibrated: bool) -> Method | None:
    """How folds are calibrated on the others; None: not at all."""
    if calibration is not None and not calibrated:
        raise ConfigError("--calibration goes with --calibrated", hint="add it")
    return (calibration or "platt") if calibrated else None


def _check_gallery(gallery: Path | None, size: int | None, data: Path | None) -> None:
    if gallery is not None and data is None:
        raise ConfigError("--gallery shows the clips of --data", hint="name their folder")
    if size is not None and gallery is None:
        raise ConfigError("--gallery-size goes with --gallery", hint="name a folder for it")


def _check_report(path: Path | None) -> None:
    from stcnet.evaluation.report import require_report

    if path is not None:
        require_report(path)


def _labelled_assessor(
    paths: Sequence[Path], against: Sequence[str], revisions: Revisions | None
) -> Assessor:
    """Judges files in which the labels stand."""
    from stcnet.evaluation.assessment import assess_labelled
    from stcnet.evaluation.revisions import revise_samples

    stems = [path.stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise ConfigError("a file is given twice", where="--predictions", got=", ".join(names))
    samples = {name: _labelled(path) for name, path in zip(names, paths, strict=True)}
    theirs = [_labelled(Path(path)) for path in against]
    revised = revise_samples(samples, revisions) if revisions is not None else None
    return lambda by, transferred: replace(
        assess_labelled(samples, by=by, transferred=transferred, against=theirs), revised=revised
    )


def _labelled(path: Path) -> Sample:
    from stcnet.evaluation.labelled import sample_labelled
    from stcnet.evaluation.predictions import read_rows

    return sample_labelled(read_rows(path), path)


def _write_report(path: Path, asked: Assessment, assess: Assessor) -> None:
    """Write the page: all that the clips tell, whatever is asked for on the terminal."""
    from stcnet.cli.errors import say
    from stcnet.evaluation.assessment import can_transfer, told_dimensions
    from stcnet.evaluation.report import write_report

    whole = assess(told_dimensions(asked.samples), can_transfer(asked.samples))
    for file in write_report(path, whole):
        say(f"written: {file}")


def _watched(scores: Path | None, truth: Path | None, others: bool) -> tuple[Path, Path]:
    if scores is None or truth is None or others:
        raise ConfigError(
            "--scores and --truth go together, and with --threshold and --json alone",
            hint="give the scores of a video and what is true of it",
        )
    return scores, truth


def _evaluate_watch(files: tuple[Path, Path], threshold: float | None, *, as_json: bool) -> None:
    from stcnet.evaluation.alarms import judge_watch
    from stcnet.evaluation.watches import read_truth, read_window_scores
    from stcnet.events import EpisodeSettings

    settings = EpisodeSettings()
    if threshold is not None:
        if not 0 < threshold <= 1:
            raise ConfigError(
                "this is no probability", where="--threshold", got=threshold, allowed="0..1"
            )
        settings = EpisodeSettings.for_threshold(threshold)
    watch = judge_watch(read_window_scores(files[0]), read_truth(files[1]), settings)
    print_watch(watch, as_json=as_json)
