"""The manifest takes what it is given, and survives what may befall it."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stcnet.datasets.download.manifest import MANIFEST_FILE, Entry, Manifest, read_manifest
from stcnet.errors import DataError, OutputError


def entry(name: str = "a", size: int = 180) -> Entry:
    return Entry(
        file_name=name, sha256="0" * 64, bytes=9, frames=36, size=size, source="a.zip!/a.mp4",
        fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip


def test_what_is_added_can_be_read(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == {}
    with Manifest(tmp_path) as manifest:
        manifest.add(entry("a"))
        manifest.add(entry("b"))
        manifest.add(entry("a", size=320))
    assert read_manifest(tmp_path) == {"a": entry("a", size=320), "b": entry("b")}


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / MANIFEST_FILE
    with Manifest(tmp_path) as manifest:
        manifest.add(entry("a"))
        manifest.add(entry("b"))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole)):
        path.write_bytes(whole[:length])
        assert read_manifest(tmp_path) == {"a": entry("a")}
        with Manifest(tmp_path) as manifest:
            manifest.add(entry("b"))
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("line", "field"),
    [
        pytest.param("{", "Invalid JSON", id="no JSON"),
        pytest.param(entry().model_dump_json().replace("36", '"x"'), "frames", id="a wrong field"),
        pytest.param(entry().model_dump_json().replace("}", ',"x":1}'), "x Extra", id="one more"),
        pytest.param(
            entry().model_dump_json().replace('"a"', '"../a"'), "file_name", id="a hostile name"
        ),
    ],
)
def test_a_line_that_is_no_entry(tmp_path: Path, line: str, field: str) -> None:
    content = f"{entry().model_dump_json()}\n{line}\n"
    (tmp_path / MANIFEST_FILE).write_text(content)
    with pytest.raises(DataError, match=re.escape(f"{MANIFEST_FILE}, line 2: the line is no")) as e:
        Manifest(tmp_path)
    assert field in str(e.value)
    assert (tmp_path / MANIFEST_FILE).read_text() == content


@pytest.mark.parametrize("name", [".hidden", "../a", "a/b", "", "a" * 201, "a\n", "caf\u00e9"])
def test_no_entry_has_a_hostile_name(name: str) -> None:
    with pytest.raises(ValueError, match="file_name"):
        entry(name)


def test_a_full_disk_leaves_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def half(handle: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(28, "No space left on device")
        return write(handle, content[:100])

    with Manifest(tmp_path) as manifest:
        manifest.add(entry("a"))
        with monkeypatch.context() as patch:
            patch.setattr("os.write", half)
            with pytest.raises(OutputError, match="No space left on device"):
                manifest.add(entry("b"))
        assert read_manifest(tmp_path) == {"a": entry("a")}
        manifest.add(entry("c"))
    assert read_manifest(tmp_path).keys() == {"a", "c"}


def test_no_manifest_where_there_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(tmp_path)
