"""``benchmarks/loader.py`` compares like with like: every way delivers the same frames."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from benchmark_scripts import loaded

SIZE = 24


@pytest.fixture(scope="module")
def loader() -> Iterator[ModuleType]:
    with loaded("loader") as module:
        yield module


def test_every_way_delivers_the_same_frames(
    loader: ModuleType, small_data: Path, tmp_path: Path
) -> None:
    videos = loader.write_videos(small_data, 2, tmp_path / "videos")
    ways = loader.prepare(tmp_path, videos, SIZE, [1])
    assert [way.kind for way in ways] == ["memory", "npy", "store", "store", "store", "mp4"]
    clips, frames = np.array([1, 0, 1]), np.array([[0, 35], [3, 8], [20, 21]])
    wanted, *others = (loader.gather_from(way, SIZE)(clips, frames).float() for way in ways)
    assert wanted.shape == (3, 2, 3, SIZE, SIZE)
    for way, found in zip(ways[1:], others, strict=True):
        if "jpeg" in way.name:
            assert 0 < (found - wanted).abs().mean() < 3
        else:
            assert torch.equal(found, wanted), way.name
    rows = loader.rows_of({way: [loader.Measured(2.0, 1.0, 3.0)] for way in ways}, 2, SIZE)
    assert rows[0]["disk for RISE, GB"] == 0
    assert rows[1]["disk for RISE, GB"] == round(36 * 3 * SIZE**2 * 12_567 / 1e9, 1)
