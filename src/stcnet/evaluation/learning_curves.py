"""Learning curves: scores by the size of the training set, and what they promise beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from stcnet.evaluation.bootstrap import Estimate, interval
from stcnet.evaluation.estimates import Replicated
from stcnet.evaluation.learning import LEAST_SIZES, Forecast, forecast
from stcnet.evaluation.metrics import FloatArray
from stcnet.evaluation.tables import Record, Table, format_estimate, triple

MOST_SAID = 1_000_000
"""Clips beyond which a number says no more than *many*."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A score that a curve is drawn of.

    Attributes:
        title: For people.
        metric: Of :data:`stcnet.evaluation.metrics.METRICS`.
        target: What is wanted of it, 0..1.
    """

    title: str
    metric: str
    target: float


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The scores with one share of the training clips, drawn once or more.

    Attributes:
        share: Above 0, at most 1.
        clips: Training clips, the mean over folds and draws.
        draws: What each draw came to, all on the same replicates of the test clips.
    """

    share: Fraction
    clips: float
    draws: tuple[Replicated, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One quantity by the size of the training set.

    Attributes:
        quantity: What is drawn.
        points: By rising share.
        scores: Mean over draws, shape (K,).
        replicated: The same of replicates of the test clips and of the draws, shape (R, K).
    """

    quantity: Quantity
    points: tuple[Drawn, ...]
    scores: FloatArray
    replicated: FloatArray

    @classmethod
    def through(cls, quantity: Quantity, points: Sequence[Drawn]) -> Curve:
        """The curve through some points, in any order; at least one."""
        ordered = tuple(sorted(points, key=lambda point: point.share))
        name = quantity.metric
        scores = [np.mean([each.values[name] for each in point.draws]) for point in ordered]
        columns = [_redrawn([each.samples[name] for each in point.draws]) for point in ordered]
        return cls(quantity, ordered, np.array(scores), np.stack(columns, axis=1))

    @property
    def sizes(self) -> FloatArray:
        """Training clips of each point, shape (K,)."""
        return np.array([point.clips for point in self.points], dtype=np.float64)

    def estimates(self) -> list[Estimate]:
        """The score of each point with its interval."""
        return [
            interval(score, column)
            for score, column in zip(self.scores.tolist(), self.replicated.T, strict=True)
        ]

    def forecast(self) -> Forecast | None:
        """What lies beyond it; None where it has too few points for a power law."""
        return forecast(self.sizes, self.scores, self.replicated, self.quantity.target)

    def in_words(self) -> str:
        """What it promises, and whether it can be trusted with that."""
        title, found = self.quantity.title, self.forecast()
        if found is None:
            return f"{title}: no power law, as there are fewer than {LEAST_SIZES} shares."
        needed = [clips_in_words(count) for count in _numbers(found.needed)]
        return (
            f"{title}: by a power law {format_estimate(found.score)} with {found.clips:.0f} clips, "
            f"{format_estimate(found.doubled)} with twice as many and "
            f"{format_estimate(found.limit)} with any number. {found.target:.2f} takes {needed[0]} "
            f"({needed[1]} to {needed[2]})"
            f"{'.' if found.told else ': these clips cannot tell how many.'}"
        )

    def record(self) -> Record:
        """All of it, of plain JSON types."""
        found = self.forecast()
        return {
            "of": self.quantity.title,
            "metric": self.quantity.metric,
            "points": [
                {
                    "share": str(point.share),
                    "clips": point.clips,
                    "draws": [
                        triple(each.estimates()[self.quantity.metric]) for each in point.draws
                    ],
                    "score": triple(estimate),
                }
                for point, estimate in zip(self.points, self.estimates(), strict=True)
            ],
            "forecast": None if found is None else _forecast_record(found),
        }


def curve_table(curves: Sequence[Curve]) -> Table:
    """A line for each share; the curves are of the same shares."""
    lines = [
        (str(point.share), str(len(point.draws)), *(_cell(curve, row) for curve in curves))
        for row, point in enumerate(curves[0].points)
    ]
    titles = (f"clips: {curve.quantity.title}" for curve in curves)
    return Table(("share", "draws", *titles), tuple(lines))


def clips_in_words(count: float) -> str:
    """A number of clips, to two digits.

    >>> clips_in_words(1234.5), clips_in_words(3e9), clips_in_words(float("inf"))
    ('1,200 clips', 'over a million clips', 'more than any number')
    """
    if np.isinf(count):
        return "more than any number"
    if count > MOST_SAID:
        return "over a million clips"
    return f"{float(f'{count:.2g}'):,.0f} clips"


def _cell(curve: Curve, row: int) -> str:
    return f"{curve.points[row].clips:.0f}: {format_estimate(curve.estimates()[row])}"


def _redrawn(draws: Sequence[FloatArray]) -> FloatArray:
    """Means over draws that are drawn anew in each replicate, shape (R,)."""
    rng = np.random.default_rng(len(draws))
    values = np.stack(draws)
    chosen = rng.integers(len(draws), size=values.shape)
    return np.asarray(np.take_along_axis(values, chosen, axis=0).mean(axis=0))


def _numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _forecast_record(found: Forecast) -> Record:
    """None stands for a number of clips without an end."""
    return {
        "clips": found.clips,
        "score": triple(found.score),
        "doubled": triple(found.doubled),
        "limit": triple(found.limit),
        "target": found.target,
        "needed": [round(n) if np.isfinite(n) else None for n in _numbers(found.needed)],
        "told": found.told,
    }
