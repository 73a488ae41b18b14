"""How a source is sampled for a model: as it asks, or, where frames are rarer, by fewer offsets.

A model compares frames that lie a stride apart, 20 s at the usual cadence, and averages as many
temporal offsets as a stride has frames. A source with a frame every 10 or 20 s holds the same pairs
of frames, but fewer offsets: it can be judged as the model was trained, a little less steadily.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stcnet.video import require_cadence
from stcnet.video.sampling import ROUNDING

if TYPE_CHECKING:
    from stcnet.inference import Sampling
    from stcnet.video import FrameSource

logger = logging.getLogger(__name__)

TOLERANCE = 0.5
"""Share of an interval by which a source may be slower and is still sampled at it."""


def sampling_for(source: FrameSource, wanted: Sampling) -> tuple[Sampling, float]:
    """The sampling of a source, and its own seconds between frames.

    A source with more than one and a half of the model's intervals between its frames is sampled
    at the whole part of the stride that comes nearest to them, with a warning.

    Args:
        source: Recorded; its first frames are read where it does not state its interval.
        wanted: Of the model.

    Raises:
        SourceError: Its frames lie further apart than one and a half strides.
    """
    native_s = require_cadence(source, _rarer(wanted, 1).interval_s, tolerance=TOLERANCE)
    if native_s is None:
        return wanted, wanted.interval_s
    if native_s <= (1 + TOLERANCE) * wanted.interval_s * (1 + ROUNDING):
        return wanted, native_s
    used = sampling_every(wanted, native_s)
    logger.warning(
        "%s: it has a frame every %.3g s, the model asks for one every %g s; each probability "
        "rests on %d frames in place of %d and is less sure",
        *(source.info.name, native_s, wanted.interval_s, used.window_frames, wanted.window_frames),
    )
    return used, native_s


def sampling_every(wanted: Sampling, native_s: float) -> Sampling:
    """The sampling with the same time between compared frames that fits rarer frames best.

    Args:
        wanted: Of the model.
        native_s: Seconds between the frames of the source, above the model's interval.

    >>> from stcnet.inference import Sampling
    >>> [sampling_every(Sampling(), native_s).interval_s for native_s in (8, 10, 14, 20, 30)]
    [10.0, 10.0, 20.0, 20.0, 20.0]
    """
    stride_s = wanted.stride * wanted.interval_s
    return _rarer(wanted, min(wanted.stride, max(1, round(stride_s / native_s))))


def _rarer(wanted: Sampling, stride: int) -> Sampling:
    interval_s = wanted.stride * wanted.interval_s / stride
    return wanted.model_copy(update={"stride": stride, "interval_s": interval_s})
