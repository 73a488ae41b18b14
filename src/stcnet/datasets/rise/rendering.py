"""A rendered stand-in for RISE: its metadata layout, views, days and votes, with painted smoke.

Every view has a plant, hills and a crop of its own; every day of a view its weather. Clips with
the label smoke show a plume, as do half of the undecided ones; steam and clouds come with or
without smoke. It serves to rehearse and to test; a score on it says nothing about real smoke.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stcnet.datasets.rise.drawing import RISE_DAYS, draw_records
from stcnet.datasets.rise.records import METADATA_FILE, VIDEO_FOLDER, RiseRecord, video_path
from stcnet.datasets.rise.splits import VIEWS
from stcnet.errors import ConfigError, OutputError
from stcnet.files import write_whole
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.draws import SMOKE
from stcnet.synthesis.parameters import Wind
from stcnet.synthesis.plants import random_plant
from stcnet.synthesis.scenes import Scene, render_scene, steam_plume
from stcnet.synthesis.weather import Weather
from stcnet.types import Picture
from stcnet.video import Mp4Writer

FRAME_INTERVAL_S = 5.0
LEAST_SIZE = 32
MOST_SIZE = 1024
_PLAYBACK_FPS = 12
_STEAM = 0.5
"""Share of the clips in which a stack steams."""
_PLUMES = replace(SMOKE, extent=(0.25, 1.6), radius=(0.008, 0.04), down=(0.3, 0.8), steady=0.8)
"""Smoke that rises from the plant and can be seen at 64 pixels."""
_DIMMEST = 0.6
_HINT = "name a place that you may write to and that has room"

Listener = Callable[[int, int], None]
"""Told the number of clips done and of all."""


def synthesise_rise(
    folder: Path,
    *,
    clips_per_view: int = 8,
    views: Sequence[str] = VIEWS,
    days: int = len(RISE_DAYS),
    size: int = 64,
    frames: int = 36,
    seed: int = 0,
) -> list[RiseRecord]:
    """Render a small data set with RISE's layout; the seed decides every pixel of it.

    Args:
        folder: Where ``metadata.json`` and ``videos`` go.
        clips_per_view: Clips of each view.
        views: Views of RISE, such as ``0-7``.
        days: How many of RISE's 30 days.
        size: Side of the clips in pixels, even, 32..1024.
        frames: Frames of each clip, one every 5 s.
        seed: Of everything drawn.

    Returns:
        The records, undecided clips included.

    Raises:
        ConfigError: A number is out of range.
        OutputError: The folder holds a data set already, or cannot be written.
    """
    records = draw_records(
        clips_per_view * len(views), views=views, days=days, size=size, seed=seed
    )
    write_rise(folder, records, size=size, frames=frames, seed=seed)
    return records


def write_rise(
    folder: Path,
    records: Sequence[RiseRecord],
    *,
    size: int,
    frames: int = 36,
    seed: int,
    listener: Listener = lambda done, total: None,
) -> None:
    """Render the videos of drawn records; ``metadata.json`` is written last, once all are there.

    Args:
        folder: Where they go.
        records: As :func:`~stcnet.datasets.rise.drawing.draw_records` gives them.
        size: Side of the clips in pixels, even, 32 or more.
        frames: Frames of each clip.
        seed: Of the pictures.
        listener: Told of each clip.

    Raises:
        ConfigError: The size is too small, too large or odd.
        OutputError: The folder holds a data set already, or cannot be written.
    """
    if not LEAST_SIZE <= size <= MOST_SIZE or size % 2:
        raise ConfigError(
            "the size is out of range",
            got=size,
            allowed=f"even numbers from {LEAST_SIZE} to {MOST_SIZE}",
        )
    _make_folder(folder)
    for done, record in enumerate(records, 1):
        picture = render_record(record, size=size, frames=frames, seed=seed)
        path = video_path(folder, record)
        with Mp4Writer(path, _PLAYBACK_FPS, size, size, repeatable=True) as video:
            for frame in picture:
                video.write(frame)
        listener(done, len(records))
    metadata = [record.model_dump(mode="json") for record in records]
    write_whole(
        folder / METADATA_FILE,
        json.dumps(metadata, indent=1).encode(),
        what="the records",
        hint=_HINT,
    )


def _make_folder(folder: Path) -> None:
    if (folder / METADATA_FILE).exists():
        raise OutputError(
            f"the folder holds a {METADATA_FILE} already", where=folder, hint="name another folder"
        )
    try:
        (folder / VIDEO_FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the folder cannot be made", where=folder, got=error.strerror or error, hint=_HINT
        ) from None


def render_record(record: RiseRecord, *, size: int, frames: int, seed: int) -> Picture:
    """Render the clip of a drawn record.

    Returns:
        Frames, uint8, shape (frames, size, size, 3).
    """
    rng = np.random.default_rng((seed, 1, record.id))
    judgement = record.judgement
    smokes = rng.random() < 0.5 if judgement is None else bool(judgement.label)
    start = record.local_start
    second = 3600 * start.hour + 60 * start.minute + start.second
    times_s = second + FRAME_INTERVAL_S * torch.arange(frames)
    scene = _scene(record, seed, steams=rng.random() < _STEAM)
    picture = torch.from_numpy(render_scene(scene, times_s, size, size)).float()
    if smokes:
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        clip = picture.permute(0, 3, 1, 2)[None]
        pasted, _ = paste_plumes(clip, times_s[None], generator, smoke_ranges=_PLUMES)
        picture = pasted[0].permute(0, 2, 3, 1)
    lit = picture * _daylight(second / 3600)
    return np.ascontiguousarray(lit.round().clamp(0, 255).byte().numpy())


def _scene(record: RiseRecord, seed: int, *, steams: bool) -> Scene:
    """The view's plant in the day's weather, with steam from its own stack or without."""
    plant_seed = _number(seed, 2, record.camera_id, record.view_id)
    weather = np.random.default_rng(
        (seed, 3, record.camera_id, record.view_id, record.name.day.toordinal())
    )
    air = Weather(haze=weather.uniform(0.1, 0.5), cloud_cover=weather.uniform(0.1, 0.9))
    wind = Wind((weather.choice([-1.0, 1.0]) * weather.uniform(0.006, 0.02), 0.0))
    plant = random_plant(plant_seed)
    mouth = plant.mouths("stack")[0]
    plumes = (steam_plume(mouth, wind, _number(seed, 4, record.id)),) if steams else ()
    return Scene(plant, plumes, air)


def _number(*keys: int) -> int:
    """A number below 10,000 that the keys decide."""
    return int(np.random.default_rng(keys).integers(10_000))


def _daylight(hour: float) -> float:
    """Share of the full light at an hour of the day: most at noon."""
    return _DIMMEST + (1 - _DIMMEST) * max(0.0, math.sin(math.pi * (hour - 6) / 14))
