"""Operating points: where the threshold must stand for few false alarms a camera-day.

A camera-day is a number of hours of daylight, cut into windows that do not overlap. False alarms a
camera-day are the share of smoke-free windows at or above a threshold, weighted to the population,
times the windows of a day.

This is an estimate of false *windows*, not of false episodes. It counts too many where consecutive
false windows make one episode, and too few where a window between two of them, which a live camera
judges as well, is false alone. And the population is RISE's choice of clips, not one camera's day.

The interval is the stratified cluster bootstrap; but a bootstrap knows nothing of what it has never
seen. A stratum without a false alarm may hold some all the same: after m independent draws without
one, its share lies below 3.7 / m with 97.5 % confidence (the rule of three, for one side of a 95 %
interval), if all draws of a stratum stand for equally much. The heaviest of these bounds over the
silent strata bounds them together, and is added to the upper end.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import expit

from stcnet.datasets import Cell
from stcnet.datasets.cells.protocols import PLANT_SITES, PLANTS_FOLD
from stcnet.errors import DataError
from stcnet.evaluation.bootstrap import interval, replicates
from stcnet.evaluation.metrics import Confusion, FloatArray, Judged, by_score, recall
from stcnet.evaluation.predictions import Prediction
from stcnet.evaluation.samples import Sample, sample_cells
from stcnet.inference import Measured, OperatingPoint

RATES: Final = (1.0, 0.2, 0.05)
"""The false alarms a camera-day that are asked for."""

HOURS_PER_DAY: Final = 12.0
_SECONDS_PER_HOUR: Final = 3600.0
_UNSEEN_DRAWS: Final = -math.log(0.025)
"""About 3.7: with so many expected, none is seen in 2.5 % of all cases."""


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    """A sample seen as the windows of camera-days.

    Attributes:
        sample: Its scores are calibrated log-odds.
        windows: Number of a camera-day.
    """

    sample: Sample
    windows: float

    def alarmed(self, log_odds: float) -> Judged:
        """The clips with the decisions that a threshold makes."""
        judged = self.sample.judged
        return replace(judged, predictions=(judged.scores >= log_odds).astype(np.int64))

    def rate(self, judged: Judged) -> FloatArray:
        """False alarms a camera-day; NaN where no clip is smoke-free."""
        counted = Confusion.of(judged)
        known = counted.negatives > 0
        whole = np.where(known, counted.negatives, np.nan)
        return np.asarray(self.windows * counted.false_positives / whole)

    def hidden(self, judged: Judged) -> float:
        """False alarms a camera-day that strata without one may hold, at the upper end."""
        free = judged.labels == 0
        weights: dict[Hashable, float] = defaultdict(float)
        draws: dict[Hashable, set[Hashable]] = defaultdict(set)
        loud = set()
        for row in np.flatnonzero(free).tolist():
            stratum = self.sample.strata[row]
            weights[stratum] += judged.weights[row]
            draws[stratum].add(self.sample.clusters[row])
            if judged.predictions[row]:
                loud.add(stratum)
        heaviest = max((weights[s] / len(draws[s]) for s in weights if s not in loud), default=0.0)
        share = min(1.0, _UNSEEN_DRAWS * heaviest / judged.weights[free].sum())
        return self.windows * float(share)


def operating_points(
    sample: Sample,
    *,
    window_s: float,
    basis: str,
    hours_per_day: float = HOURS_PER_DAY,
    rates: Sequence[float] = RATES,
    count: int = 1000,
    seed: int = 0,
) -> tuple[OperatingPoint, ...]:
    """For each rate the lowest threshold whose estimated false alarms do not exceed it.

    The threshold is chosen on the clips that it is measured on, which flatters it a little. Where
    no false alarm at all may be left for an estimate to stay under the rate, the clips cannot tell
    the rate, and there is no threshold.

    Args:
        sample: Clips of both classes, held out; scores are calibrated log-odds.
        window_s: Length of a window, in seconds.
        basis: In words, the clips and how they were scored.
        hours_per_day: Hours of daylight of a camera-day, above 0 and at most 24.
        rates: Most false alarms a camera-day, each above 0.
        count: Number of bootstrap replicates.
        seed: Of the bootstrap.

    Raises:
        DataError: The clips show only one class.
    """
    if sample.judged.labels.min() == sample.judged.labels.max():
        raise DataError("operating points need clips of both classes", where="predictions")
    watch = _Watch(sample, hours_per_day * _SECONDS_PER_HOUR / window_s)
    smoky = int(sample.judged.labels.sum())
    common = {
        "hours_per_day": hours_per_day,
        "smoke_free": len(sample) - smoky,
        "smoky": smoky,
        "least_rate": watch.hidden(watch.alarmed(math.inf)),
        "basis": basis,
    }
    return tuple(
        OperatingPoint.model_validate(
            {"alarms_per_day": rate, **common, **_measured(watch, rate, count, seed)}
        )
        for rate in rates
    )


def _measured(watch: _Watch, rate: float, count: int, seed: int) -> dict[str, object]:
    """Threshold, false alarms and recall, or the reason why there are none."""
    log_odds = _lowest(watch.sample.judged, rate / watch.windows)
    if log_odds is None:
        return {"reason": _unresolved(watch)}
    judged = watch.alarmed(log_odds)
    sample = watch.sample
    drawn = replicates(
        *(judged, sample.strata, sample.clusters),
        {"rate": watch.rate, "recall": recall},
        count=count,
        seed=seed,
    )
    alarms = interval(float(watch.rate(judged)), drawn["rate"])
    found = interval(float(recall(judged)), drawn["recall"])
    return {
        "threshold": float(expit(log_odds)),
        "false_alarms": Measured(
            value=alarms.value, low=alarms.low, high=alarms.high + watch.hidden(judged)
        ),
        "recall": Measured(value=found.value, low=found.low, high=found.high),
    }


def _lowest(judged: Judged, share: float) -> float | None:
    """The lowest log-odds above which at most ``share`` of the smoke-free weight lies.

    It stands halfway between the last score let through and the first held back. None where that
    would let no smoke-free clip through: an observed rate of zero shows no rate.
    """
    levels, _, none = by_score(judged)
    through = none.cumsum()
    last = int((through <= share * through[-1] * (1 + 1e-12)).sum()) - 1
    if last < 0 or through[last] == 0:
        return None
    return float(levels[last : last + 2].mean())


def _unresolved(watch: _Watch) -> str:
    judged = watch.sample.judged
    highest = judged.scores[judged.labels == 0].max()
    first = float(watch.rate(watch.alarmed(highest)))
    least = watch.hidden(watch.alarmed(math.inf))
    return (
        f"not resolvable with {int((judged.labels == 0).sum())} smoke-free clips: the first of "
        f"them to raise an alarm stands for {first:.2g} a camera-day, and if none did the rate "
        f"could still be {least:.2g}"
    )


def operating_points_of_cells(
    calibrated: Sequence[Prediction],
    cells: Sequence[Cell],
    *,
    window_s: float,
    hours_per_day: float = HOURS_PER_DAY,
) -> tuple[OperatingPoint, ...]:
    """Operating points on the clips of RISE whose camera view the scoring fold had not seen.

    These are clairton's clips in the folds that leave a split out, and the other plants' clips in
    the fold that leaves these plants out; elsewhere they are of cameras that were trained on.

    Args:
        calibrated: Of :func:`stcnet.evaluation.calibration.cross_calibrate`.
        cells: The records of the clips.
        window_s: Length of a window, in seconds.
        hours_per_day: Hours of daylight of a camera-day.

    Raises:
        DataError: There is no such clip, or all of them show the same class.
    """
    known = {cell.id: cell for cell in cells if cell.site != "ijmond"}
    pairs = [
        (p, known[p.id])
        for p in calibrated
        if p.id in known and (p.fold == PLANTS_FOLD) == (known[p.id].site in PLANT_SITES)
    ]
    if not pairs:
        raise DataError("no prediction is of a clip on an unseen view", where="predictions")
    folds = ", ".join(sorted({prediction.fold for prediction, _ in pairs}))
    return operating_points(
        sample_cells([prediction for prediction, _ in pairs], [cell for _, cell in pairs]),
        window_s=window_s,
        hours_per_day=hours_per_day,
        basis=f"{len(pairs)} held-out clips on camera views unseen in training ({folds}), each "
        "fold calibrated on the others, weighted to the full RISE test sets; windows of "
        f"{window_s:g} s that do not overlap, {hours_per_day:g} h of daylight a camera-day",
    )


def operating_table(points: Sequence[OperatingPoint]) -> str:
    """One line a rate, in Markdown; the measured numbers with their 95 % intervals."""
    lines = [
        "| at most, a camera-day | threshold | estimated false alarms | recall |",
        "|---|---|---|---|",
    ]
    for point in points:
        if point.threshold is None or point.false_alarms is None or point.recall is None:
            lines.append(f"| {point.alarms_per_day:g} | none | {point.reason} | |")
            continue
        proven = "" if point.shown else ", not proven"
        lines.append(
            f"| {point.alarms_per_day:g} | {point.threshold:.3f} "
            f"| {point.false_alarms}{proven} | {point.recall} |"
        )
    return "\n".join(lines)
