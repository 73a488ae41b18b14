"""Opaque things before the scene, which hide a little of it and change no label.

Things that pass (birds, vehicles, cranes) are made of three strokes each, a line with round ends.
What lies on the lens (dirt, drops of water) stays where it is, and is out of focus.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import kornia.augmentation as ka
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stcnet.datasets.augmentation.draws import drawn, for_clips, pixel_places
from stcnet.datasets.augmentation.settings import AugmentationSettings

_DROP_CELLS = 12
"""Side in cells of the picture that is seen through a drop."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """One thing in each clip.

    Attributes:
        ends: Both ends of each stroke in shares of the side, (B, T, 3, 2, 2): horizontal and
            vertical.
        radii: Of the strokes, shares of the side, (B, 3).
        seen: Whether the thing is in the frame, (B, T).
        colours: 0..1, (B, 3).
    """

    ends: Tensor
    radii: Tensor
    seen: Tensor
    colours: Tensor


def dirt_transforms(settings: AugmentationSettings) -> list[nn.Module]:
    """RISE's dirt on the lens: two small black rectangles, as kornia's transforms."""
    p = settings.erasing
    return [ka.RandomErasing(scale=(0.002, 0.02), ratio=(0.3, 3.3), p=p) for _ in range(2)]


def passed_by(clips: Tensor, numbers: Tensor) -> Tensor:
    """Effect: birds, vehicles and cranes pass before the scene.

    A bird or a vehicle is in a frame or two; a crane stands in all of them and turns. Each is as
    bright as the scene allows.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        numbers: How many of them, rounded up, shape (B,).
    """
    brightest = clips.mean(dim=(1, 2)).flatten(1).quantile(0.9, dim=1)
    wanted = numbers.cpu()
    for number in range(math.ceil(float(wanted.max()))):
        kinds = torch.randint(len(KINDS), (len(clips),))
        kinds[wanted <= number] = -1
        for kind, draw in enumerate(KINDS):
            rows = (kinds == kind).nonzero().flatten().to(clips.device)
            if len(rows):
                with_one = _painted(clips[rows], draw(clips[rows]), brightest[rows])
                clips = clips.index_copy(0, rows, with_one)
    return clips


def spotted(clips: Tensor, numbers: Tensor) -> Tensor:
    """Effect: dirt and drops on the lens, the same in all frames, with soft edges.

    Dirt swallows light. Through a drop the scene is seen blurred, and upside down: brighter below.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        numbers: How many of them, rounded up, shape (B,).
    """
    blurred = _blurred(clips)
    for number in range(math.ceil(float(numbers.max()))):
        spot, below = _spot(clips)
        is_drop = for_clips(drawn(clips, (len(clips),), 0.0, 1.0) < 0.6)
        left = for_clips(drawn(clips, (len(clips),), 0.3, 0.8))
        seen = torch.where(is_drop, blurred * (1 + 0.2 * below), left * clips).clamp(0.0, 1.0)
        clips = torch.lerp(clips, seen, (spot * for_clips(numbers > number)).expand_as(clips))
    return clips


def _painted(clips: Tensor, thing: Strokes, brightest: Tensor) -> Tensor:
    """Clips with a thing before their scene, in the light of their scene, shape (B,)."""
    colour = (thing.colours * brightest[:, None])[:, None, :, None, None]
    cover = _cover(thing, clips)
    return torch.lerp(clips, colour.expand_as(clips), cover.expand_as(clips))


def _birds(clips: Tensor) -> Strokes:
    """Two wings and a body, somewhere else in each of the few frames that show it."""
    count, length = clips.shape[:2]
    place = torch.stack(
        [drawn(clips, (count, length), 0, 1), drawn(clips, (count, length), 0, 0.7)], dim=-1
    )
    wing = drawn(clips, (count, 1), 0.012, 0.045)
    lift = wing * drawn(clips, (count, length), -0.6, 0.9)
    tips = [torch.stack([side * wing.expand_as(lift), -lift], dim=-1) for side in (-1.0, 1.0)]
    tail = torch.stack([0.35 * wing.expand_as(lift), torch.zeros_like(lift)], dim=-1)
    strokes = [(place, place + tips[0]), (place, place + tips[1]), (place - tail, place + tail)]
    radii = wing * wing.new_tensor([0.1, 0.1, 0.16])
    darkness = drawn(clips, (count, 1), 0.05, 0.35).expand(count, 3)
    return Strokes(_ends(strokes), radii, _now_and_then(clips), darkness)


def _vehicles(clips: Tensor) -> Strokes:
    """Body, cab and shadow, low in the picture; at one place in each frame that shows it."""
    count, length = clips.shape[:2]
    height = drawn(clips, (count, 1), 0.85, 0.97).expand(count, length)
    place = torch.stack([drawn(clips, (count, length), 0, 1), height], dim=-1)
    half = drawn(clips, (count, 1), 0.015, 0.045)
    towards = torch.where(drawn(clips, (count, 1), 0.0, 1.0) < 0.5, 1.0, -1.0)

    def offset(across: float, down: float) -> Tensor:
        step = torch.stack([across * towards * half, down * half], dim=-1)
        return place + step

    strokes = [
        (offset(-1, 0), offset(0.6, 0)),
        (offset(0.8, -0.05), offset(0.95, 0.1)),
        (offset(-1, 0.5), offset(1, 0.5)),
    ]
    radii = half * half.new_tensor([0.42, 0.36, 0.1])
    colours = drawn(clips, (count, 1), 0.1, 0.9) + drawn(clips, (count, 3), -0.1, 0.1)
    return Strokes(_ends(strokes), radii, _now_and_then(clips), colours)


def _cranes(clips: Tensor) -> Strokes:
    """Mast, jib and rope of a tower crane that turns slowly, so that the jib grows and shrinks."""
    count, length = clips.shape[:2]
    frames = torch.arange(length, device=clips.device, dtype=clips.dtype)
    angle = drawn(clips, (count, 1), 0, 2 * math.pi) + drawn(clips, (count, 1), -0.3, 0.3) * frames
    across = drawn(clips, (count, 1), 0, 1).expand(count, length)
    up = drawn(clips, (count, 1), 0.15, 0.6).expand(count, length)
    reach = drawn(clips, (count, 1), 0.15, 0.4) * angle.cos()
    rope = drawn(clips, (count, 1), 0.05, 0.2)

    def point(step: Tensor | float, down: Tensor | float) -> Tensor:
        return torch.stack([across + step * reach, up + down], dim=-1)

    foot = torch.stack([across, torch.full_like(across, 1.1)], dim=-1)
    strokes = [
        (point(0.0, -0.02), foot),
        (point(-0.25, 0.0), point(1.0, 0.0)),
        (point(0.8, 0.0), point(0.8, rope)),
    ]
    thickness = drawn(clips, (count, 1), 0.003, 0.006)
    radii = thickness * thickness.new_tensor([1.2, 1.0, 0.4])
    paint = drawn(clips, (count, 1), 0.2, 0.8) * radii.new_tensor([1.0, 0.8, 0.4])
    return Strokes(_ends(strokes), radii, torch.ones_like(angle) > 0, paint)


KINDS: tuple[Callable[[Tensor], Strokes], ...] = (_birds, _vehicles, _cranes)


def _ends(strokes: list[tuple[Tensor, Tensor]]) -> Tensor:
    return torch.stack([torch.stack(both, dim=2) for both in strokes], dim=2)


def _now_and_then(clips: Tensor) -> Tensor:
    """One frame of each clip, and every tenth other one; (B, T)."""
    count, length = clips.shape[:2]
    shown = torch.rand(count, length) < 0.1
    shown[torch.arange(count), torch.randint(length, (count,))] = True
    return shown.to(clips.device)


def _cover(thing: Strokes, clips: Tensor) -> Tensor:
    """How much of each pixel the thing hides, 0..1, (B, T, 1, S, S)."""
    cover = torch.zeros_like(clips[:, :, 0])
    for stroke in range(thing.radii.shape[1]):
        gap = _distance(thing.ends[:, :, stroke], clips) - thing.radii[:, stroke, None, None, None]
        cover = torch.maximum(cover, (0.5 - gap * clips.shape[-1]).clamp(0.0, 1.0))
    return (cover * thing.seen[:, :, None, None])[:, :, None]


def _distance(ends: Tensor, clips: Tensor) -> Tensor:
    """From each pixel to a line between two ends (B, T, 2, 2), share of the side, (B, T, S, S)."""
    across, down = pixel_places(clips)
    start, way = ends[:, :, 0], ends[:, :, 1] - ends[:, :, 0]
    to_x = across - start[:, :, 0, None, None]
    to_y = down - start[:, :, 1, None, None]
    way_x, way_y = way[:, :, 0, None, None], way[:, :, 1, None, None]
    squared = (way_x**2 + way_y**2).clamp(min=1e-12)
    along = ((to_x * way_x + to_y * way_y) / squared).clamp(0.0, 1.0)
    return torch.hypot(to_x - along * way_x, to_y - along * way_y)


def _spot(clips: Tensor) -> tuple[Tensor, Tensor]:
    """A soft ellipse: how much of it lies on each pixel, and how far below its middle that is.

    Returns:
        Both (B, 1, 1, S, S): 0..1, and in halves of its height, -1..1.
    """
    count = len(clips)
    across, down = pixel_places(clips)
    height = for_clips(drawn(clips, (count,), 0.02, 0.08))
    width = height * for_clips(drawn(clips, (count,), 0.6, 1.2))
    to_x = (across - for_clips(drawn(clips, (count,), 0, 1))) / width
    to_y = (down - for_clips(drawn(clips, (count,), 0, 1))) / height
    softness = for_clips(drawn(clips, (count,), 0.5, 1.0))
    inside = ((1 - torch.hypot(to_x, to_y)) / softness).clamp(0.0, 1.0)
    return inside**2 * (3 - 2 * inside), to_y.clamp(-1.0, 1.0).expand_as(inside)


def _blurred(clips: Tensor) -> Tensor:
    frames = clips.flatten(0, 1)
    coarse = F.adaptive_avg_pool2d(frames, _DROP_CELLS)
    shown = F.interpolate(coarse, size=clips.shape[-2:], mode="bicubic", align_corners=False)
    return shown.clamp(0.0, 1.0).reshape(clips.shape)
