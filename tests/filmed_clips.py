"""Clips as a static camera films them: a scenery for each view, a plume for each recording."""

import io
from collections.abc import Sequence

import av
import cv2
import numpy as np
import torch
from torch import Tensor

from stcnet.datasets.clips import ClipSet

SIDE, LENGTH, RECORDED = 96, 36, 60
"""Pixels of a frame, frames of a clip, and frames of the recording that it is cut from."""


def film(view: int, recording: int = 0, start: int = 0, side: int = SIDE) -> Tensor:
    """Frames of a recording from ``start`` on, uint8, shape (36, 3, side, side)."""
    rng = np.random.default_rng([view, 0])
    patches = rng.integers(40, 170, (12, 12, 3), dtype=np.uint8)
    scenery = cv2.resize(patches, (side, side), interpolation=cv2.INTER_CUBIC).astype(float)
    rng = np.random.default_rng([view, 1, recording])
    walk = np.cumsum(rng.normal(0, 0.06, (RECORDED, 2)), axis=0) + 0.5
    widths = rng.uniform(0.05, 0.15, RECORDED)
    y, x = np.mgrid[:side, :side] / side
    frames = []
    for (down, along), width in list(zip(walk % 1.0, widths, strict=True))[start : start + LENGTH]:
        plume = np.exp(-((x - along) ** 2 + (y - down) ** 2) / width**2)[..., None]
        frames.append((1 - 0.7 * plume) * scenery + 0.7 * plume * 230)
    return torch.from_numpy(np.stack(frames).round().clip(0, 255).astype(np.uint8)).movedim(-1, 1)


def still(view: int) -> Tensor:
    """A clip of a view in which nothing moves."""
    return film(view)[:1].expand(LENGTH, -1, -1, -1).clone()


def recoded(clip: Tensor, crf: int = 28) -> Tensor:
    """The clip as H.264 gives it back; the larger ``crf``, the worse."""
    pictures = np.ascontiguousarray(clip.movedim(1, -1).numpy())
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": str(crf)})
        stream.width = stream.height = pictures.shape[1]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return torch.from_numpy(np.stack(frames)).movedim(-1, 1)


def resized(clip: Tensor, side: int) -> Tensor:
    """The clip with frames of another side."""
    return torch.nn.functional.interpolate(clip.float(), (side, side), mode="area").byte()


def coloured(clip: Tensor, gains: Sequence[float], offset: float = 0.0) -> Tensor:
    """The clip with its red, green and blue changed."""
    changed = clip.float() * torch.tensor(gains).reshape(3, 1, 1) + offset
    return changed.clamp(0, 255).byte()


def clip_set(*clips: Tensor, name: str = "clip") -> ClipSet:
    """Clips of one size, all without smoke."""
    return ClipSet(
        torch.stack(clips),
        torch.zeros(len(clips), dtype=torch.int64),
        np.ones(len(clips)),
        tuple(f"{name}-{number}" for number in range(len(clips))),
    )
