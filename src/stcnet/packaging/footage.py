"""Clips that show a network what it will meet, so that ranges can be read off its activations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from stcnet.datasets import Collection
from stcnet.datasets.collection import labelled
from stcnet.errors import DataError
from stcnet.evaluation.packages import decoded
from stcnet.inference import ModelPackage
from stcnet.synthesis.scenes import render_clip

if TYPE_CHECKING:
    from stcnet.types import Picture

CLIPS: Final = 64
"""Clips that are looked at unless another number is asked for."""

_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Footage:
    """Some clips, to be gone through once.

    Attributes:
        clips: RGB, uint8, shape (L, H, W, 3) each, L at least T + 1 of the network.
        basis: In words, what they are.
        options: With which ``stcnet quantise`` takes the same ones.
    """

    clips: Iterator[Picture]
    basis: str
    options: str


def training_footage(package: ModelPackage, collection: Collection, count: int = CLIPS) -> Footage:
    """Clips that a package was trained on, drawn at random; the same ones every time.

    Only these may set the ranges of a network that is to be judged by the others.

    Args:
        package: Its manifest names the clips it was trained on.
        collection: The data, which holds some of them.
        count: The most clips to draw.

    Raises:
        DataError: The data holds none of them; while the clips are taken: a video cannot be used.
        SourceError: While the clips are taken: a video cannot be decoded.
    """
    trained_on = set(package.manifest.provenance.clips)
    known = [clip for clip in labelled(collection.clips) if clip.id in trained_on]
    if not known:
        raise DataError(
            "the data holds no clip that the package was trained on",
            where=collection.title,
            hint="name the data it was trained on, or none for rendered clips",
        )
    order = np.random.default_rng(_SEED).permutation(len(known))[:count]
    chosen = [known[position] for position in sorted(order.tolist())]
    frames = decoded(collection, chosen, package.manifest.input.size)
    return Footage(
        (clip for _, clip in frames),
        f"{len(chosen)} of the {len(trained_on)} clips that it was trained on",
        f"--data DATA --clips {count}",
    )


def rendered_footage(package: ModelPackage, count: int = CLIPS) -> Footage:
    """Rendered scenes, every second one with smoke; each is rendered when it is taken.

    Args:
        package: Says the size of the picture, the cadence and the number of frames.
        count: Number of clips.
    """
    spec, sampling = package.manifest.input, package.manifest.sampling
    clips = (
        render_clip(
            scene_seed=seed,
            with_smoke=seed % 2 == 0,
            frames=sampling.phase_frames,
            interval_s=sampling.interval_s * sampling.stride,
            size=(spec.size, spec.size),
        )
        for seed in range(count)
    )
    basis = f"{count} rendered clips, every second one with smoke"
    return Footage(clips, basis, f"--clips {count}")
