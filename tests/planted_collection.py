"""A collection of small clips that needs no video, and may have flaws."""

from collections.abc import Collection as Names
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import numpy as np
import torch

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.errors import DataError
from stcnet.preprocess import resize
from stcnet.types import Picture

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIDE, LENGTH = 16, 4


def planted_clip(number: int) -> LabelledClip:
    """Every second one shows smoke; every third one does not know when it was filmed."""
    start = None if number % 3 == 2 else NOON + timedelta(hours=number)
    return LabelledClip(
        id=f"clip {number:02d} \u2601",
        label=cast("Literal[0, 1]", number % 2),
        view=f"0-{number % 3}",
        plant="clairton",
        start=start,
        end=start and start + timedelta(seconds=175),
        label_weight=(1 + number % 4) / 4,
        weight=1.0 + number % 5,
        group=None if number % 2 else f"group {number // 4}",
    )


def planted_frame(clip: str, frame: int) -> Picture:
    """Noise that belongs to the clip over a gradient, shape (16, 16, 3)."""
    rng = np.random.default_rng([frame, *clip.encode()])
    slope = np.linspace(0, 200, SIDE)[:, None, None]
    return np.asarray(slope + rng.integers(0, 50, (SIDE, SIDE, 3)), np.uint8)


@dataclass
class PlantedCollection:
    """Clips of 4 frames of 16 pixels.

    Attributes:
        clips: What there is.
        bad: Ids of clips that cannot be decoded.
        native: Sides that it says its clips have.
    """

    clips: tuple[LabelledClip, ...]
    bad: Names[str] = ()
    native: set[int] = field(default_factory=lambda: {SIDE})
    title: str = "Planted"

    def sizes(self, clips: Sequence[LabelledClip]) -> set[int]:
        return set(self.native)

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        good = [clip for clip in clips if clip.id not in self.bad]
        for clip in clips:
            if clip.id in self.bad:
                on_bad(DataError("the video is missing", where=f"{clip.id}.mp4"))
        if not good:
            raise DataError("no video is left")
        pictures = [resize(planted_frame(c.id, n), size) for c in good for n in range(LENGTH)]
        frames = np.stack(pictures).reshape(len(good), LENGTH, size, size, 3)
        return ClipSet(
            torch.from_numpy(np.ascontiguousarray(np.moveaxis(frames, -1, 2))),
            torch.tensor([clip.label for clip in good]),
            np.array([clip.weight for clip in good]),
            tuple(clip.id for clip in good),
            np.array([clip.label_weight for clip in good]),
            tuple(clip.view for clip in good),
        )


def planted_collection(count: int = 10, bad: Names[int] = ()) -> PlantedCollection:
    clips = tuple(planted_clip(number) for number in range(count))
    return PlantedCollection(clips, {clips[number].id for number in bad})
