"""Flow says where things went, in pixels, is clipped, and is taken once."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stcnet.datasets import optical_flow
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.optical_flow import (
    BOUND_PX,
    ByteArray,
    clip_flow,
    flow_between,
    flow_clips,
    flow_pixels,
)
from stcnet.errors import DataError, OutputError

SIDE = 48


def pattern(seed: int = 0) -> ByteArray:
    """A smooth random pattern, twice as wide as a picture."""
    noise = np.random.default_rng(seed).random((2 * SIDE, 2 * SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    grey = (smooth - smooth.min()) / np.ptp(smooth) * 255
    return np.stack([grey.astype(np.uint8)] * 3)


def seen(right: int = 0, down: int = 0, seed: int = 0) -> ByteArray:
    """The pattern as it looks after it moved."""
    top, left = SIDE // 2 - down, SIDE // 2 - right
    return pattern(seed)[:, top : top + SIDE, left : left + SIDE]


def moving_clips(count: int = 2, frames: int = 3) -> ClipSet:
    """Clips of a pattern that goes one pixel to the right each frame."""
    clips = [np.stack([seen(right=f, seed=seed) for f in range(frames)]) for seed in range(count)]
    return ClipSet(
        torch.from_numpy(np.stack(clips)),
        torch.arange(count) % 2,
        np.arange(1.0, count + 1),
        tuple(f"clip-{number}" for number in range(count)),
        np.full(count, 0.5),
        tuple(f"0-{number}" for number in range(count)),
    )


@pytest.mark.parametrize(
    ("right", "down"), [(0, 0), (3, 0), (-2, 0), (0, 4), (1, -3)], ids=lambda pixels: f"{pixels}"
)
def test_a_moved_pattern(right: int, down: int) -> None:
    flow = flow_between(seen(), seen(right, down))
    assert flow.shape == (2, SIDE, SIDE)
    assert flow.dtype == np.float32
    assert np.median(flow[0]) == pytest.approx(right, abs=0.05)
    assert np.median(flow[1]) == pytest.approx(down, abs=0.05)


@given(pixels=st.floats(-BOUND_PX, BOUND_PX, width=32))
def test_eight_bits_keep_a_displacement_to_a_fraction_of_a_pixel(pixels: float) -> None:
    stored = int(flow_pixels(np.array(pixels, dtype=np.float32)))
    assert stored / 255 * 2 * BOUND_PX - BOUND_PX == pytest.approx(pixels, abs=0.08)


@pytest.mark.parametrize(
    ("pixels", "stored"), [(-1e6, 0), (-20, 0), (20, 255), (25, 255), (float("inf"), 255)]
)
def test_far_displacements_are_clipped(pixels: float, stored: int) -> None:
    assert flow_pixels(np.array([pixels], dtype=np.float32)).tolist() == [stored]


def test_the_last_flow_of_a_clip_stands_twice() -> None:
    frames = np.stack([seen(), seen(2), seen(1)])
    flow = clip_flow(frames)
    assert flow.shape == (3, 2, SIDE, SIDE)
    assert flow.dtype == np.uint8
    there, back, again = np.median(flow[:, 0], axis=(1, 2)) / 255 * 40 - 20
    assert there == pytest.approx(2, abs=0.1)
    assert back == again == pytest.approx(-1, abs=0.1)
    assert np.array_equal(flow[1], flow[2])


def test_everything_but_the_frames_stays() -> None:
    clips, told = moving_clips(), []
    flows = flow_clips(clips, on_clip=lambda done, total: told.append((done, total)))
    assert flows.frames.shape == (2, 3, 2, SIDE, SIDE)
    assert flows.frames.dtype == torch.uint8
    assert torch.equal(flows.labels, clips.labels)
    assert (flows.ids, flows.views) == (clips.ids, clips.views)
    assert flows.weights.tolist() == [1.0, 2.0]
    assert flows.label_weights.tolist() == [0.5, 0.5]
    assert told == [(1, 2), (2, 2)]


def test_processes_give_the_same_in_the_same_order() -> None:
    clips = moving_clips(3, frames=2)
    alone, together = flow_clips(clips), flow_clips(clips, workers=2)
    assert torch.equal(alone.frames, together.frames)
    assert not torch.equal(alone.frames[0], alone.frames[1])


def test_a_process_at_work_imports_neither_torch_nor_scikit_image_before_it_must() -> None:
    program = (
        "import stcnet.datasets.optical_flow, sys; print({'torch', 'skimage'} & {*sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the clips whose flow is really taken."""
    lengths: list[int] = []

    def counted(frames: ByteArray) -> ByteArray:
        lengths.append(len(frames))
        return clip_flow(frames)

    monkeypatch.setattr(optical_flow, "clip_flow", counted)
    return lengths


def test_a_flow_is_taken_once(taken: list[int], tmp_path: Path) -> None:
    clips = moving_clips(frames=2)
    first = flow_clips(clips, cache=tmp_path / "flows")
    again = flow_clips(clips.select([1, 0]), cache=tmp_path / "flows")
    assert taken == [2, 2]
    assert torch.equal(first.frames[[1, 0]], again.frames)


def test_other_settings_are_other_flows(
    taken: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = moving_clips(1, frames=2)
    smooth = flow_clips(clips, cache=tmp_path)
    monkeypatch.setattr(optical_flow, "DATA_WEIGHT", 1.0)
    smoother = flow_clips(clips, cache=tmp_path)
    assert taken == [2, 2]
    assert not torch.equal(smooth.frames, smoother.frames)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01", b"garbage"], ids=["empty", "cut", "no"])
def test_a_damaged_flow_is_taken_again(content: bytes, taken: list[int], tmp_path: Path) -> None:
    clips = moving_clips(1, frames=2)
    whole = flow_clips(clips, cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    stored.write_bytes(content)
    assert torch.equal(flow_clips(clips, cache=tmp_path).frames, whole.frames)
    assert torch.equal(flow_clips(clips, cache=tmp_path).frames, whole.frames)
    assert taken == [2, 2]


def test_a_flow_of_another_shape_is_taken_again(taken: list[int], tmp_path: Path) -> None:
    clips = moving_clips(1, frames=2)
    flow_clips(clips, cache=tmp_path)
    (stored,) = tmp_path.iterdir()
    np.save(stored, np.zeros((2, 2, 4, 4), dtype=np.uint8))
    assert flow_clips(clips, cache=tmp_path).frames.any()
    assert taken == [2, 2]


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="the optical flow cannot be written"):
        flow_clips(moving_clips(1, frames=2), cache=tmp_path / "file" / "flows")


@pytest.mark.parametrize(
    ("shape", "got"),
    [
        ((1, 1, 3, 8, 8), "1 frame of 3 channels"),
        ((1, 4, 2, 8, 8), "4 frames of 2 channels"),
    ],
    ids=["one frame", "flow already"],
)
def test_clips_without_a_flow(shape: tuple[int, ...], got: str) -> None:
    frames = torch.zeros(shape, dtype=torch.uint8)
    clips = ClipSet(frames, torch.zeros(1, dtype=torch.int64), np.ones(1), ("a",))
    with pytest.raises(DataError, match=f"got {got}"):
        flow_clips(clips)
