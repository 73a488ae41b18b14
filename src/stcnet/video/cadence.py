"""How often a source has frames, and whether that is often enough."""

from __future__ import annotations

from itertools import islice, pairwise
from statistics import median
from typing import TYPE_CHECKING

from stcnet.errors import SourceError
from stcnet.video.sampling import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stcnet.types import Frame
    from stcnet.video.source import FrameSource


def native_interval_s(frames: Iterable[Frame], *, at_most: int = 24) -> float | None:
    """Median seconds between the first ``at_most`` frames; None with fewer than two frames.

    >>> import numpy as np
    >>> from stcnet.types import Frame
    >>> native_interval_s(Frame(np.zeros((2, 2, 3), np.uint8), i, 5.0 * i) for i in range(4))
    5.0
    """
    times_s = [frame.time_s for frame in islice(frames, at_most)]
    return median(later - earlier for earlier, later in pairwise(times_s)) if times_s[1:] else None


def require_cadence(
    source: FrameSource, interval_s: float, *, tolerance: float = 0.5
) -> float | None:
    """Refuse a recorded source whose frames lie too far apart to be sampled at ``interval_s``.

    Reads the first frames where ``source.info`` does not state the interval.

    Returns:
        The source's own seconds between frames, None with fewer than two frames.

    Raises:
        SourceError: The frames are more than ``1 + tolerance`` intervals apart.
    """
    native_s = source.info.frame_interval_s or native_interval_s(source)
    limit_s = (1 + tolerance) * interval_s
    if native_s is not None and native_s > limit_s * (1 + ROUNDING):
        raise SourceError(
            f"its frames are too far apart to be judged every {interval_s:g} s",
            where=source.info.name,
            got=f"one frame every {native_s:.4g} s",
            allowed=f"up to {limit_s:g} s",
            hint="record more often, or declare the true frame interval if this one is wrong",
        )
    return native_s
