"""What a check of a folder finds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stcnet.datasets.download import Manner, Pace, fetch_again, verify
from stcnet.errors import DataError
from video_host import Host, make_clip, status, write_records

from .conftest import Bring

Records = list[dict[str, Any]]


def spoilt_byte(path: Path) -> None:
    """Another byte where the decoder does not look: in the name of a box that it skips."""
    content = path.read_bytes()
    path.write_bytes(content + b"\0\0\0\x0cfree1234")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


SPOILERS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "missing": (Path.unlink, "missing", "it was fetched once"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-5]), "truncated", "bytes"),
    "empty": (lambda path: path.write_bytes(b""), "truncated", "0 of"),
    "changed": (spoilt_byte, "changed", "other bytes"),
    "another clip": (lambda path: make_clip(path, 250), "changed", "other bytes"),
    "another size": (
        lambda path: make_clip(path, 9, size=320),
        "unreadable",
        "320x320 pixels, not 180x180",
    ),
    "no video": (lambda path: path.write_bytes(bytes(9999)), "unreadable", "no MP4"),
    "a folder": (a_folder, "unreadable", "it is no file"),
}


@pytest.mark.parametrize(("spoil", "kind", "detail"), SPOILERS.values(), ids=SPOILERS)
def test_what_is_wrong_is_found_and_repaired(
    host: Host,
    records: Records,
    folder: Path,
    bring: Bring,
    spoil: Callable[[Path], object],
    kind: str,
    detail: str,
) -> None:
    bring()
    path = folder / "videos" / f"{records[2]['file_name']}.mp4"
    good = path.read_bytes()
    spoil(path)
    found = verify(folder)
    (finding,) = found.findings
    assert (finding.kind, finding.name) == (kind, path.name)
    assert detail in finding.detail
    assert found.checked == 4
    assert found.repairable == {path.stem}
    if path.is_dir():
        path.rmdir()
    fetch_again(folder, found.repairable, manner=Manner(Pace(rate=100)))
    assert verify(folder).findings == ()
    assert path.read_bytes() == good


def test_what_was_never_fetched_is_missing(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    host.always["/videos/180/" + records[1]["url_part"]] = status(404)
    bring()
    (finding,) = verify(folder).findings
    assert (finding.kind, finding.detail) == ("missing", "it was never fetched")


def test_what_nobody_fetched_is_extra(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    bring()
    name = f"{records[0]['file_name']}.mp4"
    for extra in ("a.mp4", ".a.mp4.partial"):
        (folder / "videos" / extra).write_bytes(b"")
    for part in (f".{name}.partial", f".{name}.partial.json", f"..{name}.partial.json.partial"):
        (folder / "videos" / part).write_bytes(b"")
    found = verify(folder)
    assert [(finding.kind, finding.name) for finding in found.findings] == [
        ("extra", ".a.mp4.partial"),
        ("extra", "a.mp4"),
    ]
    assert (found.checked, found.repairable) == (4, frozenset())


def test_names_that_cannot_be_printed(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    bring(limit=1)
    (folder / "videos" / "a\n\udcff.mp4").write_bytes(b"")
    assert [finding.name for finding in verify(folder).findings] == [r"'a\n\udcff.mp4'"]


def test_a_video_without_an_entry_is_taken_in_by_a_repair(
    host: Host, records: Records, folder: Path, bring: Bring, clips: list[bytes]
) -> None:
    host.always["/videos/180/" + records[1]["url_part"]] = status(404)
    bring()
    (folder / "videos" / f"{records[1]['file_name']}.mp4").write_bytes(clips[2])
    found = verify(folder)
    assert [finding.kind for finding in found.findings] == ["extra"]
    fetch_again(folder, found.repairable)
    assert verify(folder).findings == ()


def test_wrong_records_are_told(host: Host, records: Records, folder: Path, bring: Bring) -> None:
    write_records(folder, [*records, {"id": 99}])
    bring()
    (finding,) = verify(folder).findings
    assert (finding.kind, finding.name) == ("wrong record", "")
    assert "record 4 (id 99)" in finding.detail


def test_all_videos_gone(host: Host, records: Records, folder: Path, bring: Bring) -> None:
    bring()
    for path in (folder / "videos").iterdir():
        path.unlink()
    (folder / "videos").rmdir()
    assert [finding.kind for finding in verify(folder).findings] == ["missing"] * 4


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no manifest to compare with"):
        verify(tmp_path)
