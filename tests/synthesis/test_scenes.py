"""Rendered scenes and the sample video of the demo."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from stcnet.demo import FRAME_INTERVAL_S, SAMPLE_PATH, SMOKE_START_S, SMOKE_STOP_S
from stcnet.errors import OutputError
from stcnet.synthesis.plants import paint_plant, random_plant
from stcnet.synthesis.sample import sample_scene, write_video
from stcnet.synthesis.scenes import random_scene, render_background, render_clip, render_scene
from stcnet.types import Picture

SIZE = (60, 80)


def decode(path: Path) -> Picture:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)


def test_a_clip_follows_from_its_seed() -> None:
    first, second, other = (render_clip(s, True, 3, 5.0, SIZE) for s in (1, 1, 2))
    assert first.shape == (3, *SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.abs(first.astype(int) - other).mean() > 5


@pytest.mark.parametrize("seed", range(5))
def test_smoke_is_the_only_difference_it_makes(seed: int) -> None:
    clear, smoky = (render_clip(seed, smoke, 3, 5.0, SIZE).astype(int) for smoke in (False, True))
    change = np.abs(clear - smoky).max(-1)
    assert (change > 8).mean() > 0.002
    assert (change == 0).mean() > 0.4


def test_stacks_are_where_the_smoke_leaves() -> None:
    plant = random_plant(3)
    painted = paint_plant(plant, 120, 160)
    for x, y in plant.mouths("stack"):
        assert painted[int((y + 0.03) * 120), int(x * 160), 3] > 0.5
        assert painted[int((y - 0.03) * 120), int(x * 160), 3] == 0


def test_the_scene_stands_still_while_sky_and_light_move() -> None:
    scene = random_scene(4, with_smoke=False)
    frames = render_background(scene, torch.tensor([0.0, 5.0, 300.0]), *SIZE)
    change = (frames[1:] - frames[:1]).abs().mean((1, 2, 3))
    assert change[0] < 2
    assert change[1] > change[0]
    assert frames.min() >= 0
    assert frames.max() <= 255


def test_the_bundled_sample_is_what_its_module_renders() -> None:
    frames = decode(SAMPLE_PATH)
    assert SAMPLE_PATH.stat().st_size < 700_000
    assert frames.shape == (132, 240, 320, 3)
    chosen = [2, 70, 125]
    times_s = torch.tensor(chosen) * FRAME_INTERVAL_S
    rendered = render_scene(sample_scene(), times_s, *frames.shape[1:3])
    assert np.abs(rendered.astype(int) - frames[chosen]).mean() < 4


def test_the_sample_smokes_between_its_times() -> None:
    times_s = torch.tensor([SMOKE_START_S - 5, SMOKE_START_S + 60, SMOKE_STOP_S + 120])
    scene = sample_scene()
    background = render_background(scene, times_s, *SIZE).permute(0, 2, 3, 1).numpy()
    difference = render_scene(scene, times_s, *SIZE) - background
    changed = (np.abs(difference.mean(-1)) > 15).mean((1, 2))
    assert changed[1] > 0.01 > 0.001 > max(changed[0], changed[2])


def test_written_video_keeps_its_frames(tmp_path: Path) -> None:
    frames = render_clip(1, True, 4, 5.0, SIZE)
    write_video(tmp_path / "clip.mp4", frames, 12)
    assert np.abs(decode(tmp_path / "clip.mp4").astype(int) - frames).mean() < 5


def test_a_folder_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    frames = np.zeros((1, 16, 16, 3), np.uint8)
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_video(tmp_path / "none" / "clip.mp4", frames, 12)
    assert "\n" not in str(caught.value)
