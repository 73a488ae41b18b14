"""Thinning of long curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def keep_extremes(values: Sequence[float], limit: int) -> list[int]:
    """Indices of at most ``limit`` points that keep a curve's ends, peaks and troughs.

    The curve is cut into equal parts; the lowest and the highest point of each part stay.

    Args:
        values: The curve, at equal or growing times.
        limit: Number of points to keep, at least 4 where there are more.

    Returns:
        Increasing indices into ``values``.

    >>> keep_extremes([0, 0, 9, 0, 0, 0, 0, 0], limit=4)
    [0, 2, 7]
    """
    count = len(values)
    if count <= limit:
        return list(range(count))
    if limit < 4:
        raise ValueError(f"a curve of {count} points cannot be thinned to {limit}, allowed: 4..")
    kept, first = {0, count - 1}, 0
    for part in np.array_split(np.asarray(values, dtype=np.float64), (limit - 2) // 2):
        kept |= {first + int(part.argmin()), first + int(part.argmax())}
        first += len(part)
    return sorted(kept)
