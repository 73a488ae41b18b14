"""Training from a store: the run that clips in memory give, wherever the frames come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest
import torch

from small_cells import planted_clips, tiny_recipe
from stcnet.datasets import optical_flow
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.datasets.leaks.signatures import signatures
from stcnet.datasets.optical_flow import flow_clips
from stcnet.datasets.store import Store, build_store
from stcnet.datasets.store.clips import StoredClips
from stcnet.errors import TrainingError
from stcnet.evaluation.predict import predict_logits
from stcnet.training.batches import placement
from stcnet.training.batches.placement import ClipsOn, StreamedClips, place_clips
from stcnet.training.data import TrainingData
from stcnet.training.devices import make_fabric
from stcnet.training.fitting import fit
from stcnet.training.loop import SILENT, EpochReport, Listener

CPU = torch.device("cpu")
SIZE = 32
RECIPE = tiny_recipe(mixup=0.2, transplants=0.3)


@dataclass(frozen=True)
class Planted:
    """Clips in memory as a collection."""

    whole: ClipSet
    title: str = "planted"

    @property
    def clips(self) -> tuple[LabelledClip, ...]:
        told = zip(self.whole.ids, self.whole.labels.tolist(), self.whole.weights, strict=True)
        return tuple(
            LabelledClip(name, cast("Literal[0, 1]", label), "0-1", "p", None, None, weight=weight)
            for name, label, weight in told
        )

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        assert size == SIZE
        return self.whole.select([self.whole.ids.index(clip.id) for clip in clips])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    build_store(Planted(planted_clips()), folder, size=SIZE)
    return Store.open(folder)


@pytest.fixture
def stored(store: Store) -> StoredClips:
    return store.load(store.clips, SIZE)


class Stops(Listener):
    """As Ctrl-C after the first epoch."""

    def on_epoch(self, report: EpochReport) -> None:
        raise KeyboardInterrupt


def train(clips: ClipSet, folder: Path, where: ClipsOn, listener: Listener = SILENT) -> Any:
    told = TrainingData(description="planted", clips=clips.ids)
    network = fit(
        RECIPE, clips, told, folder, fabric=make_fabric("cpu"), clips_on=where, listener=listener
    )
    return network.state_dict()


def test_a_run_from_a_store_is_the_same_run_and_resumes(
    stored: StoredClips, tmp_path: Path
) -> None:
    wanted = train(planted_clips(), tmp_path / "memory", "auto")
    with pytest.raises(KeyboardInterrupt):
        train(stored, tmp_path / "stopped", "store", Stops())
    found = train(stored, tmp_path / "stopped", "store")
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_scores_and_signatures_and_flow_are_those_of_the_clips(
    stored: StoredClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [3, 1]
    clips, stored = planted_clips().select(few), stored.select(few)
    model = RECIPE.network.build().eval()
    network_input = RECIPE.network.input_of(model)
    streamed = place_clips(stored, CPU, "store")
    assert isinstance(streamed, StreamedClips)
    scores = [predict_logits(model, network_input, some) for some in (clips, stored, streamed)]
    assert torch.equal(scores[0], scores[1])
    assert torch.equal(scores[0], scores[2])
    assert np.array_equal(signatures(stored), signatures(clips))
    monkeypatch.setattr(optical_flow, "clip_flow", lambda frames: frames[:, :2])
    flows = [flow_clips(some.select([0]), workers=1).frames for some in (clips, stored)]
    assert torch.equal(flows[0], flows[1])


@pytest.mark.parametrize(
    ("where", "on_gpu", "on_host", "placed"),
    [
        pytest.param("auto", 2.1, 0.0, "on cuda", id="the GPU has room"),
        pytest.param("auto", 1.9, 2.1, "streamed", id="the host has room"),
        pytest.param("auto", 1.9, 1.9, "stored", id="neither has room"),
        pytest.param("device", 1.1, 0.0, "on cuda", id="device asked for"),
        pytest.param("host", 9.0, 0.0, "streamed", id="host asked for"),
        pytest.param("store", 9.0, 9.0, "stored", id="store asked for"),
    ],
)
def test_free_memory_decides(
    stored: StoredClips, monkeypatch: pytest.MonkeyPatch, where: Any, on_gpu: float,
    on_host: float, placed: str
) -> None:  # fmt: skip
    size = stored.frames.nbytes
    device = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(on_gpu * size), 0))
    monkeypatch.setattr(placement, "free_memory", lambda: on_host * size)
    monkeypatch.setattr(StoredClips, "to", lambda self, device: f"on {device}")
    monkeypatch.setattr(StoredClips, "in_memory", lambda self: planted_clips())
    monkeypatch.setattr(placement, "stream_clips", lambda clips, device: "streamed")
    monkeypatch.setattr(placement, "FrameFeed", lambda source, device: source)
    monkeypatch.setattr(placement, "_streamed", lambda clips, feed, device: "stored")
    found: Any = place_clips(stored, device, where)
    assert found == placed


@pytest.mark.parametrize(
    ("where", "on_host", "kind"),
    [
        pytest.param("auto", 2.1, ClipSet, id="room"),
        pytest.param("auto", 1.9, StreamedClips, id="little room"),
        pytest.param("device", 0.0, ClipSet, id="device"),
        pytest.param("host", 0.0, ClipSet, id="host"),
        pytest.param("store", 9.0, StreamedClips, id="store"),
    ],
)
def test_on_a_cpu(
    stored: StoredClips, monkeypatch: pytest.MonkeyPatch, where: Any, on_host: float, kind: Any
) -> None:
    monkeypatch.setattr(placement, "free_memory", lambda: on_host * stored.frames.nbytes)
    placed = place_clips(stored, CPU, where)
    assert type(placed) is kind
    clips, frames = np.array([4, 0]), np.array([[35, 3], [0, 1]])
    assert torch.equal(placed.gather(clips, frames), planted_clips().gather(clips, frames))


def test_too_much_for_the_gpu_is_refused(
    stored: StoredClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 1000))
    with pytest.raises(TrainingError, match=r"--clips-on: the clips do not fit on the GPU"):
        place_clips(stored, torch.device("cuda"), "device")


def test_other_clips_have_no_store() -> None:
    with pytest.raises(TrainingError, match=r"do not come from a store .*stcnet data store"):
        place_clips(planted_clips(), CPU, "store")


@pytest.mark.parametrize(
    ("available", "limit", "held", "free"),
    [
        pytest.param("9 kB", None, None, 9 * 1024, id="no container"),
        pytest.param("9 kB", "max", "5000", 9 * 1024, id="no limit"),
        pytest.param("9 kB", "8000", "5000", 3000, id="a tight container"),
        pytest.param("9 kB", "80000", "5000", 9 * 1024, id="a wide container"),
        pytest.param(None, None, None, float("inf"), id="nothing known"),
    ],
)
def test_free_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, available: str | None, limit: str | None,
    held: str | None, free: float
) -> None:  # fmt: skip
    monkeypatch.setattr(placement, "MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(placement, "CONTAINER", tmp_path)
    if available is not None:
        (tmp_path / "meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable:    {available}\n")
    for name, number in (("max", limit), ("current", held)):
        if number is not None:
            (tmp_path / f"memory.{name}").write_text(number + "\n")
    assert placement.free_memory() == free
