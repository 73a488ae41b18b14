"""Contact sheets: what augmentation makes of a clip, as a network is given it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from stcnet.datasets.augmentation import (
    AugmentationSettings,
    ClipAugmentation,
    draw_varied_frames,
)
from stcnet.datasets.cells.records import FRAME_INTERVAL_S
from stcnet.datasets.clips import ClipSet, IndexArray
from stcnet.datasets.collection import LabelledClip
from stcnet.explain.drawing import captioned, residual_picture
from stcnet.training.randomness import step_rng
from stcnet.types import Picture

COLUMNS = 8
"""Frames on a sheet, at most."""

DRAWS = 8
"""Of a single transform, of which the one that changes most is shown."""

_BAR, _INK, _PAPER = 26, (236, 238, 241), (20, 23, 28)


@dataclass(frozen=True, slots=True)
class Shown:
    """How clips are shown.

    Attributes:
        settings: Of the augmentation.
        segments: Frames drawn of each clip; one more than residuals.
        seed: Of everything that is drawn.
    """

    settings: AugmentationSettings
    segments: int
    seed: int


def clip_sheet(clips: ClipSet, position: int, shown: Shown, title: str) -> Picture:
    """A clip and its residuals before, and after one draw of all transforms.

    Args:
        clips: Decoded.
        position: Of the clip in them.
        shown: How.
        title: Stands above; what cannot be printed becomes a question mark.

    Returns:
        RGB, uint8, shape (H, W, 3).
    """
    return _sheet(clips, position, shown, title, draws=1)


def transform_sheet(clips: ClipSet, position: int, shown: Shown, name: str) -> Picture:
    """The same of one transform alone: of several draws the one that changes the clip most.

    Args:
        clips: Decoded.
        position: Of the clip in them.
        shown: How; of its settings all but the transform are switched off.
        name: Of the transform.

    Returns:
        RGB, uint8, shape (H, W, 3).
    """
    alone = shown.settings.alone(name)
    title = f"{name}: {getattr(alone, name)} alone, the draw of {DRAWS} that changes most"
    return _sheet(clips, position, replace(shown, settings=alone), title, draws=DRAWS)


def choose_clips(
    clips: Sequence[LabelledClip], number: int, rng: np.random.Generator
) -> list[LabelledClip]:
    """Some of the clips at random, by turns with smoke and without as long as there are both."""
    order = [clips[place] for place in rng.permutation(len(clips))]
    turns = {label: iter(range(len(order))) for label in (0, 1)}
    ranked = [(next(turns[clip.label or 0]), place) for place, clip in enumerate(order)]
    return [order[place] for _, place in sorted(ranked)[:number]]


def _sheet(clips: ClipSet, position: int, shown: Shown, title: str, draws: int) -> Picture:
    plain, before = _drawn(clips, position, replace(shown, settings=shown.settings.only(())), 1)
    varied, after = _drawn(clips, position, shown, draws)
    most = int((after - before).abs().flatten(1).mean(dim=1).argmax())
    strips = [*_strips("before", before[0], plain[0]), *_strips("after", after[most], varied[most])]
    return _titled(np.concatenate(strips), title)


def _drawn(clips: ClipSet, position: int, shown: Shown, draws: int) -> tuple[IndexArray, Tensor]:
    """Frames drawn of a clip, (draws, K), and what becomes of them, (draws, K, 3, S, S)."""
    length, size = clips.frames.shape[1], clips.frames.shape[-1]
    rng = step_rng(shown.seed, 0, position)
    varied = {"slow", "even"} & {*shown.settings.switched_on}
    indices = draw_varied_frames(
        draws if varied else 1, length, shown.segments, shown.settings, rng
    )
    indices = np.tile(indices, (draws // len(indices), 1))
    pixels = clips.gather(np.full(draws, position), indices).float()
    if shown.settings.switched_on:
        pixels = ClipAugmentation(shown.settings, size)(pixels)
    return indices, pixels


def _strips(name: str, frames: Tensor, indices: IndexArray) -> list[Picture]:
    """Frames, and below them their residuals to the next."""
    pictures = frames.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    places = np.linspace(0, len(pictures) - 2, min(COLUMNS, len(pictures) - 1)).round().astype(int)
    times = [f"{FRAME_INTERVAL_S * indices[place]:.0f} s" for place in places]
    residuals = [residual_picture(pictures[place], pictures[place + 1]) for place in places]
    times[0] = f"{name}, {times[0]}"
    captions = [f"{name}, residual x 9", *[""] * (len(residuals) - 1)]
    return [captioned([pictures[place] for place in places], times), captioned(residuals, captions)]


def _titled(picture: Picture, title: str) -> Picture:
    height, width = picture.shape[:2]
    canvas = Image.new("RGB", (width, height + _BAR), _PAPER)
    canvas.paste(Image.fromarray(picture), (0, _BAR))
    printable = "".join(letter if letter.isprintable() else "?" for letter in title)
    pen = ImageDraw.Draw(canvas)
    pen.text((6, _BAR // 2), printable, fill=_INK, font=ImageFont.load_default(15), anchor="lm")
    return np.asarray(canvas, dtype=np.uint8)
