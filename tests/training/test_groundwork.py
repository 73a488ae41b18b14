"""Scenes beside real clips: they stay in the host's memory, and their batches go to the device."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from small_cells import planted_clips
from stcnet.datasets.clips import ClipSet
from stcnet.training.batches.placement import stream_clips
from stcnet.training.groundwork import BARE, Groundwork

REAL = planted_clips(6)
SCENES = replace(planted_clips(4), frames=255 - planted_clips(4).frames, ids=("w", "x", "y", "z"))
FRAMES = np.arange(6).reshape(-1, 2)
MIXES = [
    pytest.param([8, 0, 6], id="both"),
    pytest.param([1, 2, 5], id="real clips alone"),
    pytest.param([7, 6, 9], id="scenes alone"),
]
Placing = Callable[[ClipSet, torch.device], ClipSet]
PLACES = [
    pytest.param(ClipSet.to, id="clips on the device"),
    pytest.param(stream_clips, id="clips streamed from the host"),
]


def drawn(device: str, place: Placing, positions: list[int]) -> torch.Tensor:
    """Frames of a batch of real clips, placed, and scenes beside them."""
    both = Groundwork(SCENES).beside(place(REAL, torch.device(device)))
    assert both.labels.device.type == device
    return both.gather(np.array(positions), FRAMES)


@pytest.mark.parametrize("place", PLACES)
def test_scenes_stay_where_they_lie(place: Placing) -> None:
    real = place(REAL, torch.device("meta"))
    both = Groundwork(SCENES).beside(real)
    assert both.frames is real.frames
    assert both.ids == REAL.ids + SCENES.ids
    assert SCENES.frames.device.type == SCENES.labels.device.type == "cpu"


@pytest.mark.parametrize("positions", MIXES)
@pytest.mark.parametrize("place", PLACES)
def test_batches_come_on_the_device_that_trains(place: Placing, positions: list[int]) -> None:
    batch = drawn("meta", place, positions)
    assert batch.device.type == "meta"
    assert batch.shape == (3, 2, *REAL.frames.shape[2:])


@pytest.mark.parametrize("positions", MIXES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(
                not torch.cuda.is_available(), reason="needs a CUDA device"
            ),
        ),
    ],
)  # fmt: skip
def test_their_pixels_are_the_same(device: str, place: Placing, positions: list[int]) -> None:
    whole = torch.cat([REAL.frames, SCENES.frames])
    expected = whole[torch.tensor(positions)[:, None], torch.from_numpy(FRAMES)]
    assert torch.equal(drawn(device, place, positions).cpu(), expected)


def test_without_scenes_the_clips_are_alone() -> None:
    assert BARE.beside(REAL) is REAL
