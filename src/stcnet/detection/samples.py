"""The pictures of a source as both passes see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stcnet.inference.stabilising import Stabiliser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stcnet.types import Frame
    from stcnet.video import FrameSource, Sample


def samples_of(source: FrameSource, interval_s: float, *, stabilised: bool) -> Iterator[Sample]:
    """The frames that are judged, and drawn, of a source.

    Args:
        source: What is judged.
        interval_s: The cadence, in seconds.
        stabilised: Hold the picture of a shaking camera still.
    """
    samples = source.sampled(interval_s)
    return held(samples) if stabilised else samples


def held(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Samples with their pictures held still, anew after each gap."""
    stabiliser = Stabiliser()
    for sample in samples:
        if sample.after_gap:
            stabiliser.reset()
        yield replace(sample, frame=_held(sample.frame, stabiliser))


def held_frames(frames: Iterable[Frame]) -> Iterator[Frame]:
    """All frames of a clip with their pictures held still."""
    stabiliser = Stabiliser()
    return (_held(frame, stabiliser) for frame in frames)


def _held(frame: Frame, stabiliser: Stabiliser) -> Frame:
    return replace(frame, image=stabiliser.hold(frame.image))
