"""TV-L1 optical flow of clips: the input of the flow baselines of RISE.

Source: Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1 Optical Flow", DAGM
2007; Hsu et al., AAAI 2021, clip it to 20 pixels.

The solver is scikit-image's. OpenCV's own is part of its contrib build, a package that brings the
same module ``cv2`` as the one that this project runs on: installed side by side they overwrite
each other, and removing one breaks both. The settings are OpenCV's defaults as far as scikit-image
has them (data weight 0.15 for pictures in 0..255, tightness 0.3, five warps, median filter between
the warps), but its pyramid halves the picture where OpenCV's takes four fifths. Flows of the two
are alike, not equal.
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from stcnet.errors import DataError
from stcnet.files import write_whole
from stcnet.wording import counted

if TYPE_CHECKING:
    from stcnet.datasets.clips import ClipSet

BOUND_PX = 20.0
"""Largest displacement that is kept, in pixels a frame; more is clipped."""

DATA_WEIGHT = 0.15 * 255
"""Of pictures in 0..1; the smaller, the smoother the flow."""

TIGHTNESS = 0.3
WARPS = 5
ITERATIONS = 10

ByteArray = NDArray[np.uint8]
FlowArray = NDArray[np.float32]


def flow_between(before: ByteArray, after: ByteArray) -> FlowArray:
    """Displacement of every pixel from one picture to the next.

    Args:
        before: RGB, uint8, shape (3, H, W).
        after: RGB, uint8, shape (3, H, W).

    Returns:
        Pixels to the right and pixels down, shape (2, H, W): what lies at (x, y) in ``before``
        lies at (x + right, y + down) in ``after``. Not clipped.
    """
    # It costs a second to import; who asks for no flow does not pay.
    from skimage.registration import optical_flow_tvl1

    solve: Callable[..., FlowArray] = optical_flow_tvl1
    down_right = solve(
        _luminance(before),
        _luminance(after),
        attachment=DATA_WEIGHT,
        tightness=TIGHTNESS,
        num_warp=WARPS,
        num_iter=ITERATIONS,
        prefilter=True,
    )
    return np.ascontiguousarray(down_right[::-1], dtype=np.float32)


def _luminance(picture: ByteArray) -> FlowArray:
    """Grey values in 0..1, shape (H, W)."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY)
    return grey.astype(np.float32) / np.float32(255)


def flow_pixels(flow: FlowArray) -> ByteArray:
    """A flow in pixels as 8-bit values: -20..20 on 0..255, what lies outside clipped.

    >>> flow_pixels(np.array([-30.0, -20.0, 0.0, 10.0, 20.0], dtype=np.float32)).tolist()
    [0, 0, 128, 191, 255]
    """
    shares = (np.clip(flow, -BOUND_PX, BOUND_PX) + BOUND_PX) / (2 * BOUND_PX)
    pixels: ByteArray = np.rint(shares * 255).astype(np.uint8)
    return pixels


def clip_flow(frames: ByteArray) -> ByteArray:
    """The flow of one clip, as many frames of it as the clip has.

    Args:
        frames: RGB, uint8, shape (L, 3, H, W), L at least 2.

    Returns:
        uint8, shape (L, 2, H, W): frame k is the flow from frame k to frame k + 1. The last frame
        has no next one, so the last flow stands twice.
    """
    flows = [flow_pixels(flow_between(before, after)) for before, after in pairwise(frames)]
    return np.stack([*flows, flows[-1]])


def flow_clips(
    clips: ClipSet,
    *,
    cache: Path | None = None,
    workers: int = 1,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
) -> ClipSet:
    """The optical flow of RGB clips, with their labels, weights and names.

    An iterative solver runs for every pair of frames, so that a cache pays.

    Args:
        clips: RGB, uint8, on the CPU.
        cache: Folder of flows that were taken before, by a hash of the frames and the settings;
            made where it is missing. A damaged file is replaced.
        workers: Processes at work; with 1 all is done in this one.
        on_clip: Told how many clips are done, and of how many.

    Returns:
        The same clips with two channels, see :func:`clip_flow`.

    Raises:
        DataError: The clips are not RGB or have fewer than two frames.
        OutputError: The cache cannot be written.
    """
    # Every process at work imports this module, and none of them needs torch.
    import torch

    _check(clips)
    clips = clips.in_memory()
    count, length, _, height, width = clips.frames.shape
    flows = torch.empty((count, length, 2, height, width), dtype=torch.uint8)
    taken = _map(partial(_cached_flow, cache), (clip.numpy() for clip in clips.frames), workers)
    for position, flow in enumerate(taken):
        flows[position] = torch.from_numpy(flow)
        on_clip(position + 1, count)
    return replace(clips, frames=flows)


def _check(clips: ClipSet) -> None:
    length, channels = clips.frames.shape[1:3]
    if channels != 3 or length < 2:
        raise DataError(
            "optical flow is taken of RGB clips of at least two frames",
            got=f"{counted(length, 'frame')} of {counted(channels, 'channel')}",
        )


def _map(
    take: Callable[[ByteArray], ByteArray], clips: Iterable[ByteArray], workers: int
) -> Iterator[ByteArray]:
    """The flows of clips in order, taken by that many processes."""
    if workers == 1:
        yield from map(take, clips)
        return
    # A forked child may hang in the threads that torch has started.
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield from executor.map(take, clips)
    finally:
        executor.shutdown(cancel_futures=True)


def _cached_flow(cache: Path | None, frames: ByteArray) -> ByteArray:
    """The flow of one clip, from the cache where it is there."""
    if cache is None:
        return clip_flow(frames)
    path = cache / f"{_key(frames)}.npy"
    flow = _read(path, (len(frames), 2, *frames.shape[2:]))
    if flow is None:
        flow = clip_flow(frames)
        buffer = io.BytesIO()
        np.save(buffer, flow)
        write_whole(
            path,
            buffer.getbuffer(),
            what="the optical flow",
            hint="free disk space or name another folder for the cache",
            make_folder=True,
        )
    return flow


def _key(frames: ByteArray) -> str:
    """A name for the flow of a clip that changes with the frames and with how it is taken."""
    settings = (BOUND_PX, DATA_WEIGHT, TIGHTNESS, WARPS, ITERATIONS, frames.shape)
    return hashlib.sha256(repr(settings).encode() + frames.tobytes()).hexdigest()


def _read(path: Path, shape: tuple[int, ...]) -> ByteArray | None:
    """A stored flow, or None where there is none of that shape."""
    try:
        flow = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return flow if flow.shape == shape and flow.dtype == np.uint8 else None
