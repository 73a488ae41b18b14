"""Clips on the device or on the host: the same batches."""

from typing import Any

import numpy as np
import pytest
import torch

from small_cells import planted_clips, tiny_recipe
from stcnet.datasets.clips import ClipSet
from stcnet.errors import ConfigError, TrainingError
from stcnet.training import loop
from stcnet.training.batches import placement
from stcnet.training.batches.placement import (
    FrameFeed,
    FramesInMemory,
    parse_clips_on,
    place_clips,
    stream_clips,
)
from stcnet.training.devices import make_fabric
from stcnet.training.loop import Training

CPU = torch.device("cpu")
CLIPS, FRAMES = np.array([3, 0, 3]), np.array([[0, 7], [35, 1], [2, 2]])


def test_streamed_clips_are_the_clips() -> None:
    clips = planted_clips()
    streamed = stream_clips(clips, CPU)
    assert torch.equal(streamed.gather(CLIPS, FRAMES), clips.gather(CLIPS, FRAMES))
    assert torch.equal(streamed.labels, clips.labels)
    assert streamed.ids == clips.ids
    assert np.array_equal(streamed.weights, clips.weights)


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param((CLIPS, FRAMES), id="as expected"),
        pytest.param((CLIPS[::-1], FRAMES), id="another batch was expected"),
        pytest.param(None, id="nothing was expected"),
    ],
)
def test_what_is_taken_is_what_was_asked_for(expected: Any) -> None:
    clips = planted_clips()
    feed = FrameFeed(FramesInMemory(clips.frames), CPU)
    for _ in range(2):
        if expected is not None:
            feed.expect(*expected)
        assert torch.equal(feed.take(CLIPS, FRAMES), clips.gather(CLIPS, FRAMES))


def test_each_batch_but_the_first_of_an_epoch_is_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clips = stream_clips(planted_clips(), CPU)
    monkeypatch.setattr(loop, "place_clips", lambda *arguments: clips)
    taken: list[bool] = []
    take = FrameFeed.take

    def watched(self: FrameFeed, chosen: Any, frames: Any) -> torch.Tensor:
        ahead = self._next
        taken.append(ahead is not None and np.array_equal(ahead[0], self._flat(chosen, frames)))
        return take(self, chosen, frames)

    monkeypatch.setattr(FrameFeed, "take", watched)
    run = Training(tiny_recipe(augmentation={}, mixup=0.2), planted_clips(), make_fabric("cpu"))
    run.run_epoch()
    run.run_epoch()
    assert taken == [False, True, True] * 2


def test_a_run_on_streamed_clips_is_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny_recipe(augmentation={}, mixup=0.2, plumes={"smoke": 0.3, "steam": 0.3})
    whole = Training(recipe, planted_clips(), make_fabric("cpu"))
    monkeypatch.setattr(loop, "place_clips", lambda clips, device, where: stream_clips(clips, CPU))
    streamed = Training(recipe, planted_clips(), make_fabric("cpu"))
    assert whole.run_epoch() == streamed.run_epoch()
    for one, other in zip(whole.network.parameters(), streamed.network.parameters(), strict=True):
        assert torch.equal(one, other)


class FakeClips(ClipSet):
    """Says where it was sent instead of going there."""

    def to(self, device: torch.device) -> Any:
        return f"on {device}"


@pytest.mark.parametrize(
    ("where", "free", "placed"),
    [
        pytest.param("auto", 2.1, "on cuda", id="room enough"),
        pytest.param("auto", 1.9, "streamed", id="little room"),
        pytest.param("device", 1.1, "on cuda", id="little room, but asked for"),
        pytest.param("host", 100.0, "streamed", id="host asked for"),
    ],
)
def test_free_memory_decides(
    monkeypatch: pytest.MonkeyPatch, where: Any, free: float, placed: str
) -> None:
    clips = planted_clips()
    fake = FakeClips(clips.frames, clips.labels, clips.weights, clips.ids)
    room = int(free * clips.frames.nbytes)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (room, room))
    monkeypatch.setattr(placement, "stream_clips", lambda clips, device: "streamed")
    found: Any = place_clips(fake, torch.device("cuda"), where)
    assert found == placed


def test_clips_that_cannot_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 1000))
    with pytest.raises(TrainingError, match=r"--clips-on: the clips do not fit on the GPU .*auto"):
        place_clips(planted_clips(), torch.device("cuda"), "device")


@pytest.mark.parametrize("where", ["auto", "device", "host"])
def test_a_cpu_has_them_already(where: Any) -> None:
    clips = planted_clips()
    assert parse_clips_on(where) == where
    assert place_clips(clips, CPU, where).frames is clips.frames


def test_another_place_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--clips-on: there is no such place .*got moon"):
        parse_clips_on("moon")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gets_what_was_asked_for() -> None:
    clips, device = planted_clips(), torch.device("cuda")
    streamed = place_clips(clips, device, "host")
    for expected in (False, True, True):
        if expected and isinstance(streamed, placement.StreamedClips):
            streamed.feed.expect(CLIPS, FRAMES)
        got = streamed.gather(CLIPS, FRAMES)
        assert got.device.type == "cuda"
        assert torch.equal(got.cpu(), clips.gather(CLIPS, FRAMES))
