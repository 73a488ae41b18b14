"""The folder of results: tables, record, report and annotated video of one source."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from stcnet import __version__
from stcnet.detection.folder import new_folder
from stcnet.detection.pictures import draw_pictures
from stcnet.detection.progress import Progress, silent
from stcnet.detection.scoring import detect, spacing_s
from stcnet.reports import (
    DetectionReport,
    ModelFacts,
    write_events_csv,
    write_events_json,
    write_html,
    write_scores_csv,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stcnet.detection.record import Detection
    from stcnet.events import EpisodeSettings
    from stcnet.inference import ModelPackage
    from stcnet.reports import PeakPicture
    from stcnet.types import Episode, Zone
    from stcnet.video import FrameSource


def detect_into(
    out: Path,
    source: FrameSource,
    package: ModelPackage,
    zones: Sequence[Zone] = (),
    settings: EpisodeSettings | None = None,
    *,
    stabilise: bool = False,
    overlay: bool = True,
    overwrite: bool = False,
    progress: Progress = silent,
    threads: int | None = None,
) -> Detection:
    """Judge a source and leave a folder of results, or, after an error, nothing.

    That the folder can be made is known before anything is judged.

    Args:
        out: Where the folder shall be.
        source: A video or a folder of pictures.
        package: The model.
        zones: Parts of the picture to judge.
        settings: How scores become episodes.
        stabilise: Hold the picture of a shaking camera still before it is judged.
        overlay: Write the annotated video as well.
        overwrite: Replace a folder of earlier results.
        progress: Told of each sampled frame of both passes.
        threads: Threads to use.

    Raises:
        OutputError: The folder exists, or it or a file in it cannot be written.
        StcnetError: What :func:`detect` raises.
    """
    with new_folder(out, overwrite=overwrite) as folder:
        detection = detect(
            *(source, package, zones, settings),
            stabilise=stabilise,
            progress=progress,
            threads=threads,
        )
        write_results(folder, source, package, detection, overlay=overlay, progress=progress)
    return detection


def write_results(
    folder: Path,
    source: FrameSource,
    package: ModelPackage,
    detection: Detection,
    *,
    overlay: bool = True,
    progress: Progress = silent,
) -> None:
    """Write the files of ``RESULT_FILES`` into a folder that exists.

    Args:
        folder: Where to write.
        source: The source that was judged; it is read a second time for the pictures.
        package: The model that judged it.
        detection: What was found.
        overlay: Write ``overlay.mp4`` as well, at the 12 sampled frames a second of
            :func:`~stcnet.detection.pictures.draw_pictures`.
        progress: Told of each sampled frame.

    Raises:
        SourceError: The source cannot be read again.
        OutputError: A file cannot be written.
    """
    pictures = draw_pictures(
        source,
        detection,
        detection.sampling.interval_s,
        overlay=folder / "overlay.mp4" if overlay else None,
        progress=progress,
    )
    report = _report(package, detection, pictures)
    write_scores_csv(report, folder / "scores.csv")
    write_events_json(report, folder / "events.json")
    write_events_csv(report, folder / "events.csv")
    write_html(report, folder / "report.html")


def _report(
    package: ModelPackage, detection: Detection, pictures: Mapping[Episode, PeakPicture]
) -> DetectionReport:
    return DetectionReport(
        source=detection.source,
        zones=detection.zones,
        settings=detection.settings,
        cadence_s=spacing_s(detection.times_s, detection.sampling),
        window_s=round(median(score.end_s - score.start_s for score in detection.scores), 3),
        stabilised=detection.stabilised,
        model=_model_facts(package),
        scores=detection.scores,
        episodes=detection.episodes,
        summary=detection.summary,
        created_at=datetime.now(UTC),
        stcnet_version=__version__,
        view=detection.view,
        pictures=pictures,
        warnings=detection.warnings,
        operating_point=_stated(package, detection.settings.on_threshold),
    )


def _stated(package: ModelPackage, threshold: float) -> str:
    """In words, the operating point of a threshold, if it is that of one."""
    points = package.manifest.operating_points
    return next((point.in_words for point in points if point.threshold == threshold), "")


def _model_facts(package: ModelPackage) -> ModelFacts:
    manifest = package.manifest
    return ModelFacts(
        name=manifest.name,
        version=manifest.version,
        sha256=package.sha256,
        preset=manifest.preset,
        threshold=package.calibration.threshold,
        alarm_threshold=package.calibration.alarm_threshold,
        calibration=package.calibration.basis,
        training=manifest.provenance.data,
        limits=manifest.limits,
    )
