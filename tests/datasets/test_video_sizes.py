"""The sizes of videos, told by their heads."""

from pathlib import Path

import numpy as np
import pytest

from stcnet.datasets.videos.sizes import sides_of
from stcnet.video import Mp4Writer


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        pytest.param([(32, 32), (32, 32)], {32}, id="alike"),
        pytest.param([(32, 32), (48, 48)], {32, 48}, id="several"),
        pytest.param([(64, 48)], {48}, id="not square"),
        pytest.param([], set(), id="none"),
    ],
)
def test_sides(tmp_path: Path, sizes: list[tuple[int, int]], found: set[int]) -> None:
    paths = [tmp_path / f"{number}.mp4" for number in range(len(sizes))]
    for path, (width, height) in zip(paths, sizes, strict=True):
        with Mp4Writer(path, 12, width, height) as writer:
            for _ in range(2):
                writer.write(np.zeros((height, width, 3), np.uint8))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    assert sides_of([*paths, broken, tmp_path / "missing.mp4"]) == found
