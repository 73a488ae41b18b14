"""Whether a file is the clip that was asked for: found by decoding all of it."""

from __future__ import annotations

from pathlib import Path

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.download.causes import WrongContentError
from stcnet.errors import SourceError
from stcnet.video.decoding import Damage, decoded, opened_video, upright_size
from stcnet.wording import counted

LONGEST_BYTES = 64 * 2**20
"""No clip is longer; RISE's take 60 kB at 180 pixels. Whatever sends more is cut off."""
_START = 40


def require_clip(path: Path, size: int | None) -> int:
    """Refuse a file that is not an undamaged MP4 of 36 square frames.

    Only a file that says it is an MP4 reaches the decoder: other formats may name further files.

    Args:
        path: The file.
        size: Side of the frames in pixels; None where any will do.

    Returns:
        Side of the frames in pixels.

    Raises:
        WrongContentError: It is something else; the detail says what.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_START)
    if start[4:8] != b"ftyp":
        raise WrongContentError(f"no MP4, it begins {start!r}" if start else "it is empty")
    damage = Damage()
    try:
        sizes = _sizes(path, damage)
    except SourceError as error:
        raise WrongContentError(error.what) from None
    if damage.frames or damage.broken_off:
        raise WrongContentError(f"damaged; {len(sizes)} of {CLIP_FRAMES} frames decode")
    if len(sizes) != CLIP_FRAMES:
        raise WrongContentError(f"{counted(len(sizes), 'frame')}, not {CLIP_FRAMES}")
    side = size or sizes[0][0]
    if set(sizes) != {(side, side)}:
        shown = ", ".join(f"{width}x{height}" for width, height in sorted(set(sizes)))
        raise WrongContentError(f"{shown} pixels, not {f'{size}x{size}' if size else 'square'}")
    return side


def _sizes(path: Path, damage: Damage) -> list[tuple[int, int]]:
    """Width and height of each frame that decodes."""
    with opened_video(path) as (container, stream):
        frames = decoded(container.demux(stream), damage)
        return [upright_size(frame) for frame in frames if frame is not None]
