"""Videos out of zip archives that a user fetched, hostile ones included."""

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stcnet.datasets.download import Outcome, read_manifest, verify
from stcnet.datasets.download.archives import Archives
from stcnet.datasets.download.request import read_request
from stcnet.errors import DataError, OutputError
from video_host import Host, path_of, write_records

from .conftest import Bring, videos

Records = list[dict[str, Any]]


def zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def nowhere(records: Records, folder: Path) -> Records:
    """Four records that do not say where their videos are."""
    for record in records:
        del record["url_root"], record["url_part"]
    write_records(folder, records)
    return records


def bring_from(tmp_path: Path, bring: Bring, content: bytes, **wanted: Any) -> Outcome:
    path = tmp_path / "videos.zip"
    path.write_bytes(content)
    return bring(archives=(path,), **wanted)


def test_found_by_name_however_nested(
    nowhere: Records, folder: Path, bring: Bring, tmp_path: Path, clips: list[bytes]
) -> None:
    names = [f"{record['file_name']}.mp4" for record in nowhere]
    innermost = zipped({f"deep/{names[3]}": clips[0]})
    inner = zipped({names[1]: clips[1], f"180/{names[2]}": clips[2], "more.ZIP": innermost})
    outer = zipped({f"RISE/videos/180/{names[0]}": clips[0], "a/b/rest.zip": inner, "a.txt": b""})
    assert bring_from(tmp_path, bring, outer).missing == ()
    expected = [clips[0], clips[1], clips[2], clips[0]]
    assert videos(folder) == dict(zip(names, expected, strict=True))
    entries = read_manifest(folder)
    sources = [entries[record["file_name"]].source for record in nowhere]
    assert sources == [
        f"videos.zip!/RISE/videos/180/{names[0]}",
        f"videos.zip!/a/b/rest.zip!/{names[1]}",
        f"videos.zip!/a/b/rest.zip!/180/{names[2]}",
        f"videos.zip!/a/b/rest.zip!/more.ZIP!/deep/{names[3]}",
    ]
    assert verify(folder).findings == ()


def test_of_two_sizes_the_one_that_is_wanted(
    nowhere: Records, folder: Path, bring: Bring, tmp_path: Path, clips: list[bytes],
    large_clip: bytes,
) -> None:  # fmt: skip
    names = [f"{record['file_name']}.mp4" for record in nowhere]
    large = [name.replace("-180-180-", "-320-320-") for name in names]
    members = {f"180/{name}": clips[0] for name in names} | {f"320/{names[0]}": large_clip}
    members |= {f"320/{name}": large_clip for name in large[1:]}
    assert bring_from(tmp_path, bring, zipped(members), size=320).missing == ()
    assert videos(folder) == dict.fromkeys(names, large_clip)


def test_what_no_archive_has_is_fetched(
    host: Host, records: Records, bring: Bring, tmp_path: Path, clips: list[bytes]
) -> None:
    content = zipped({f"{records[0]['file_name']}.mp4": clips[0]})
    assert bring_from(tmp_path, bring, content).missing == ()
    assert {request.path for request in host.requests} == set(map(path_of, records[1:]))


def test_what_nobody_has_is_missing(
    nowhere: Records, folder: Path, bring: Bring, tmp_path: Path, clips: list[bytes]
) -> None:
    content = bytearray(zipped({f"{nowhere[0]['file_name']}.mp4": clips[0]}))
    content[200] ^= 255
    missing = bring_from(tmp_path, bring, bytes(content)).missing
    assert [video.cause for video in missing] == ["damaged archive"] + ["not in the archives"] * 3
    assert "url_root" in missing[1].detail
    assert videos(folder) == {}


def info_of(name: str, **changes: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.file_size = info.compress_size = 100
    for key, value in changes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        pytest.param(info_of("../{}"), "leads out", id="up"),
        pytest.param(info_of("a/../../{}"), "leads out", id="up from below"),
        pytest.param(info_of("/etc/{}"), "leads out", id="absolute"),
        pytest.param(info_of("C:/{}"), "leads out", id="a drive"),
        pytest.param(info_of("..\\{}"), "leads out", id="backslash"),
        pytest.param(info_of("a\n/{}"), "leads out", id="a control character"),
        pytest.param(info_of("{}", external_attr=(stat.S_IFLNK | 0o777) << 16), "link", id="link"),
    ],
)
def test_hostile_members_are_passed_over(
    nowhere: Records, folder: Path, bring: Bring, tmp_path: Path, clips: list[bytes],
    caplog: pytest.LogCaptureFixture, info: zipfile.ZipInfo, reason: str,
) -> None:  # fmt: skip
    info = info_of(info.filename.format(f"{nowhere[0]['file_name']}.mp4"),
                   external_attr=info.external_attr)  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, clips[0])
    before = {path for path in tmp_path.parent.rglob("*") if folder not in path.parents}
    missing = bring_from(tmp_path, bring, file.getvalue()).missing
    assert {video.cause for video in missing} == {"not in the archives"}
    assert reason in caplog.text
    after = {path for path in tmp_path.parent.rglob("*") if folder not in path.parents}
    assert after - before == {tmp_path / "videos.zip"}


def of_another_version(archive: bytes) -> bytes:
    """An archive whose first member wants an unzip that nobody has."""
    changed = bytearray(archive)
    changed[changed.index(b"PK\1\2") + 6] = 99
    return bytes(changed)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            of_another_version(zipped({"a": b"a"})), "zip file version 9.9", id="another version"
        ),
        pytest.param(b"no zip", "is no zip archive", id="no archive"),
        pytest.param(zipped({"a": bytes(10**6)}), "", id="a good one"),
        pytest.param(bytes(10**6), "shrinks that much", id="a bomb"),
    ],
)
def test_archives_within_archives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(zipped({"inner.zip": content}))
    with Archives([path], tmp_path):
        assert reason in caplog.text
        assert bool(caplog.text) is bool(reason)


def test_too_deep_too_many_and_encrypted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, clips: list[bytes]
) -> None:
    content = zipped({"a.mp4": clips[0]})
    for _ in range(3):
        content = zipped({"inner.zip": content})
    encrypted = bytearray(zipped({"b.mp4": clips[0]}))
    encrypted[encrypted.rindex(b"PK\1\2") + 8] |= 1
    hostile = zipped({f"../{number}.mp4": b"" for number in range(9)})
    paths = [tmp_path / f"{number}.zip" for number in range(3)]
    for path, archive in zip(paths, (content, bytes(encrypted), hostile), strict=True):
        path.write_bytes(archive)
    with Archives(paths, tmp_path) as archives:
        assert archives.named("a.mp4", "b.mp4", "0.mp4") == []
    assert "nested deeper than 3" in caplog.text
    assert "it is encrypted" in caplog.text
    assert caplog.messages[-1] == "11 members of the archives are passed over"
    assert len(caplog.messages) == 6


def test_a_member_without_end_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stcnet.datasets.download.archives.LONGEST_BYTES", 99)
    (tmp_path / "a.zip").write_bytes(zipped({"a.mp4": bytes(100)}))
    with Archives([tmp_path / "a.zip"], tmp_path) as archives:
        assert archives.named("a.mp4") == []
    assert "longer than 99 bytes" in caplog.text


@pytest.mark.parametrize(
    ("content", "got"), [(None, "No such file"), (b"x", "not a zip"), (b"", "not a zip")],
    ids=["missing", "no archive", "empty"],
)  # fmt: skip
def test_an_archive_that_cannot_be_read(
    nowhere: Records, folder: Path, bring: Bring, tmp_path: Path, content: bytes | None, got: str
) -> None:
    path = tmp_path / "a.zip"
    if content is not None:
        path.write_bytes(content)
    bring(limit=1)
    with pytest.raises(DataError, match=f"a.zip: the archive cannot be read .*{got}"):
        bring(archives=(path,))
    assert read_request(folder).archives == (), "what was asked for in vain is not repaired from"
    assert (folder / "missing.csv").is_file()


def test_no_room_for_an_archive_within_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

    (tmp_path / "a.zip").write_bytes(zipped({"inner.zip": b"x"}))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: Full())  # noqa: A006
    with pytest.raises(OutputError, match=r"a\.zip!/inner\.zip: .*No space left"):
        Archives([tmp_path / "a.zip"], tmp_path)
