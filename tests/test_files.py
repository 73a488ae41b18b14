"""Files that appear whole or not at all."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stcnet.errors import OutputError
from stcnet.files import write_whole


def write(path: Path, content: bytes = b"new") -> None:
    write_whole(path, content, what="the list", hint="free disk space")


@contextmanager
def full_disk(limit: int = 2000) -> Iterator[None]:
    """No file grows beyond ``limit`` bytes, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "content", [b"", b"new", memoryview(b"seen")], ids=["empty", "bytes", "view"]
)
def test_content_arrives_and_nothing_else(tmp_path: Path, content: bytes | memoryview) -> None:
    write_whole(tmp_path / "file", content, what="the list", hint="none")
    assert (tmp_path / "file").read_bytes() == bytes(content)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_folder_is_made_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "file"
    with pytest.raises(OutputError, match=r"the list cannot be written \(got No such file"):
        write(path)
    assert not list(tmp_path.iterdir())
    write_whole(path, b"new", what="the list", hint="none", make_folder=True)
    assert path.read_bytes() == b"new"


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    (tmp_path / ".file.partial").write_bytes(b"left by a process that was killed")
    write(path)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    message = r"file: the list cannot be written \(got File too large\); free disk space"
    with full_disk(), pytest.raises(OutputError, match=message):
        write(path, bytes(5000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"below: the list cannot be written \(got "):
        write(tmp_path / "file" / "below")


def test_the_disk_has_the_content_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        told.append("folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "file")
        fsync(handle)

    def moved(self: Path, target: Path) -> Path:
        told.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    write(tmp_path / "file")
    assert told == ["file", "name", "folder"]


WRITER = """
import sys
from pathlib import Path
from stcnet.files import write_whole
number = 0
while True:
    number += 1
    write_whole(Path(sys.argv[1]), str(number % 10).encode() * 4_000_000, what="x", hint="y")
"""


def test_a_killed_writer_leaves_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for wait_s in (0.013, 0.029, 0.041):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        give_up = time.monotonic() + 60
        path.unlink(missing_ok=True)
        while not path.exists():
            assert time.monotonic() < give_up
            time.sleep(0.005)
        time.sleep(wait_s)
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        content = path.read_bytes()
        assert len(content) == 4_000_000
        assert content == content[:1] * len(content)
