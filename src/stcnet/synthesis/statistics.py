"""Simple statistics of a clip, by which rendered and real smoke can be compared.

None of them needs a mask, so that they can be taken of clips whose smoke nobody has outlined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stcnet.types import Picture

Array = NDArray[np.floating[Any]]

OCTAVES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Edges of the bands of a spectrum, in cycles per picture height."""

LUMINANCE: Final = np.array([0.299, 0.587, 0.114], np.float32)
_GAMMA = 2.2
_SLICES = 8
_LEAST_SLICE = 0.02
_LEAST_CHANGE = 12.0


@dataclass(frozen=True, slots=True)
class Marks:
    """How the smoke of a clip meets the eye, over pixels that it changes visibly.

    Attributes:
        covered: Share of all pixels and frames that are, 0..1.
        opacity: Median of the opacity they must have at least, 0..1; nan where there are none.
        dense: 95th percentile of it.
        contrast: Median change of the luminance in display values, positive where brighter.
        brighter: Share of them that are brighter than the background, 0..1.
        blueness: Median change of blue less red in display values.
    """

    covered: float
    opacity: float
    dense: float
    contrast: float
    brighter: float
    blueness: float


def luminance(frames: Picture) -> Array:
    """Luminance in display values 0..255: uint8 (T, H, W, 3) -> float32 (T, H, W)."""
    return np.asarray(frames.astype(np.float32) @ LUMINANCE)


def steadied(frames: Picture) -> Picture:
    """Take changes of the light out of a clip: every frame gets the same median luminance.

    Args:
        frames: uint8, shape (T, H, W, 3).

    Returns:
        Of the same shape and dtype; brighter than 255 is clipped.
    """
    level = np.median(luminance(frames), axis=(1, 2)).clip(min=1)
    factor = (np.median(level) / level)[:, None, None, None]
    return np.asarray((frames * factor).round().clip(0, 255), np.uint8)


def residual_energy(grey: Array, lag: int) -> Array:
    """Energy of the residual frames by octave of spatial frequency.

    The residual of frames ``lag`` apart, without its mean and under a Hann window, is taken apart
    by the discrete Fourier transform; the energies of a band are summed, of all frames averaged.

    Args:
        grey: Luminance, shape (T, H, W), T above ``lag``.
        lag: Frames between the two frames of a residual, 1 or more.

    Returns:
        Mean square of the display values in each band of ``OCTAVES``, shape (6,).
    """
    residual = grey[lag:] - grey[:-lag]
    residual = residual - residual.mean((1, 2), keepdims=True)
    height, width = grey.shape[1:]
    window = np.hanning(height)[:, None] * np.hanning(width)
    power = np.abs(np.fft.fft2(residual * window)) ** 2
    power = power.mean(0) / (height * width * np.square(window).sum())
    down, along = np.fft.fftfreq(height) * height, np.fft.fftfreq(width) * height
    band = np.digitize(np.hypot(down[:, None], along), OCTAVES) - 1
    return np.array([power[band == k].sum() for k in range(len(OCTAVES) - 1)])


def structure(grey: Array, lags: Sequence[int]) -> Array:
    """Mean square change of the luminance over each number of frames, shape (len(lags),)."""
    return np.array([np.square(grey[lag:] - grey[:-lag]).mean() for lag in lags])


def activity(grey: Array) -> Array:
    """How much each pixel changes: standard deviation over time, (T, H, W) -> (H, W)."""
    return np.asarray(grey.std(0))


def opening(weight: Array) -> float:
    """How fast a plume widens on its way, from a map of where it was.

    The map is cut into slices across its main axis; a line is fitted to the standard deviation
    across that axis over the place along it, each slice weighted by what it holds.

    Args:
        weight: 0 or more, shape (H, W), such as the activity that the plume adds.

    Returns:
        Absolute slope of the width over the way, 0 or more; nan where fewer than three slices hold
        anything.

    >>> y, x = np.mgrid[0:100, 0:100]
    >>> round(opening(np.exp(-0.5 * ((y - 50) / (2 + 0.1 * x)) ** 2)), 2)
    0.1
    """
    height, width = weight.shape
    y, x = (axis.ravel() for axis in np.mgrid[0:height, 0:width] / height)
    mass = weight.ravel().astype(np.float64)
    if mass.sum() <= 0:
        return float("nan")
    mass /= mass.sum()
    places = np.stack([x - mass @ x, y - mass @ y])
    _, axes = np.linalg.eigh((places * mass) @ places.T)
    across, along = axes.T @ places
    return abs(_slope(along, across, mass))


def _slope(along: Array, across: Array, mass: Array) -> float:
    edges = np.quantile(along, np.linspace(0, 1, _SLICES + 1))
    rows = []
    for low, high in pairwise(edges):
        inside = (along >= low) & (along < high)
        held = mass[inside].sum()
        if held > _LEAST_SLICE:
            share = mass[inside] / held
            middle = share @ across[inside]
            spread = np.sqrt(share @ np.square(across[inside] - middle))
            rows.append((share @ along[inside], spread, np.sqrt(held)))
    if len(rows) < 3:
        return float("nan")
    place, spread, weight = np.array(rows).T
    return float(np.polyfit(place, spread, 1, w=weight)[0])


def least_opacity(frames: Picture, background: Array) -> Array:
    """Opacity that smoke must have at least, whatever its colour.

    Smoke of opacity a and radiance s before a background b shows b + a (s - b) in linear light;
    as s is at most 1 and at least 0, a is at least (i - b) / (1 - b) where the pixel i is brighter
    than the background, and (b - i) / b where it is darker.

    Args:
        frames: uint8, shape (T, H, W, 3).
        background: Display values 0..255, shape (H, W, 3).

    Returns:
        The bound, 0..1, the largest over the channels, float32, shape (T, H, W).
    """
    light = (frames.astype(np.float32) / 255) ** _GAMMA
    behind = (background.astype(np.float32) / 255) ** _GAMMA
    change = light - behind
    # The noise of a nearly black or white pixel is no smoke.
    room = np.maximum(np.where(change > 0, 1 - behind, behind), 0.02)
    return np.asarray((np.abs(change) / room).max(-1).clip(0, 1), np.float32)


def marks(frames: Picture, background: Array | None = None) -> Marks:
    """How the smoke of a clip meets the eye.

    A pixel counts as covered where a channel differs from the background by more than 12 display
    values: most noise and compression stay below.

    Args:
        frames: uint8, shape (T, H, W, 3).
        background: Display values, shape (H, W, 3); None for the median of the frames, which is
            the background where smoke covers a pixel in less than half of them.
    """
    behind = np.median(frames, axis=0) if background is None else background
    behind = behind.astype(np.float32)
    opacity = least_opacity(frames, behind)
    change = frames.astype(np.float32) - behind
    sure = np.abs(change).max(-1) > _LEAST_CHANGE
    if not sure.any():
        return Marks(0.0, *[float("nan")] * 5)
    change = change[sure]
    brightness = change @ LUMINANCE
    return Marks(
        covered=float(sure.mean()),
        opacity=float(np.median(opacity[sure])),
        dense=float(np.quantile(opacity[sure], 0.95)),
        contrast=float(np.median(brightness)),
        brighter=float((brightness > 0).mean()),
        blueness=float(np.median(change[:, 2] - change[:, 0])),
    )
