"""The clips of a test set, and all metrics of what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcnet.evaluation.estimates import Replicated, replicate
from stcnet.evaluation.metrics import FloatArray, Judged
from stcnet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The clips on which a split is judged, and how they were sampled.

    Attributes:
        ids: Name of each of N clips.
        labels: 1 smoke, 0 none; shape (N,).
        weights: How many clips of the published test set each stands for; shape (N,).
        strata: The bootstrap draws within these; name of that of each clip.
        clusters: Clips of a stratum that the bootstrap draws together, likewise.
        drawn_by: What makes a cluster, for people.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    weights: FloatArray
    strata: tuple[str, ...]
    clusters: tuple[str, ...]
    drawn_by: str

    def __len__(self) -> int:
        return len(self.ids)


def judge(held_out: HeldOut, logits: FloatArray, *, seed: int = 0) -> Replicated:
    """All metrics of a test set; a clip is called smoke above logit 0.

    Args:
        held_out: The clips.
        logits: Raw score of each, shape (N,).
        seed: Of the bootstrap; splits whose mean is taken need one each.
    """
    said = (logits > 0).astype(np.int64)
    judged = Judged(held_out.labels, said, logits, held_out.weights)
    sample = Sample(
        judged, held_out.ids, held_out.strata, held_out.clusters, drawn_by=held_out.drawn_by
    )
    return replicate(sample, seed=seed)
