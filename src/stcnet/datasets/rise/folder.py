"""RISE's videos: from a folder of MP4 files to clips in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.rise.records import RiseRecord, judgement_of, video_path
from stcnet.datasets.videos.decoding import decode_videos


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
    paths = [video_path(folder, record) for record in records]
    pixels, good = decode_videos(paths, size, frames=frames, on_bad=on_bad)
    clips = ClipSet(
        pixels,
        torch.tensor([judgement.label for judgement in judgements], dtype=torch.int64),
        np.ones(len(records)),
        tuple(record.file_name for record in records),
        np.array([judgement.weight for judgement in judgements]),
        tuple(record.view for record in records),
    )
    return clips if len(good) == len(records) else clips.select(good)
