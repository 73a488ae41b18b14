"""Videos of any length, cadence and shape become 36 frames at the model's cadence."""

from pathlib import Path

import numpy as np
import pytest

from own_clips import grey, numbers_of, write_clip, write_stamped
from stcnet.datasets.own.footage import clip_positions, look_at, read_clip
from stcnet.errors import DataError, SourceError, StcnetError
from stcnet.preprocess import phase_indices
from stcnet.types import Zone

SPREAD = [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("frames", "numbers"),
    [
        pytest.param(36, list(range(36)), id="as long as a clip"),
        pytest.param(18, [place // 2 for place in range(36)], id="half as long: each frame twice"),
        pytest.param(40, list(range(2, 38)), id="longer: the middle"),
    ],
)
def test_a_time_lapse_gives_36_frames(tmp_path: Path, frames: int, numbers: list[int]) -> None:
    path = write_clip(tmp_path / "a.mp4", frames)
    assert numbers_of(read_clip(path, 5.0, None, 16).frames) == numbers
    assert look_at(path, 5.0, None).frames == frames


@pytest.mark.parametrize("count", [*range(18, 37)])
def test_a_short_clip_is_sampled_as_by_score(count: int) -> None:
    places = clip_positions(count)
    spread = [[places[i] for i in phase] for phase in phase_indices(36, 9, 4)]
    assert spread == phase_indices(count, 9, 4).tolist()


def test_real_time_video_is_sampled_to_the_cadence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 180, fps=1)
    footage = read_clip(path, None, None, 16)
    assert (footage.first_s, footage.last_s) == (0.0, 175.0)
    assert numbers_of(footage.frames) == [5 * place % 48 for place in range(36)]
    found = look_at(path, None, None)
    assert (found.frames, found.span_s, found.interval_s) == (37, 179.0, None)


def test_of_two_stretches_the_longer_one_is_taken(tmp_path: Path) -> None:
    stamps = [*range(0, 50, 5), *range(200, 300, 5)]
    path = write_stamped(tmp_path / "a.mp4", stamps)
    footage = read_clip(path, None, None, 16)
    assert (footage.first_s, footage.last_s) == (200.0, 295.0)
    assert set(numbers_of(footage.frames)) == set(range(10, 30))


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param("right=32,0,32,32", id="pixels"),
        pytest.param("right=0.5,0,0.5,1", id="fractions"),
    ],
)
def test_a_zone_is_cut_out(tmp_path: Path, zone: str) -> None:
    path = write_clip(tmp_path / "a.mp4", 36, size=(64, 32))
    frames = read_clip(path, 5.0, Zone.parse(zone), 8).frames
    assert frames.shape == (36, 8, 8, 3)
    np.testing.assert_allclose(frames[7], grey(7)[:8, 16:24], atol=3)


@pytest.mark.parametrize("size", [(96, 32), (32, 96)], ids=["wide", "high"])
def test_without_a_zone_the_centred_square_counts(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_clip(tmp_path / "a.mp4", 36, size=size)
    frames = read_clip(path, 5.0, None, 32).frames
    np.testing.assert_allclose(frames[9], grey(9), atol=3)


@pytest.mark.parametrize(
    ("frames", "interval_s", "zone", "kind", "message"),
    [
        pytest.param(17, 5.0, None, DataError, "gives 17 frames, one every 5 s", id="short"),
        pytest.param(36, None, None, DataError, "between its frames with --interval", id="played"),
        pytest.param(109, 5.0, None, DataError, "too long for one label", id="long"),
        pytest.param(36, 8.0, None, SourceError, "one frame every 8 s", id="sparse"),
        pytest.param(
            36, 5.0, "a=0,0,64,32", DataError, "a.mp4: zone a: .* outside the", id="outside"
        ),
        pytest.param(36, 5.0, "a=0,0,0.1,1", DataError, "zone is too small", id="small"),
    ],
)
def test_what_makes_no_clip_is_one_line(
    tmp_path: Path,
    frames: int,
    interval_s: float | None,
    zone: str | None,
    kind: type[StcnetError],
    message: str,
) -> None:
    path = write_clip(tmp_path / "a.mp4", frames)
    area = Zone.parse(zone) if zone else None
    with pytest.raises(kind, match=message):
        look_at(path, interval_s, area)
    with pytest.raises(kind, match=message):
        read_clip(path, interval_s, area, 16)


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 36, size=(12, 40))
    with pytest.raises(DataError, match=r"picture is too small \(got 12x12 pixels"):
        look_at(path, 5.0, None)
