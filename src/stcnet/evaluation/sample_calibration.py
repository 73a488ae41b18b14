"""Calibrated probabilities of the samples of folds, whatever data they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.special import expit

from stcnet.evaluation.calibration import alone, fit_calibration, verdict_log_odds
from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.samples import Sample
from stcnet.inference import Calibration, CalibrationMethod

Samples = Mapping[str, Sample]
"""By the name of their fold; scores are raw logits."""


def joined(samples: Samples) -> Sample:
    """The clips of all folds; of one that several folds test, what the first of them says.

    Args:
        samples: At least one.
    """
    seen: set[str] = set()
    kept: list[Sample] = []
    for sample in samples.values():
        kept.append(sample.part(np.array([name not in seen for name in sample.names])))
        seen.update(sample.names)
    return Sample(
        Judged(
            np.concatenate([part.judged.labels for part in kept]),
            np.concatenate([part.judged.predictions for part in kept]),
            np.concatenate([part.judged.scores for part in kept]),
            np.concatenate([part.judged.weights for part in kept]),
        ),
        tuple(name for part in kept for name in part.names),
        tuple(stratum for part in kept for stratum in part.strata),
        tuple(cluster for part in kept for cluster in part.clusters),
        kept[0].drawn_by,
    )


def calibrate_samples(samples: Samples, method: CalibrationMethod = "platt") -> Calibration:
    """A calibration fitted on all folds, each clip once; see :func:`fit_calibration`.

    Raises:
        DataError: The clips show only one class, or smoke does not score higher than none.
    """
    return fit_calibration(joined(samples).judged, method, folds=list(samples))


def cross_calibrate_samples(
    samples: Samples, method: CalibrationMethod = "platt"
) -> dict[str, Sample]:
    """Each fold with the calibration and the verdict threshold that the other folds give.

    Clips of a cluster that the fold tests, such as one view and day, have no say in them.

    Args:
        samples: Of two or more folds.
        method: See :func:`stcnet.evaluation.calibration.calibrate`.

    Returns:
        The samples; scores are calibrated log-odds.

    Raises:
        DataError: A fold has no other to be calibrated on, or cannot be calibrated.
    """
    fits = cross_fits(samples, method)
    return {fold: _calibrated(sample, fits[fold]) for fold, sample in samples.items()}


def cross_fits(samples: Samples, method: CalibrationMethod = "platt") -> dict[str, Calibration]:
    """The calibration of each fold that the other folds give; see :func:`cross_calibrate_samples`.

    Raises:
        DataError: A fold has no other to be calibrated on, or cannot be calibrated.
    """
    return {fold: _fit_on_others(fold, samples, method) for fold in samples}


def _fit_on_others(fold: str, samples: Samples, method: CalibrationMethod) -> Calibration:
    tested = set(samples[fold].clusters)
    others = {
        name: other.part(np.array([cluster not in tested for cluster in other.clusters]))
        for name, other in samples.items()
        if name != fold
    }
    others = {name: other for name, other in others.items() if len(other)}
    if not others:
        raise alone(fold)
    return calibrate_samples(others, method)


def _calibrated(sample: Sample, calibration: Calibration) -> Sample:
    scores = np.asarray(calibration.log_odds(sample.judged.scores), dtype=np.float64)
    verdicts = (scores > verdict_log_odds(calibration)).astype(np.int64)
    judged = replace(sample.judged, scores=scores, predictions=verdicts)
    return replace(sample, judged=judged, probabilities=np.asarray(expit(scores)))
