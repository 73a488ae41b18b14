"""RISE's videos: from a folder of MP4 files to clips in memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.cells import CLIP_FRAMES
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.rise.records import VIDEO_FOLDER, RiseRecord, judgement_of, video_path
from stcnet.errors import DataError, SourceError, StcnetError
from stcnet.preprocess import resize
from stcnet.video import open_source

_DECODERS = 4


def load_rise(
    folder: Path,
    records: Sequence[RiseRecord],
    size: int,
    *,
    frames: int = CLIP_FRAMES,
    on_bad: OnBad = refuse,
) -> ClipSet:
    """Decode the videos of ``records`` into memory, several at a time.

    A clip of 36 frames takes 5.4 MB at 224 pixels: all of RISE 68 GB, its largest training part
    42 GB.

    Args:
        folder: Holds the folder ``videos``; they may be of 180, 320 or any other square size.
        records: The clips wanted; all must have a label.
        size: Side in pixels to which each frame is scaled.
        frames: The first so many frames of each video are taken.
        on_bad: Called for each video that cannot be used, whose clip is then left out; by default
            it ends the reading.

    Returns:
        The clips in the order of ``records``; their ids are the file names, ``label_weights`` the
        published weights, and each stands for itself alone.

    Raises:
        DataError: A record has no label, or no video is left; or from ``on_bad``: a video is
            missing, not square, or too short.
        SourceError: From ``on_bad``: a video cannot be decoded.
    """
    judgements = [judgement_of(record) for record in records]
    pixels = torch.empty((len(records), frames, 3, size, size), dtype=torch.uint8)
    good = _decode_all([video_path(folder, record) for record in records], pixels, on_bad)
    if not good:
        raise DataError("no video is left", where=folder / VIDEO_FOLDER)
    clips = ClipSet(
        pixels,
        torch.tensor([judgement.label for judgement in judgements], dtype=torch.int64),
        np.ones(len(records)),
        tuple(record.file_name for record in records),
        np.array([judgement.weight for judgement in judgements]),
        tuple(record.view for record in records),
    )
    return clips if len(good) == len(records) else clips.select(good)


def _decode_all(paths: Sequence[Path], pixels: Tensor, on_bad: OnBad) -> list[int]:
    """Fill ``pixels``, one entry a video; gives the positions of the videos that were good."""
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
    return good


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
            got=f"{count} frames that decode",
            allowed=f"{length} or more",
            hint="copy or download it again",
        )
