"""What the camera does to the light: shake, lens, exposure, flicker, noise, compression."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
import numpy as np
import torch
import torch.nn.functional as F

from stcnet.synthesis.compositing import to_display, to_linear
from stcnet.synthesis.limits import require_within
from stcnet.synthesis.randomness import hashed_normal_pair

if TYPE_CHECKING:
    from torch import Tensor

    from stcnet.synthesis.parameters import Colour
    from stcnet.types import Picture

Padding = Literal["border", "zeros"]

_SHAKE_PERIODS_S = (0.7, 2.3, 9.0)
_GREY = (0.299, 0.587, 0.114)
_CODEC_FPS = 12
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Camera:
    """The camera; the defaults are a still one with a little noise.

    Attributes:
        noise: Standard deviation of the sensor noise in display values 0..255.
        shake: Standard deviation of its motion each way, in picture heights, 0 or more.
        flicker: Standard deviation of the exposure from frame to frame as a share of it, 0..1.
        exposure: Factor on the linear light, above 0.
        cast: Factors on linear red, green and blue (white balance), above 0.
        blur: Standard deviation of the lens in picture heights, 0 or more.
        grey: Whether the picture is grey, as infrared cameras give it.
        compression: Constant rate factor of H.264, 1 (fine) to 51 (coarse); None: uncompressed.
        seed: Picks noise, shake and flicker, 0 or more.

    Raises:
        ValueError: A number is out of its range.
    """

    noise: float = 1.6
    shake: float = 0.0
    flicker: float = 0.0
    exposure: float = 1.0
    cast: Colour = (1.0, 1.0, 1.0)
    blur: float = 0.0
    grey: bool = False
    compression: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        from_zero, positive = (0.0, math.inf), (_LEAST, math.inf)
        require_within(
            self,
            noise=from_zero,
            shake=from_zero,
            flicker=(0.0, 1.0),
            exposure=positive,
            cast=positive,
            blur=from_zero,
            seed=from_zero,
        )
        if self.compression is not None:
            require_within(self, compression=(1, 51))


def _milliseconds(times_s: Tensor) -> Tensor:
    return (times_s.double() * 1000).round().to(torch.int64)


def sway(camera: Camera, times_s: Tensor) -> Tensor:
    """Where the picture has moved: (x, y) in picture heights, y down, shape (T, 2).

    A sum of swings of fixed periods, so that it follows from the time alone at any frame rate.
    """
    offset = torch.zeros(len(times_s), 2, device=times_s.device)
    for k, period_s in enumerate(_SHAKE_PERIODS_S):
        key = torch.tensor(camera.seed, device=times_s.device)
        start = 2 * math.pi * hashed_normal_pair(key, 61, k)
        offset = offset + torch.sin(2 * math.pi * times_s[:, None].float() / period_s + start)
    return camera.shake * offset * math.sqrt(2 / len(_SHAKE_PERIODS_S))


def shaken(fields: Tensor, offset: Tensor, padding: Padding = "border") -> Tensor:
    """Move each frame of (T, C, H, W) by its offset (T, 2) in picture heights.

    Offsets of zero return the very same tensor. What comes into the picture is drawn out from its
    edges (``border``), or zero (``zeros``).
    """
    if not offset.any():
        return fields
    height, width = fields.shape[-2:]
    move = -2 * offset.to(fields) * fields.new_tensor([height / width, 1.0])
    still = fields.new_tensor([[1.0, 0.0], [0.0, 1.0]]).expand(len(fields), 2, 2)
    grid = F.affine_grid(torch.cat([still, move[..., None]], -1), list(fields.shape), False)
    return F.grid_sample(fields, grid, padding_mode=padding, align_corners=False)


def _gaussian_taps(deviation: float, like: Tensor) -> Tensor:
    reach = max(1, math.ceil(3 * deviation))
    places = torch.arange(-reach, reach + 1, device=like.device, dtype=like.dtype)
    taps = torch.exp(-0.5 * (places / deviation) ** 2)
    return taps / taps.sum()


def _blurred(frames: Tensor, blur: float) -> Tensor:
    """Blur frames (T, 3, H, W) by a Gaussian of ``blur`` picture heights."""
    if blur <= 0:
        return frames
    taps = _gaussian_taps(blur * frames.shape[-2], frames)
    reach = len(taps) // 2
    padded = F.pad(frames.flatten(0, 1)[None], (reach,) * 4, mode="replicate")
    # One convolution a channel: the same bits as a batch of pictures, in a fifth of the time.
    planes = padded.shape[1]
    down = F.conv2d(padded, taps[:, None].expand(planes, 1, -1, 1), groups=planes)
    across = F.conv2d(down, taps.expand(planes, 1, 1, -1), groups=planes)
    return across.reshape(frames.shape)


def _exposed(frames: Tensor, camera: Camera, times_s: Tensor) -> Tensor:
    """Exposure with its flicker, and colour cast; the numbers 1 and 0 change nothing."""
    if camera.exposure == 1 and camera.flicker == 0 and camera.cast == (1.0, 1.0, 1.0):
        return frames
    key = torch.tensor(camera.seed, device=times_s.device)
    wobble = hashed_normal_pair(key, 62, _milliseconds(times_s))[:, 0]
    gain = camera.exposure * (1 + camera.flicker * wobble).clamp(min=0.1)
    cast = torch.tensor(camera.cast, device=frames.device)
    return to_display(to_linear(frames) * gain[:, None, None, None] * cast[:, None, None])


def _greyed(frames: Tensor) -> Tensor:
    weights = torch.tensor(_GREY, device=frames.device)
    return torch.einsum("c,tchw->thw", weights, frames)[:, None].expand_as(frames)


def compress(frames: Picture, rate_factor: int) -> Picture:
    """Encode frames as H.264 and decode them again.

    Args:
        frames: uint8, shape (T, H, W, 3).
        rate_factor: Constant rate factor, 1..51.

    Returns:
        What a viewer of the video sees, of the same shape and dtype.
    """
    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(_CODEC_FPS))
        stream.width, stream.height, stream.pix_fmt = even.shape[2], even.shape[1], "yuv420p"
        # The macroblock tree of x264 reads memory before it is written: the same pictures would
        # not give the same bits each time.
        stream.options = {
            "crf": str(rate_factor),
            "preset": "fast",
            "threads": "1",
            "mbtree": "0",
        }
        for pixels in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    memory.seek(0)
    with av.open(memory, "r") as video:
        decoded = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    return np.ascontiguousarray(np.stack(decoded)[:, :height, :width])


def film(light: Tensor, times_s: Tensor, camera: Camera, *, grain: int = 0) -> Picture:
    """Take frames of the light before the camera; the shake has moved it already.

    Args:
        light: Display values 0..255, float32, shape (T, 3, H, W).
        times_s: World time of the frames in seconds, shape (T,).
        camera: What takes them.
        grain: Added to the camera's seed for its noise.

    Returns:
        Frames, uint8, shape (T, H, W, 3).
    """
    frames = _exposed(_blurred(light, camera.blur), camera, times_s)
    generator = torch.Generator().manual_seed(camera.seed + grain)
    # Drawn with an axis of batch: the shape decides the order of the numbers.
    noise = torch.randn((1, *frames.shape), generator=generator)[0].to(frames.device)
    frames = frames + camera.noise * noise
    frames = _greyed(frames) if camera.grey else frames
    pixels = frames.round().clamp(0, 255).to(torch.uint8)
    picture = np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())
    return picture if camera.compression is None else compress(picture, camera.compression)
