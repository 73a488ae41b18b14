"""A few frames of each view, small enough to stand in a page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from stcnet.datasets.collection import Collection, LabelledClip, OnBad, labelled, refuse
from stcnet.datasets.leaks.searching import load_good, side_of
from stcnet.datasets.overview.inventory import natural
from stcnet.types import Picture

SIDE: Final = 160
"""Pixels of a picture on the page."""
_JPEG_QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of a clip.

    Attributes:
        clip: The clip.
        source: Its middle frame, JPEG as a data URI.
    """

    clip: LabelledClip
    source: str


def sample_pictures(collection: Collection, *, on_bad: OnBad = refuse) -> tuple[Sample, ...]:
    """The middle frame of one clip with smoke and one without, of each view that has them.

    Args:
        collection: Of any kind; only the clips that are shown are decoded.
        on_bad: Called for each file that cannot be used, whose clip is then left out; by default
            it ends the reading.

    Raises:
        DataError: From ``on_bad``: a video is missing or wrong.
        SourceError: From ``on_bad``: a video cannot be decoded.
    """
    chosen = _typical(labelled(collection.clips))
    decoded = load_good(collection, chosen, side_of(collection, SIDE), on_bad)
    if decoded is None:
        return ()
    known = {clip.id: clip for clip in chosen}
    middle = np.array([[decoded.frames.shape[1] // 2]])
    return tuple(
        Sample(known[clip], _data_uri(decoded.gather(np.array([n]), middle)[0, 0].numpy()))
        for n, clip in enumerate(decoded.ids)
    )


def _typical(clips: Sequence[LabelledClip]) -> list[LabelledClip]:
    """Of each plant, view and label the clip in the middle, smoke first."""
    kinds: dict[tuple[str, str, bool], list[LabelledClip]] = {}
    for clip in clips:
        kinds.setdefault((clip.plant, clip.view, clip.label != 1), []).append(clip)
    ordered = sorted(kinds, key=lambda kind: (kind[0], natural(kind[1]), kind[2]))
    return [kinds[kind][len(kinds[kind]) // 2] for kind in ordered]


def _data_uri(frame: Picture) -> str:
    """A frame, RGB, shape (3, S, S), as a small JPEG."""
    bgr = np.ascontiguousarray(frame[::-1].transpose(1, 2, 0))
    small = cv2.resize(bgr, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"
