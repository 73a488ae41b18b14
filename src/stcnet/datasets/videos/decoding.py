"""Clips that are videos of their own, decoded into memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.collection import OnBad, refuse
from stcnet.errors import DataError, SourceError, StcnetError
from stcnet.preprocess import resize
from stcnet.video import open_source
from stcnet.wording import counted

_DECODERS = 4


def decode_videos(
    paths: Sequence[Path], size: int, *, frames: int = CLIP_FRAMES, on_bad: OnBad = refuse
) -> tuple[Tensor, list[int]]:
    """Decode square videos, several at a time.

    Args:
        paths: The videos, one at least.
        size: Side in pixels to which each frame is scaled.
        frames: The first so many frames of each video are taken.
        on_bad: Called for each video that cannot be used; by default it ends the reading.

    Returns:
        The pixels, uint8, shape (len(paths), frames, 3, size, size), and the positions in
        ``paths`` of the videos that were good; the pixels of the others mean nothing.

    Raises:
        DataError: No video is left; or from ``on_bad``: one is missing, not square, or too short.
        SourceError: From ``on_bad``: a video cannot be decoded.
    """
    pixels = torch.empty((len(paths), frames, 3, size, size), dtype=torch.uint8)
    good = []
    pool = ThreadPoolExecutor(_DECODERS)
    try:
        for position, error in enumerate(pool.map(_decode, paths, pixels)):
            if error is None:
                good.append(position)
            else:
                on_bad(error)
    finally:
        pool.shutdown(cancel_futures=True)
    if not good:
        raise DataError("no video is left", where=paths[0].parent if paths else None)
    return pixels, good


def _decode(path: Path, clip: Tensor) -> StcnetError | None:
    """Decode a video into ``clip``, shape (L, 3, S, S); gives back what is wrong with it."""
    try:
        _fill(path, clip.numpy())
    except (DataError, SourceError) as error:
        return error
    return None


def _fill(path: Path, clip: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    length, _, size, _ = clip.shape
    if not path.is_file():
        raise DataError("the video is missing", where=path)
    count = 0
    with open_source(path, frame_interval_s=1.0) as source:
        if source.info.width != source.info.height:
            got = f"{source.info.width}x{source.info.height}"
            raise DataError("the video is not square", where=path, got=got)
        for frame in islice(source, length):
            clip[count] = np.moveaxis(resize(frame.image, size), -1, 0)
            count += 1
    if count < length:
        raise DataError(
            "the video is too short",
            where=path,
            got=f"{counted(count, 'frame')} that can be decoded",
            allowed=f"{length} or more",
            hint="copy or download it again",
        )
