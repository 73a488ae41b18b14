"""From pictures to network input: the one definition that training and serving share.

The functions are pure. Those that only do arithmetic (:func:`residual_frames`, :func:`standardise`)
work on numpy arrays and on torch tensors alike, so that no second version of them exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import cv2
import numpy as np

from stcnet.types import FloatArray, Picture, PixelBox

ArrayT = TypeVar("ArrayT", bound=Any)
ResidualForm = Literal["signed", "absolute"]


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Mean and standard deviation of each channel, in units of 8-bit pixels (0..255)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Used by STCNet as published and by the torchvision and timm backbones."""

EFFICIENTNET_LITE = Normalisation((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))
"""Used by the EfficientNet-Lite backbones."""


def centred_square(width: int, height: int) -> PixelBox:
    """Largest square in the middle of a picture of the given size in pixels.

    >>> centred_square(1920, 1080)
    PixelBox(x=420, y=0, width=1080, height=1080)
    """
    side = min(width, height)
    return PixelBox((width - side) // 2, (height - side) // 2, side, side)


def crop(image: Picture, box: PixelBox) -> Picture:
    """Cut ``box`` out of a picture of shape (H, W, 3); the result is a view."""
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def resize(image: Picture, size: int) -> Picture:
    """Scale a picture to ``size`` x ``size`` pixels, uint8, shape (size, size, 3).

    Shrinking averages over the covered area, so that thin plumes do not alias; growing
    interpolates linearly. A side that shrinks is averaged even where the other one grows.
    """
    height, width = image.shape[:2]
    shrunk = (min(width, size), min(height, size))
    # OpenCV averages over areas only where no side grows, so growing is a second step.
    if shrunk != (width, height):
        image = np.asarray(cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA), np.uint8)
    if shrunk != (size, size):
        square = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        image = np.asarray(square, np.uint8)
    return np.ascontiguousarray(image)


def crop_and_resize(image: Picture, box: PixelBox, size: int) -> Picture:
    """Cut ``box`` out of a picture and scale it to ``size`` x ``size`` pixels."""
    return resize(crop(image, box), size)


def channels_first(images: Picture) -> Picture:
    """Move the colour channels of (..., H, W, 3) to (..., 3, H, W), contiguous."""
    return np.ascontiguousarray(np.moveaxis(images, -1, -3))


def standardise(pixels: ArrayT, mean: ArrayT, std: ArrayT) -> ArrayT:
    """``(pixels - mean) / std`` for floating pixels in 0..255; mean and std broadcast."""
    return cast("ArrayT", (pixels - mean) / std)


def normalise(images: Picture, normalisation: Normalisation) -> FloatArray:
    """Pictures of shape (..., H, W, 3), uint8, to network input (..., 3, H, W), float32."""
    mean = np.asarray(normalisation.mean, dtype=np.float32).reshape(3, 1, 1)
    std = np.asarray(normalisation.std, dtype=np.float32).reshape(3, 1, 1)
    return np.asarray(
        standardise(channels_first(images).astype(np.float32), mean, std), dtype=np.float32
    )


def residual_frames(frames: ArrayT, form: ResidualForm = "signed") -> ArrayT:
    """Differences of consecutive sampled frames, ``frame[k + 1] - frame[k]``.

    Cao et al. (arXiv 2011.04863), section III-A; the published code takes them from the sampled
    frames, not from neighbours in the video.

    Args:
        frames: Normalised frames, floating (8-bit pixels would wrap), array or tensor of shape
            (..., T + 1, C, H, W).
        form: ``signed`` as published, or ``absolute``.

    Returns:
        Residual frames of shape (..., T, C, H, W), of the same kind as ``frames``.
    """
    difference = frames[..., 1:, :, :, :] - frames[..., :-1, :, :, :]
    return cast("ArrayT", abs(difference) if form == "absolute" else difference)


def segment_bounds(length: int, segments: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Edges of ``segments`` equal parts of ``length`` frames, shape (segments + 1,), from 0.

    Raises:
        ValueError: There are fewer frames than segments, or no segment.

    >>> segment_bounds(36, 9).tolist()
    [0, 4, 8, 12, 16, 20, 24, 28, 32, 36]
    """
    if not 1 <= segments <= length:
        raise ValueError(f"cannot cut {length} frames into {segments} segments")
    return np.arange(segments + 1) * length // segments


def random_segment_indices(
    length: int, segments: int, rng: np.random.Generator
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One random frame of each equal segment, increasing: the sampling of training.

    Args:
        length: Number of frames in the clip.
        segments: Number of frames to draw, T + 1 for T residuals.
        rng: Source of randomness.

    Returns:
        Indices of shape (segments,).

    Raises:
        ValueError: There are fewer frames than segments, or no segment.
    """
    bounds = segment_bounds(length, segments)
    return rng.integers(bounds[:-1], bounds[1:])


def phase_indices(
    length: int, segments: int, phases: int = 1
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Fixed frames of each equal segment: the sampling of testing.

    Phase ``p`` of ``phases`` takes the frame at ``(p + 1/2) / phases`` of each segment. With 36
    frames, 9 segments and 4 phases these are frames p, p + 4, ..., p + 32, which is also what a
    stream with a stride of 4 frames sees.

    Args:
        length: Number of frames in the clip.
        segments: Number of frames a phase takes, T + 1 for T residuals.
        phases: Number of temporal offsets.

    Returns:
        Indices of shape (phases, segments), increasing in each phase.

    Raises:
        ValueError: There are fewer frames than segments, no segment, or no phase.

    >>> phase_indices(36, 9, 4)[1].tolist()
    [1, 5, 9, 13, 17, 21, 25, 29, 33]
    """
    segment_bounds(length, segments)
    if phases < 1:
        raise ValueError(f"cannot sample {phases} phases")
    steps = 2 * phases * np.arange(segments) + 2 * np.arange(phases)[:, np.newaxis] + 1
    return steps * length // (2 * phases * segments)
