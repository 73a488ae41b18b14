"""Clips, records that point at a server on this machine, and a clock that nobody waits for."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rise_records import record_values
from stcnet.datasets.download import Manner, Outcome, Pace, Request, Waiter, download
from stcnet.video import Mp4Writer

from .host import Host, running_host

FRAMES = 36
CLIPS = 3


class FakeWaiter(Waiter):
    """A clock that stands still but for the waiting, of which it keeps a list."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._now_s = 0.0
        self._lock = threading.Lock()

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        self.check()
        with self._lock:
            self.waits.append(seconds)
            self._now_s += seconds


def make_clip(path: Path, shade: int, size: int = 180, frames: int = FRAMES) -> bytes:
    with Mp4Writer(path, 12, size, size) as writer:
        for number in range(frames):
            image = np.full((size, size, 3), shade, np.uint8)
            image[: 2 * number, : 3 * number] = 200
            writer.write(image)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut would tell the difference, and no test cuts the power."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Three good clips of 180 pixels."""
    folder = tmp_path_factory.mktemp("clips")
    return [make_clip(folder / f"{shade}.mp4", 30 * shade) for shade in range(CLIPS)]


@pytest.fixture(scope="session")
def large_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good clip of 320 pixels."""
    return make_clip(tmp_path_factory.mktemp("large") / "large.mp4", 90, size=320)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Host]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # Reading all certificates takes longer than a whole download here, which needs none.
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with running_host() as host:
        yield host


def records_at(host: Host, clips: Sequence[bytes], count: int = 4) -> list[dict[str, Any]]:
    """Records of as many clips, which the host has from now on."""
    records = []
    for number in range(count):
        record = record_values(number, view=f"0-{number}", minute=10 * number)
        part = f"2018-06-11/{record['file_name']}.mp4"
        record |= {"url_root": f"{host.root}/videos/180/", "url_part": part}
        host.files[path_of(record)] = clips[number % len(clips)]
        records.append(record)
    return records


def path_of(record: dict[str, Any], size: int = 180) -> str:
    """Where the host has the video of a record."""
    path = f"/videos/{size}/{record['url_part']}"
    return path.replace("-180-180-", f"-{size}-{size}-")


def write_records(folder: Path, records: Sequence[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "metadata.json"
    path.write_text(json.dumps(records))
    return path


@pytest.fixture
def records(host: Host, clips: list[bytes], tmp_path: Path) -> list[dict[str, Any]]:
    """Four records, in the metadata of the folder ``rise`` and on the host."""
    records = records_at(host, clips)
    write_records(tmp_path / "rise", records)
    return records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rise"


@pytest.fixture
def waiter() -> FakeWaiter:
    return FakeWaiter()


Bring = Callable[..., Outcome]


@pytest.fixture
def bring(folder: Path, waiter: FakeWaiter) -> Bring:
    """Downloads into the folder ``rise``, without waiting; one video after the other."""

    def invoke(timeout_s: float = 30.0, attempts: int = 6, **wanted: Any) -> Outcome:
        request = Request(**{"dataset": "rise", "size": 180, **wanted})
        pace = Pace(workers=1, rate=100, attempts=attempts, timeout_s=timeout_s)
        return download(folder, request, manner=Manner(pace, waiter))

    return invoke


def videos(folder: Path) -> dict[str, bytes]:
    """What is in the folder of videos, partial files and all."""
    return {path.name: path.read_bytes() for path in (folder / "videos").iterdir()}
