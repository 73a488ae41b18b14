"""A clip as RISE publishes it is good, and its checks see all of it."""

from pathlib import Path

import pytest

from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.download.causes import WrongContentError
from stcnet.datasets.download.checking import require_clip


@pytest.mark.real_data
def test_a_published_clip(shared_data: Path) -> None:
    (path,) = (shared_data / "real-video").glob("*.mp4")
    assert require_clip(path, 180) == require_clip(path, None) == 180
    with pytest.raises(WrongContentError, match="180x180 pixels, not 320x320"):
        require_clip(path, 320)


@pytest.mark.real_data
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_published_clip_cut_off_is_refused(
    shared_data: Path, tmp_path: Path, share: float
) -> None:
    (path,) = (shared_data / "real-video").glob("*.mp4")
    content = path.read_bytes()
    part = tmp_path / path.name
    part.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WrongContentError):
        require_clip(part, 180)


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
