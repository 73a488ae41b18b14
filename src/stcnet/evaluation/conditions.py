"""Conditions under which held-out clips are judged again: other cadences, sources and lights.

The frames of a recorded clip lie 5 s apart and those that the network compares 20 s, so cadences
below that can be taken out of it: they span less of the world around the same moment. What a real
clip cannot give is filmed anew in rendered scenes, see :mod:`stcnet.evaluation.rendered_views`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from stcnet.errors import ConfigError
from stcnet.evaluation.appearances import (
    Look,
    as_recorded,
    defocused,
    flattened,
    grey,
    h264,
    in_turn,
    jpeg,
    lit,
    mirrored,
    noisy,
    of_side,
    shaken,
    stabilised,
)
from stcnet.inference import Sampling
from stcnet.inference.phases import PhaseScorer, place_box
from stcnet.preprocess import phase_indices
from stcnet.types import Picture

Indices: TypeAlias = NDArray[np.int64]
Pick: TypeAlias = Callable[[int, Sampling, np.random.Generator], Indices]
"""From a number of frames to those that are judged together, shape (phases, T + 1), in order."""


def offsets(count: int) -> Pick:
    """``count`` of the temporal offsets that a model averages, evenly chosen, the first among them.

    One of four offsets is all that a camera with a frame every 20 s can give, two are what one
    with a frame every 10 s gives.
    """

    def pick(length: int, sampling: Sampling, rng: np.random.Generator) -> Indices:
        chosen = np.arange(count) * sampling.stride // count
        return phase_indices(length, sampling.phase_frames, sampling.stride)[np.unique(chosen)]

    return pick


one_offset = offsets(1)


def spaced(step: int) -> Pick:
    """Frames ``step`` recorded ones apart, around the middle of those of the first offset.

    Args:
        step: From 1 to the model's own stride.
    """

    def pick(length: int, sampling: Sampling, rng: np.random.Generator) -> Indices:
        (usual,) = one_offset(length, sampling, rng)
        middle = sampling.frames // 2
        apart = np.arange(sampling.phase_frames, dtype=np.int64) - middle
        return np.asarray(usual[middle] + step * apart)[np.newaxis]

    return pick


def jittered(length: int, sampling: Sampling, rng: np.random.Generator) -> Indices:
    """Each frame, by the toss of a die, the one before or after the right one, or that itself."""
    usual = one_offset(length, sampling, rng)
    return (usual + rng.integers(-1, 2, usual.shape)).clip(0, length - 1)


def dropped(share: float) -> Pick:
    """A ``share`` of all frames is missing, 0..1, and the others are taken for evenly spaced."""

    def pick(length: int, sampling: Sampling, rng: np.random.Generator) -> Indices:
        left = max(sampling.phase_frames, round((1 - share) * length))
        kept = np.sort(rng.choice(length, left, replace=False))
        return kept[one_offset(left, sampling, rng)]

    return pick


def frozen(share: float) -> Pick:
    """A ``share`` of the judged frames, 0..1, shows the one before again."""

    def pick(length: int, sampling: Sampling, rng: np.random.Generator) -> Indices:
        (usual,) = one_offset(length, sampling, rng)
        shown = np.where(rng.random(len(usual)) >= share, np.arange(len(usual)), 0)
        return np.asarray(usual[np.maximum.accumulate(shown)])[np.newaxis]

    return pick


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that differs between cameras, done to the frames of a clip.

    Attributes:
        name: For tables; no two conditions share one.
        group: What differs.
        pick: Which frames are judged.
        film: Done to the whole recording before frames are picked: what runs over many frames.
        look: Done to the picked frames.
    """

    name: str
    group: str
    pick: Pick = one_offset
    film: Look = as_recorded
    look: Look = as_recorded

    def phases(self, clip: Picture, sampling: Sampling, name: str) -> list[Picture]:
        """The frames to judge, phase by phase.

        Args:
            clip: uint8, shape (L, H, W, 3).
            sampling: Of the model.
            name: Of the clip: the same draws the same chance under a condition.

        Returns:
            For each phase T + 1 frames, uint8, all of one size.
        """
        rng = np.random.default_rng((crc32(self.name.encode()), crc32(name.encode())))
        filmed = self.film(clip, rng)
        chosen = self.pick(len(filmed), sampling, rng)
        seen, places = np.unique(chosen, return_inverse=True)
        looks = self.look(filmed[seen], rng)
        return [looks[row] for row in places.reshape(chosen.shape)]


AS_TRAINED = Condition("as recorded: all offsets averaged", "time", offsets(64))
"""What a package is calibrated on and how it judges where it gets every frame it asks for."""

REFERENCE = Condition("as recorded: one offset, frames 20 s apart", "time")
"""What all others are compared with: they too are judged by one offset, at a fourth of the cost."""

CONDITIONS: tuple[Condition, ...] = (
    AS_TRAINED,
    REFERENCE,
    Condition("two offsets, as a frame every 10 s gives", "time", offsets(2)),
    Condition("frames 15 s apart", "time", spaced(3)),
    Condition("frames 10 s apart", "time", spaced(2)),
    Condition("frames 5 s apart", "time", spaced(1)),
    Condition("frames up to 5 s early or late", "time", jittered),
    Condition("a third of the frames missing", "time", dropped(1 / 3)),
    Condition("a third of the frames frozen", "time", frozen(1 / 3)),
    Condition("64 pixels", "source", look=of_side(64)),
    Condition("90 pixels", "source", look=of_side(90)),
    Condition("320 pixels, enlarged", "source", look=of_side(320)),
    Condition("1080 pixels, enlarged", "source", look=of_side(1080)),
    Condition("2160 pixels, enlarged", "source", look=of_side(2160)),
    Condition("out of focus, 1 % of the height", "source", look=defocused(0.01)),
    Condition("grey", "light", look=grey),
    Condition(
        "infrared: grey, noise of 10, dim and flat", "light",
        look=in_turn(grey, lit(0.4, 0.4, 0.4), flattened(0.3, 60), noisy(10), grey),
    ),
    Condition("warm white balance", "light", look=lit(1.4, 1.0, 0.6)),
    Condition("cold white balance", "light", look=lit(0.6, 1.0, 1.4)),
    Condition("a third of the light", "light", look=lit(1 / 3, 1 / 3, 1 / 3)),
    Condition("twice the light", "light", look=lit(2, 2, 2)),
    Condition("half of the contrast", "light", look=flattened(0.5)),
    Condition("noise of 8 display values", "file", look=noisy(8)),
    Condition("JPEG of quality 20", "file", look=jpeg(20)),
    Condition("H.264 at rate factor 36", "file", film=h264(36)),
    Condition("shaken by 0.5 % of the height", "motion", look=shaken(0.005)),
    Condition("shaken by 2 % of the height", "motion", look=shaken(0.02)),
    Condition("as recorded, stabilised", "motion", film=stabilised),
    Condition(
        "shaken by 0.5 %, stabilised", "motion", film=in_turn(shaken(0.005), stabilised)
    ),
    Condition("shaken by 2 %, stabilised", "motion", film=in_turn(shaken(0.02), stabilised)),
    Condition("mirrored", "motion", look=mirrored),
)  # fmt: skip
"""Every condition for recorded clips, in the order of the table."""


def conditions_of(groups: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions of some groups, with the two that every table needs before them.

    Raises:
        ConfigError: There is no such group.
    """
    known = dict.fromkeys(condition.group for condition in CONDITIONS)
    for group in groups:
        if group not in known:
            raise ConfigError(
                "there is no such group of conditions",
                where="--only",
                got=group,
                allowed=", ".join(known),
            )
    needed = (AS_TRAINED, REFERENCE)
    return tuple(each for each in CONDITIONS if each in needed or each.group in groups)


def score_phases(scorer: PhaseScorer, phases: Sequence[Picture]) -> float:
    """Mean logit of the phases of a clip, each on the way that operators' frames take.

    Args:
        scorer: Of the model.
        phases: Each of shape (T + 1, H, W, 3), uint8.

    Raises:
        ScoringError: The network gives values that are not finite.
    """
    return float(
        np.mean([scorer.score(list(_prepared(scorer, frames))).logit for frames in phases])
    )


def _prepared(scorer: PhaseScorer, frames: Picture) -> Iterator[NDArray[np.float32]]:
    box = place_box(None, frames[0])
    return (scorer.prepare(frame, box) for frame in frames)
