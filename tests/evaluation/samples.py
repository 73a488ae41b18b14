"""Samples for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stcnet.evaluation.metrics import Judged
from stcnet.evaluation.samples import Sample


def make_sample(
    labels: Sequence[int],
    scores: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    clusters: Sequence[int] | None = None,
    tags: dict[str, tuple[str, ...]] | None = None,
    ranked: bool = True,
) -> Sample:
    """Clips of one stratum, smoke above score 0; probabilities are the logistic of the scores."""
    values = np.array(scores, dtype=np.float64)
    judged = Judged(
        np.array(labels, dtype=np.int64),
        (values > 0).astype(np.int64),
        values,
        np.ones(len(values)) if weights is None else np.array(weights, dtype=np.float64),
    )
    return Sample(
        judged,
        tuple(f"clip-{number}" for number in range(len(values))),
        (0,) * len(values),
        tuple(range(len(values)) if clusters is None else clusters),
        "the clip",
        tags or {},
        1 / (1 + np.exp(-values)),
        ranked,
    )


def random_sample(count: int, seed: int = 0, noise: float = 1.5) -> Sample:
    """Two clips a cluster; scores of middling quality."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return make_sample(
        labels.tolist(),
        rng.normal(2 * labels - 1, noise).tolist(),
        weights=rng.uniform(1, 5, count).tolist(),
        clusters=[number // 2 for number in range(count)],
    )
