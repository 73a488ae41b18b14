"""What another camera would have made of a recorded clip: size, lens, light, sensor and file.

Each function makes a :data:`Look`. None of them is an augmentation of training: JPEG and H.264 are
those of the libraries, so that a model is not judged by what it was taught.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from stcnet.inference.stabilising import Stabiliser
from stcnet.synthesis.camera import compress
from stcnet.types import Picture

Look: TypeAlias = Callable[[Picture, np.random.Generator], Picture]
"""From frames, uint8, shape (N, H, W, 3), to as many others; what it draws is of the generator."""

_GAMMA = 2.2
_GREY = (0.299, 0.587, 0.114)


def as_recorded(frames: Picture, rng: np.random.Generator) -> Picture:
    """The frames as they are."""
    return frames


def in_turn(*looks: Look) -> Look:
    """One look after the other."""

    def changed(frames: Picture, rng: np.random.Generator) -> Picture:
        for look in looks:
            frames = look(frames, rng)
        return frames

    return changed


def of_side(side: int) -> Look:
    """As a camera of ``side`` x ``side`` pixels gives them.

    Smaller pictures hold less; larger ones are enlarged and hold no more than was recorded, so
    that they show what the way of a large picture into the network costs, and nothing else.
    """

    def changed(frames: Picture, rng: np.random.Generator) -> Picture:
        shrinks = side < min(frames.shape[1:3])
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return _each(frames, lambda frame: cv2.resize(frame, (side, side), interpolation=method))

    return changed


def defocused(share: float) -> Look:
    """Through a lens whose Gaussian blur has a standard deviation of ``share`` of the height."""

    def changed(frames: Picture, rng: np.random.Generator) -> Picture:
        deviation = share * frames.shape[1]
        return _each(frames, lambda frame: cv2.GaussianBlur(frame, (0, 0), deviation))

    return changed


def grey(frames: Picture, rng: np.random.Generator) -> Picture:
    """Without colour, as infrared cameras give it."""
    light = np.rint(frames @ np.array(_GREY, dtype=np.float32)).astype(np.uint8)
    return np.repeat(light[..., np.newaxis], 3, axis=-1)


def lit(red: float, green: float, blue: float) -> Look:
    """With the linear light of each channel multiplied: exposure and white balance."""
    factors = np.array([red, green, blue])[:, np.newaxis]
    linear = (np.arange(256) / 255) ** _GAMMA
    display = 255 * (factors * linear).clip(0, 1) ** (1 / _GAMMA)
    return _mapped(np.rint(display).astype(np.uint8))


def flattened(share: float, air: float = 170.0) -> Look:
    """With a veil of the display value ``air`` that takes ``share`` of the contrast, 0..1."""
    display = np.rint((1 - share) * np.arange(256) + share * air).astype(np.uint8)
    return _mapped(np.tile(display, (3, 1)))


def noisy(deviation: float) -> Look:
    """With sensor noise of ``deviation`` display values, each channel of a pixel by itself."""

    def changed(frames: Picture, rng: np.random.Generator) -> Picture:
        noise = rng.normal(0, deviation, frames.shape)
        return np.rint(frames + noise).clip(0, 255).astype(np.uint8)

    return changed


def jpeg(quality: int) -> Look:
    """Each frame through JPEG of ``quality``, 1 to 100."""

    def coded(frame: Picture) -> Picture:
        _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]

    return lambda frames, rng: _each(frames, coded)


def h264(rate_factor: int) -> Look:
    """The frames as a video of x264 at a constant rate factor, 1 (fine) to 51 (coarse)."""
    return lambda frames, rng: compress(np.ascontiguousarray(frames), rate_factor)


def shaken(share: float) -> Look:
    """Each frame moved by itself, with a standard deviation of ``share`` of the height."""

    def changed(frames: Picture, rng: np.random.Generator) -> Picture:
        height, width = frames.shape[1:3]
        offsets = rng.normal(0, share * height, (len(frames), 2))
        moved = [
            cv2.warpAffine(
                frame, _translation(*offset), (width, height), borderMode=cv2.BORDER_REPLICATE
            )
            for frame, offset in zip(frames, offsets.tolist(), strict=True)
        ]
        return np.stack(moved).astype(np.uint8, copy=False)

    return changed


def stabilised(frames: Picture, rng: np.random.Generator) -> Picture:
    """All frames of a recording held still, as ``stcnet detect --stabilise`` does."""
    return _each(frames, Stabiliser().hold)


def mirrored(frames: Picture, rng: np.random.Generator) -> Picture:
    """Left and right exchanged."""
    return np.ascontiguousarray(frames[:, :, ::-1])


def _translation(x: float, y: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def _each(frames: Picture, change: Callable[[Picture], object]) -> Picture:
    return np.stack([np.asarray(change(frame), np.uint8) for frame in frames])


def _mapped(display: Picture) -> Look:
    """Each display value of each channel replaced by that of a table of shape (3, 256)."""
    channels = np.arange(3)
    return lambda frames, rng: display[channels, frames]
