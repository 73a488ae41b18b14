"""Judged clips together with how they were sampled, and where and when they were taken."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from stcnet.datasets import Cell
from stcnet.evaluation.metrics import FloatArray, Judged
from stcnet.evaluation.predictions import Prediction, judge_cells

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Clips that were judged, and what an honest interval and a breakdown need to know of them.

    Attributes:
        judged: Labels, predictions, scores and weights of N clips.
        names: Of each clip; unique where two models are to be compared.
        strata: A bootstrap draws from each stratum as many clusters as it has.
        clusters: Clips of one cluster are drawn together: the evidence of one is that of all.
        drawn_by: What makes a cluster, for people.
        tags: Where and when each clip was taken, by dimension: ``view``, ``plant``, ``month``,
            ``hour``. Only the known dimensions.
        probabilities: Chance of smoke that the model gives each clip, 0..1, shape (N,); None where
            its scores are no probabilities.
        ranked: Whether the scores order the clips; False where they are mere decisions.
    """

    judged: Judged
    names: tuple[str, ...]
    strata: tuple[Hashable, ...]
    clusters: tuple[Hashable, ...]
    drawn_by: str
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    probabilities: FloatArray | None = None
    ranked: bool = True

    def __len__(self) -> int:
        return len(self.names)

    @property
    def cluster_count(self) -> int:
        """Number of clusters, counted stratum by stratum."""
        return len(set(zip(self.strata, self.clusters, strict=True)))

    def part(self, chosen: NDArray[np.bool_]) -> Sample:
        """The clips where ``chosen``, shape (N,), is true."""
        rows = np.flatnonzero(chosen).tolist()
        return Sample(
            self.judged.part(chosen),
            _picked(self.names, rows),
            _picked(self.strata, rows),
            _picked(self.clusters, rows),
            self.drawn_by,
            {dimension: _picked(values, rows) for dimension, values in self.tags.items()},
            None if self.probabilities is None else self.probabilities[chosen],
            self.ranked,
        )


def join_samples(samples: Sequence[Sample]) -> Sample:
    """The clips of several samples as one; each is drawn from as before.

    Where one of them knows no dimension or probability, the whole does not.

    Args:
        samples: At least one; they share no clip.
    """
    first = samples[0]
    known = set(first.tags).intersection(*(sample.tags for sample in samples))
    chances = [s.probabilities for s in samples if s.probabilities is not None]
    return Sample(
        Judged(
            *(np.concatenate([getattr(sample.judged, part) for sample in samples])
              for part in ("labels", "predictions", "scores", "weights"))
        ),
        tuple(name for sample in samples for name in sample.names),
        tuple((n, each) for n, sample in enumerate(samples) for each in sample.strata),
        tuple((n, each) for n, sample in enumerate(samples) for each in sample.clusters),
        first.drawn_by,
        {tag: tuple(v for sample in samples for v in sample.tags[tag]) for tag in known},
        np.concatenate(chances) if len(chances) == len(samples) else None,
        all(sample.ranked for sample in samples),
    )  # fmt: skip


def sample_cells(predictions: Sequence[Prediction], cells: Sequence[Cell]) -> Sample:
    """Predictions on shared cells, as the cells were drawn.

    64 clips came from each cell of a confusion matrix (label x baseline prediction) of each split,
    and their weights were settled site by site: these are the strata.

    Args:
        predictions: One for each of ``cells``, in the same order.
        cells: The clips.
    """
    judged = judge_cells(predictions, cells)
    return Sample(
        judged,
        tuple(cell.id for cell in cells),
        tuple((c.split, c.label, c.baseline_prediction, c.site) for c in cells),
        tuple(cell.duplicate_group for cell in cells),
        "near-duplicates",
        {"view": tuple(c.view for c in cells), "plant": tuple(c.site for c in cells)},
        np.asarray(expit(judged.scores), dtype=np.float64),
    )


def baseline_of(cells: Sequence[Cell]) -> Sample:
    """What the published RGB-TC said of shared cells: decisions without a score."""
    said = [Prediction(cell.id, "rgb-tc", 2.0 * cell.baseline_prediction - 1) for cell in cells]
    return replace(sample_cells(said, cells), probabilities=None, ranked=False)


def _picked(values: Sequence[_Value], rows: Sequence[int]) -> tuple[_Value, ...]:
    return tuple(values[row] for row in rows)
