"""Predictions on the clips of any collection, judged fold by fold."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from scipy.special import expit

from stcnet.datasets import Collection, LabelledClip
from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.collection import labelled
from stcnet.datasets.folds.divisions import day_of
from stcnet.datasets.folds.protocols import folds_named
from stcnet.datasets.ijmond.records import IJMOND_ZONE
from stcnet.datasets.ijmond.records import PLANT as IJMOND
from stcnet.datasets.rise.records import RISE_ZONE
from stcnet.errors import ConfigError, DataError
from stcnet.evaluation.assessment import Assessment, assess_cells, assess_labelled
from stcnet.evaluation.breakdown import WHOLE, PartScores
from stcnet.evaluation.calibration import calibrated, cross_calibrate
from stcnet.evaluation.estimates import mean_of, replicate
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.protocol import MEAN, check_fold
from stcnet.evaluation.sample_calibration import cross_fits
from stcnet.evaluation.samples import Sample
from stcnet.inference import CalibrationMethod
from stcnet.video import RiseName

Samples = Mapping[str, Sample]
"""By the name of their fold."""


def assess(
    predictions: Sequence[Prediction],
    collection: Collection,
    *,
    by: Sequence[str] = (),
    transferred: bool = False,
    partial_folds: bool = False,
) -> Assessment:
    """Judge predictions on a collection: shared cells by fold and site, any other data by fold.

    Args:
        predictions: Of models on clips they were not trained on.
        collection: Holds those clips.
        by: Dimensions to divide the clips by.
        transferred: Whether to try the threshold of each fold on the others.
        partial_folds: Whether clips of a fold may be missing; never of the shared cells.

    Raises:
        ConfigError: There is no such dimension.
        DataError: Predictions do not fit the clips or the folds.
    """
    if isinstance(collection, CellCollection):
        return assess_cells(predictions, collection.cells, by=by, transferred=transferred)
    samples = samples_of(predictions, collection, partial_folds=partial_folds)
    return assess_samples(samples, by=by, transferred=transferred)


def assess_samples(
    samples: Samples,
    *,
    by: Sequence[str] = (),
    transferred: bool = False,
    against: Samples | None = None,
) -> Assessment:
    """Judge the samples of folds, and where there are several their mean.

    Args:
        samples: By fold.
        by: Dimensions to divide the clips by.
        transferred: Whether to try the threshold of each fold on the others.
        against: Another model on the same folds.

    Raises:
        ConfigError: There is no such dimension, or the folds of the two models differ.
        DataError: The clips of the two models differ, or no threshold can be tuned.
    """
    if against is not None and against.keys() != samples.keys():
        raise ConfigError(
            "the two models were not judged on the same folds",
            where="--against",
            got=", ".join(against),
            allowed=", ".join(samples),
        )
    theirs = [against[name] for name in samples] if against is not None else []
    assessment = assess_labelled(samples, by=by, transferred=transferred, against=theirs)
    if len(samples) < 2:
        return assessment
    return replace(assessment, scores=[*_whole_scores(assessment), _mean(samples)])


def _whole_scores(assessment: Assessment) -> list[PartScores]:
    return [row for row in assessment.scores if isinstance(row, PartScores)]


def _mean(samples: Samples) -> PartScores:
    """The mean over folds; each is resampled apart."""
    parts = [replicate(sample, seed=seed) for seed, sample in enumerate(samples.values())]
    return PartScores(
        MEAN,
        WHOLE,
        WHOLE,
        clips=sum(len(sample) for sample in samples.values()),
        smoke=sum(int(sample.judged.labels.sum()) for sample in samples.values()),
        clusters=sum(sample.cluster_count for sample in samples.values()),
        metrics=mean_of(parts).estimates(),
    )


def samples_of(
    predictions: Sequence[Prediction], collection: Collection, *, partial_folds: bool = False
) -> dict[str, Sample]:
    """The predicted clips of each fold, by its name.

    Args:
        predictions: Of models on clips they were not trained on.
        collection: Holds those clips.
        partial_folds: Whether clips of a fold may be missing.

    Raises:
        DataError: A prediction is of no labelled clip of the collection or comes twice, or a fold
            of a known name was not predicted on just the clips that it holds out.
    """
    known = {clip.id: clip for clip in labelled(collection.clips)}
    folds: dict[str, list[Prediction]] = {}
    for prediction in predictions:
        if prediction.id not in known:
            raise DataError(
                "a prediction is of no labelled clip in the data",
                where="predictions",
                got=prediction.id,
                hint="name the data that was predicted with --data",
            )
        folds.setdefault(prediction.fold, []).append(prediction)
    ours = folds_named(collection, folds)
    for name, members in folds.items():
        held_out = [clip.id for clip in ours[name].test] if name in ours else None
        check_fold(name, [p.id for p in members], held_out, may_miss=partial_folds)
    return {
        name: sample_clips(members, [known[p.id] for p in members])
        for name, members in sorted(folds.items())
    }


def sample_clips(predictions: Sequence[Prediction], clips: Sequence[LabelledClip]) -> Sample:
    """Predictions on clips of a collection; clips of one view and day are drawn together.

    Where the day is not known, near-duplicates are drawn together; where these are not known
    either, each clip stands for itself.

    Args:
        predictions: One for each of ``clips``, in the same order.
        clips: With a label.
    """
    logits = np.array([prediction.logit for prediction in predictions])
    judged = Judged(
        np.array([clip.label for clip in clips], dtype=np.int64),
        np.array([prediction.smoke for prediction in predictions], dtype=np.int64),
        logits,
        np.array([clip.weight for clip in clips]),
    )
    clusters, drawn_by = _clusters(clips)
    return Sample(
        judged,
        tuple(clip.id for clip in clips),
        (0,) * len(clips),
        clusters,
        drawn_by,
        _tags(clips),
        np.asarray(expit(logits), dtype=np.float64),
    )


def _clusters(clips: Sequence[LabelledClip]) -> tuple[tuple[Hashable, ...], str]:
    if all(clip.start is not None for clip in clips):
        return tuple((clip.plant, clip.view, day_of(clip)) for clip in clips), "view and day"
    if any(clip.group is not None for clip in clips):
        return tuple(clip.group or clip.id for clip in clips), "near-duplicates"
    return tuple(clip.id for clip in clips), "the clip"


def _tags(clips: Sequence[LabelledClip]) -> dict[str, tuple[str, ...]]:
    tags = {
        "view": tuple(clip.view for clip in clips),
        "plant": tuple(clip.plant for clip in clips),
    }
    starts = [_local_start(clip) for clip in clips]
    known = [start for start in starts if start is not None]
    if len(known) == len(starts):
        tags["month"] = tuple(f"{start:%Y-%m}" for start in known)
        tags["hour"] = tuple(f"{start:%H}" for start in known)
    return tags


def _local_start(clip: LabelledClip) -> datetime | None:
    """When a clip starts: in the plants' own time for clips of RISE and IJmond, else in UTC."""
    if clip.start is None:
        return None
    if RiseName.parse(clip.id) is not None:
        return clip.start.astimezone(RISE_ZONE)
    return clip.start.astimezone(IJMOND_ZONE) if clip.plant == IJMOND else clip.start


def cross_calibrated(
    predictions: Sequence[Prediction],
    collection: Collection,
    method: CalibrationMethod = "platt",
) -> list[Prediction]:
    """Predictions with calibrated logits and verdict thresholds, each fold by the others.

    Args:
        predictions: Of models that had not seen the clips, of two or more folds.
        collection: The clips.
        method: See :func:`stcnet.evaluation.calibration.calibrate`.

    Raises:
        DataError: Predictions do not fit the clips or the folds, or cannot be calibrated.
    """
    if isinstance(collection, CellCollection):
        return cross_calibrate(predictions, collection.cells, method)
    fits = cross_fits(samples_of(predictions, collection, partial_folds=True), method)
    return [calibrated(prediction, fits[prediction.fold]) for prediction in predictions]
