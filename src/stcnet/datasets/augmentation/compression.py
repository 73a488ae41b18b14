"""What is lost between camera and file: JPEG pictures, and a block codec that predicts frames.

The codec is no H.264, but has those of its traits that a residual frame shows. Of H.264 it has the
transform of blocks of 8 x 8 pixels, flat quantiser steps, rounding with a dead zone, colours at
half the resolution, prediction of a frame from the frame before as it was decoded, and frames
coded afresh now and then. So faint changes vanish until they are large enough, a block at a time,
and the picture jumps where it is coded afresh. It has no search for motion, no prediction within a
picture and no deblocking filter: cameras stand still, and its blocks show more than H.264's.
"""

from __future__ import annotations

import math

import torch
from kornia.color import rgb_to_ycbcr, ycbcr_to_rgb
from kornia.enhance import jpeg_codec_differentiable
from torch import Tensor
from torch.nn import functional as F

from stcnet.datasets.augmentation.draws import drawn

BLOCK = 8
"""Side of a block in pixels."""

FRESH_ROUNDING, CHANGE_ROUNDING = 1 / 3, 1 / 6
"""Added before rounding down, in frames coded afresh and in predicted ones, as encoders do."""

_GREY = 0.5


def jpeg_coded(clips: Tensor, losses: Tensor) -> Tensor:
    """Effect: each frame passes JPEG by itself.

    kornia's differentiable codec: its coefficients lie up to an eighth of a step beside those of a
    file.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        losses: 100 less the quality, 0..99, shape (B,).
    """
    frames = clips.flatten(0, 1)
    quality = (100 - losses).repeat_interleave(clips.shape[1])
    return jpeg_codec_differentiable(frames, quality).clamp(0.0, 1.0).reshape(clips.shape)


def block_coded(clips: Tensor, steps: Tensor) -> Tensor:
    """Effect: the clip passes the block codec of this module.

    Frames are coded afresh at a drawn interval of 1 to T frames from a drawn first one on: in live
    video, sampled every few seconds, each is; in a time-lapse hardly any.

    Args:
        clips: Shape (B, T, 3, S, S), 0..1.
        steps: Of the quantiser, in levels of 0..255, shape (B,): 16 is H.264's at QP 28, and six
            QP more double it.
    """
    count, length = clips.shape[:2]
    interval = drawn(clips, (count, 1), 1, length + 1).floor()
    first = (drawn(clips, (count, 1), 0, 1) * interval).floor()
    frames = torch.arange(length, device=clips.device)
    afresh = ((frames - first) % interval == 0) | (frames == 0)

    side = clips.shape[-1]
    margin = math.ceil(side / (2 * BLOCK)) * 2 * BLOCK - side
    padded = F.pad(clips.flatten(0, 1), (0, margin, 0, margin), mode="replicate")
    colours = rgb_to_ycbcr(padded).reshape(count, length, *padded.shape[1:])
    brightness = _predicted(colours[:, :, :1], afresh, steps)
    halved = F.avg_pool2d(colours[:, :, 1:].flatten(0, 1), 2)
    halved = halved.reshape(count, length, *halved.shape[1:])
    tints = _predicted(halved, afresh, steps).flatten(0, 1)
    tints = F.interpolate(tints, scale_factor=2, mode="bilinear", align_corners=False)
    decoded = ycbcr_to_rgb(torch.cat([brightness.flatten(0, 1), tints], dim=1))
    return decoded[..., :side, :side].clamp(0.0, 1.0).reshape(clips.shape)


def _predicted(planes: Tensor, afresh: Tensor, steps: Tensor) -> Tensor:
    """Code each frame as its difference to the one before, as decoded, or to grey.

    Args:
        planes: Shape (B, T, C, H, W), sides divisible by 8, 0..1.
        afresh: Which frames are coded against grey, (B, T).
        steps: In levels, (B,).
    """
    grey = torch.full_like(planes[:, 0], _GREY)
    decoded = [grey]
    size = (steps / 255).reshape(-1, 1, 1, 1, 1, 1)
    for frame, fresh in zip(planes.unbind(1), afresh.unbind(1), strict=True):
        is_fresh = fresh[:, None, None, None]
        expected = torch.where(is_fresh, grey, decoded[-1])
        rounding = torch.where(is_fresh, FRESH_ROUNDING, CHANGE_ROUNDING)[..., None, None]
        change = _quantised(frame - expected, size, rounding)
        decoded.append((expected + change).clamp(0.0, 1.0))
    return torch.stack(decoded[1:], dim=1)


def _quantised(planes: Tensor, step: Tensor, rounding: Tensor) -> Tensor:
    """What is left of planes (B, C, H, W) after their blocks' coefficients are quantised."""
    count, channels, height, width = planes.shape
    cosines = _cosines(planes)
    blocks = planes.reshape(count, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks = blocks.transpose(3, 4)
    coefficients = cosines @ blocks @ cosines.T
    levels = (coefficients.abs() / step + rounding).floor()
    restored: Tensor = cosines.T @ (coefficients.sign() * levels * step) @ cosines
    return restored.transpose(3, 4).reshape_as(planes)


def _cosines(like: Tensor) -> Tensor:
    """The orthonormal discrete cosine transform (type II) as a matrix, (8, 8)."""
    places = torch.arange(BLOCK, device=like.device, dtype=like.dtype)
    waves = torch.cos(math.pi / BLOCK * (places + 0.5) * places[:, None])
    waves[0] *= 0.5**0.5
    return waves * math.sqrt(2 / BLOCK)
