"""Clips, records that point at a server on this machine, and a clock that nobody waits for."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stcnet.datasets.download import Manner, Outcome, Pace, Request, Waiter, download
from video_host import Host, make_clip, near_network, records_at, running_host, write_records

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
    near_network(monkeypatch, tmp_path)
    with running_host() as host:
        yield host


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
