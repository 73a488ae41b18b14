"""Downloads as a whole: one at a time, in the right order, ended at once, on a full disk."""

import threading
from pathlib import Path
from typing import Any

import pytest

from rise_records import record_values
from stcnet.datasets.download import (
    Manner,
    Pace,
    Request,
    download,
    fetch_again,
    read_manifest,
    verify,
)
from stcnet.datasets.download.crew import Crew
from stcnet.datasets.download.manifest import Manifest
from stcnet.datasets.download.politeness import StoppedError, Waiter
from stcnet.errors import ConfigError, OutputError
from video_host import Host, path_of, silent, status, write_records

from .conftest import Bring, videos

Records = list[dict[str, Any]]
RISE = Request("rise", 180)


def name_of(record: dict[str, Any]) -> str:
    return f"{record['file_name']}.mp4"


def test_many_at_a_time(host: Host, records: Records, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    manner = Manner(Pace(workers=4, rate=100), listener=lambda *done: told.append(done))
    assert download(folder, RISE, manner=manner).fetched == 4
    assert told == [(done, 4) for done in range(5)]
    assert verify(folder).findings == ()


def test_one_download_at_a_time(host: Host, records: Records, folder: Path, bring: Bring) -> None:
    def meanwhile(handler: Any, content: bytes) -> None:
        with pytest.raises(OutputError, match="another download is at work in this folder"):
            download(folder, RISE)
        handler.serve(content)

    host.plan(path_of(records[0]), meanwhile)
    assert bring().missing == ()


def test_a_video_is_on_the_disk_before_the_manifest_and_its_name(
    host: Host, records: Records, folder: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(folder, records[:1])
    steps: list[str] = []
    add, replace = Manifest.add, Path.replace

    def fsync(handle: int) -> None:
        steps.append(f"fsync {Path(f'/proc/self/fd/{handle}').readlink().name}")

    def adding(manifest: Manifest, entry: Any) -> None:
        add(manifest, entry)
        steps.append("entry")

    def replacing(path: Path, target: Path) -> Path:
        steps.append(f"{path.name} -> {target.name}")
        return replace(path, target)

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr(Manifest, "add", adding)
    monkeypatch.setattr(Path, "replace", replacing)
    assert bring().missing == ()
    name = name_of(records[0])
    own = [step for step in steps if name in step or "manifest" in step or step == "entry"]
    assert own[-4:] == [
        f"fsync .{name}.partial",
        "fsync manifest.jsonl",
        "entry",
        f".{name}.partial -> {name}",
    ]


def test_a_video_that_is_there_is_taken_in(
    host: Host, records: Records, folder: Path, bring: Bring, clips: list[bytes]
) -> None:
    (folder / "videos").mkdir()
    (folder / "videos" / name_of(records[0])).write_bytes(clips[0])
    (folder / "videos" / name_of(records[1])).write_bytes(clips[1][:2000])
    assert bring().missing == ()
    assert not host.asked(path_of(records[0]))
    assert read_manifest(folder)[records[0]["file_name"]].source == "found in the folder"
    assert videos(folder)[name_of(records[1])] == host.files[path_of(records[1])]


def test_one_size_a_folder(host: Host, records: Records, folder: Path, bring: Bring) -> None:
    bring(limit=1)
    with pytest.raises(ConfigError, match=r"another size .got 320 pixels; allowed: 180"):
        bring(size=320)
    assert verify(folder).checked == 1


@pytest.mark.parametrize("fault", [silent, status(500)], ids=["in a request", "between attempts"])
def test_a_download_ends_when_it_is_told_to(
    host: Host, records: Records, folder: Path, fault: Any
) -> None:
    """From outside, as Ctrl-C does: while one thread waits for a server, or for the next try."""
    waiter = Waiter()

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    host.always[path_of(records[0])] = fault
    manner = Manner(Pace(workers=2, rate=100, attempts=99), waiter, interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(folder, RISE, manner=manner)
    with pytest.raises(StoppedError):
        waiter.check()
    assert len(read_manifest(folder)) == 3
    assert not (folder / "missing.csv").exists()
    host.always.clear()
    assert download(folder, RISE, manner=Manner(Pace(rate=100))).fetched == 1
    assert verify(folder).findings == ()


def test_a_stopped_waiter_ends_it_from_another_thread(
    host: Host, records: Records, folder: Path
) -> None:
    waiter = Waiter()

    def stop(handler: Any, content: bytes) -> None:
        waiter.stop()
        handler.answer(500)

    host.always[path_of(records[1])] = stop
    with pytest.raises(StoppedError):
        download(folder, RISE, manner=Manner(Pace(workers=1, rate=100), waiter))
    assert len(read_manifest(folder)) == 1


def test_a_full_disk_ends_it_and_the_next_run_goes_on(
    host: Host, records: Records, folder: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(manifest: Manifest, entry: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "add", full)
        with pytest.raises(OutputError, match=r"cannot be written .got No space left on device"):
            bring()
    assert len(host.requests) == 1
    assert download(folder, RISE, manner=Manner(Pace(rate=100))).missing == ()
    assert verify(folder).findings == ()


def test_no_place_to_write_to(tmp_path: Path) -> None:
    metadata = write_records(tmp_path, [record_values()])
    with pytest.raises(OutputError, match="the folder cannot be made"):
        download(metadata / "rise", RISE, metadata=metadata)


@pytest.mark.parametrize("marker", ["clips.json", "cells.json", "store.json"])
def test_a_folder_of_other_data_stays_as_it_is(
    records: Records, folder: Path, bring: Bring, marker: str
) -> None:
    (folder / marker).write_text("{}")
    before = sorted(folder.rglob("*"))
    with pytest.raises(OutputError, match=rf"holds other data: .*got {marker}"):
        bring()
    assert sorted(folder.rglob("*")) == before


def test_a_report_that_cannot_be_removed(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    (folder / "missing.csv").mkdir()
    with pytest.raises(OutputError, match=r"missing.csv: the report .* cannot be removed"):
        bring()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HTTP_PROXY", "gopher://a"), ("HTTP_PROXY", "http://a:x"), ("SSL_CERT_FILE", "/dev/null")],
)
def test_an_environment_that_cannot_be_used(
    host: Host, records: Records, folder: Path, monkeypatch: pytest.MonkeyPatch,
    variable: str, value: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match="proxy or the certificates"):
        download(folder, RISE)


def test_hostile_records_write_nothing_elsewhere(
    host: Host, records: Records, folder: Path, bring: Bring, tmp_path: Path
) -> None:
    outside = tmp_path / "secret.mp4"
    outside.write_bytes(b"untouched")
    records[0]["url_part"] = "../../secret.mp4"
    records[1]["url_root"] = f"file://{tmp_path}/"
    records[2]["file_name"] = "../../secret"
    records[3]["url_part"] = "fum\u00e9e\u202e.mp4"
    write_records(folder, records)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    missing = bring().missing
    assert sorted(video.cause for video in missing) == ["address refused"] * 3 + ["wrong record"]
    assert all(video.detail.isprintable() for video in missing)
    assert host.requests == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} | {
        folder: before[folder]
    } == before
    assert outside.read_bytes() == b"untouched"


def test_fetching_again_replaces_when_the_new_one_is_there(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    bring()
    spoilt = folder / "videos" / name_of(records[0])
    spoilt.write_bytes(b"spoilt")
    host.always[path_of(records[0])] = status(404)
    manner = Manner(Pace(rate=100))
    assert len(fetch_again(folder, [spoilt.stem], manner=manner).missing) == 1
    assert spoilt.read_bytes() == b"spoilt"
    host.always.clear()
    outcome = fetch_again(folder, [spoilt.stem], manner=manner)
    assert (outcome.fetched, outcome.missing) == (1, ())
    assert spoilt.read_bytes() == host.files[path_of(records[0])]


def test_a_crew_hands_on_what_its_work_raises() -> None:
    def work(job: int) -> int:
        if job == 3:
            raise ValueError("three")
        return job * job

    assert sorted(Crew(work, 2, Waiter()).run([1, 2, 4])) == [1, 4, 16]
    assert list(Crew(work, 2, Waiter()).run([])) == []
    before = threading.active_count()
    with pytest.raises(ValueError, match="three"):
        list(Crew(work, 2, Waiter()).run([3, 1, 2]))
    assert threading.active_count() == before
