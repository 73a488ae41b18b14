"""The demo's sample video: a plant that smokes for a while; its truth is known."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import torch

from stcnet.demo import FRAME_INTERVAL_S, SAMPLE_PATH, SMOKE_START_S, SMOKE_STOP_S
from stcnet.errors import OutputError
from stcnet.synthesis.camera import Camera
from stcnet.synthesis.parameters import Wind
from stcnet.synthesis.plants import random_plant
from stcnet.synthesis.scenes import Scene, render_scene, smoke_plume
from stcnet.synthesis.weather import Weather

if TYPE_CHECKING:
    from stcnet.types import Picture

_FRAMES = 132
_HEIGHT, _WIDTH = 240, 320
_PLAYBACK_FPS = 12
_SEED = 1


def sample_scene() -> Scene:
    """The scene of the sample: one stack smokes between the known times, nothing steams."""
    plant = random_plant(_SEED)
    smoking = plant.mouths("stack")[-1]
    wind = Wind((0.014, 0.0), gustiness=0.35, turbulence=0.6, spread=0.13)
    smoke = smoke_plume(
        smoking,
        wind,
        5,
        albedo=(0.16, 0.13, 0.10),
        strength=6.0,
        start_s=SMOKE_START_S,
        stop_s=SMOKE_STOP_S,
    )
    return Scene(plant, (smoke,), Weather(haze=0.25, cloud_cover=0.0), camera=Camera(noise=0.6))


def write_video(path: Path, frames: Picture, fps: int) -> None:
    """Write frames of shape (T, H, W, 3) as H.264 in MP4; width and height must be even.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(fps))
            stream.width, stream.height = frames.shape[2], frames.shape[1]
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": "19", "preset": "veryslow"}
            for pixels in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())
    except OSError as error:
        raise OutputError(
            "the video cannot be written",
            where=path,
            got=error.strerror,
            hint="choose another folder or make this one writable",
        ) from error


def make_sample(path: Path = SAMPLE_PATH) -> None:
    """Render the demo's sample video and write it to ``path`` as H.264 in MP4.

    Raises:
        OutputError: The file cannot be written.
    """
    times_s = torch.arange(_FRAMES) * FRAME_INTERVAL_S
    write_video(Path(path), render_scene(sample_scene(), times_s, _HEIGHT, _WIDTH), _PLAYBACK_FPS)


if __name__ == "__main__":
    make_sample()
