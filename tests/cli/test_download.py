"""``stcnet data download`` and ``verify`` as a user runs them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from video_host import (
    Host,
    make_clip,
    near_network,
    page,
    path_of,
    records_at,
    running_host,
    status,
    write_records,
)

from .conftest import Outcome, Run

PROGRESS = ("fetching ...", "checking ...")


def errors(told: Outcome) -> list[str]:
    return [line for line in told.errors if not line.startswith(PROGRESS)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 90)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Host]:
    near_network(monkeypatch, tmp_path)
    with running_host() as host:
        yield host


@pytest.fixture
def records(host: Host, clip: bytes) -> list[dict[str, Any]]:
    return records_at(host, [clip])


@pytest.fixture
def command(records: list[dict[str, Any]], tmp_path: Path) -> tuple[object, ...]:
    """Downloads four videos into ``rise``."""
    metadata = write_records(tmp_path / "published", records)
    out = ("--out", tmp_path / "rise", "--rate", 100)
    return ("data", "download", "rise", "--metadata", metadata, *out)


def test_all_there(run: Run, command: tuple[object, ...], tmp_path: Path) -> None:
    folder = tmp_path / "rise"
    told = run(*command)
    assert (told.code, told.out) == (0, f"4 of 4 videos, 4 of them new: {folder}\n"), told.err
    told = run(*command)
    assert (told.code, told.out) == (0, f"4 of 4 videos, 0 of them new: {folder}\n")
    told = run("data", "verify", folder)
    assert (told.code, told.out) == (0, f"4 videos, unchanged since the download: {folder}\n")
    assert "videos: 4" in run("data", "info", folder).out


def test_some_missing(
    run: Run, host: Host, records: list[dict[str, Any]], command: tuple[object, ...],
    tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "rise"
    host.always[path_of(records[0])] = status(404)
    host.always[path_of(records[1])] = page
    host.always[path_of(records[2])] = status(404)
    told = run(*command)
    assert told.code == 1
    assert told.out.splitlines() == [
        f"1 of 4 videos, 1 of them new: {folder}",
        "missing: 2 HTTP 404",
        "missing: 1 wrong content",
    ]
    assert errors(told) == [
        f"error: {folder}: 3 of 4 videos missing; see {folder}/missing.csv; "
        "the same command again fetches only what is missing, and with --archive looks into zip "
        "archives"
    ]
    rows = (folder / "missing.csv").read_text().splitlines()
    assert rows[1] == f"{records[0]['file_name']},HTTP 404,Not Found"
    assert len(rows) == 4

    host.always.clear()
    told = run("data", "verify", folder)
    assert told.code == 1
    name = f"{records[0]['file_name']}.mp4"
    assert told.out.splitlines()[0] == f"missing: {name}: it was never fetched"
    assert errors(told) == [
        f"error: {folder}: 3 missing; stcnet data verify --repair fetches again what can be fetched"
    ]
    told = run("data", "verify", folder, "--repair")
    assert (told.code, told.out.splitlines()) == (
        0, ["fetched again: 3 videos", f"4 videos, unchanged since the download: {folder}"],
    )  # fmt: skip


def test_what_cannot_be_repaired(
    run: Run, host: Host, records: list[dict[str, Any]], command: tuple[object, ...],
    tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "rise"
    assert run(*command).code == 0
    video = folder / "videos" / f"{records[0]['file_name']}.mp4"
    video.write_bytes(b"spoilt")
    (folder / "videos" / "holiday.mp4").write_bytes(b"")
    host.always[path_of(records[0])] = status(410)
    told = run("data", "verify", folder, "--repair")
    assert told.code == 1
    assert told.out.splitlines() == [
        "fetched again: 0 videos",
        f"not fetched: {video.stem}: HTTP 410: Gone",
        "extra: holiday.mp4: nobody fetched it",
        f"truncated: {video.name}: 6 of {len(host.files[path_of(records[0])])} bytes",
    ]
    assert errors(told) == [
        f"error: {folder}: 1 extra, 1 truncated; remove extra files by hand; "
        "fetch the rest by hand, and name it with --archive"
    ]


def test_ijmond(run: Run, host: Host, clip: bytes, tmp_path: Path) -> None:
    record = {
        "camera_id": 0, "view_id": 2, "id": 1, "label_state": 23, "label_state_admin": -1,
        "start_time": 1683997926, "url_root": f"{host.root}/videos/", "file_name": "-GUVYRX0xVs-2",
    }  # fmt: skip
    host.files["/videos/hoogovens/-GUVYRX0xVs/-GUVYRX0xVs-2.mp4"] = clip
    folder = tmp_path / "ijmond"
    write_records(folder, [record])
    told = run("data", "download", "ijmond", "--out", folder)
    assert (told.code, told.out) == (0, f"1 of 1 video, 1 of them new: {folder}\n"), told.err
    assert run("data", "verify", folder).code == 0


def test_a_store_is_verified(run: Run, command: tuple[object, ...], tmp_path: Path) -> None:
    folder, store = tmp_path / "rise", tmp_path / "store"
    run(*command)
    assert run("data", "store", folder, "--out", store).code == 0
    told = run("data", "verify", store)
    assert told.code == 0
    assert told.out == f"4 clips in 1 shard, unchanged since they were stored: {store}\n"
    assert run("data", "verify", store, "--repair").code == 2
    (shard,) = (store / "shards").glob("*.frames")
    shard.write_bytes(shard.read_bytes()[:-1])
    (store / "shards" / "more").write_bytes(b"")
    told = run("data", "verify", store)
    assert told.code == 1
    assert "extra: more: the store does not name it" in told.out
    assert "1 of 1 shard wrong" in errors(told)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("download", "mnist"), "DATASET: the value is not known", id="data set"),
        pytest.param(("download", "rise", "--size", 99), "allowed: 180, 320", id="size"),
        pytest.param(("download", "rise", "--size", 0), "--size: the value is not", id="no size"),
        pytest.param(("download", "ijmond", "--size", 180), "no choice", id="size of IJmond"),
        pytest.param(("download", "rise", "--split", "S7"), "allowed: S0, S1", id="split"),
        pytest.param(("download", "rise", "--part", "test"), "give --split", id="part"),
        pytest.param(("download", "rise", "--limit", 0), "no clip is wanted", id="limit"),
        pytest.param(("download", "rise", "--workers", 0), "allowed: 1..32", id="workers"),
        pytest.param(("download", "rise", "--rate", 0), "allowed: above 0", id="rate"),
        pytest.param(("download", "rise"), "metadata.json", id="no records"),
        pytest.param(("download", "rise", "--metadata", "x"), "x: the records", id="no file"),
        pytest.param(("verify", "."), "there is no manifest to compare with", id="no download"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = ("--out", tmp_path / "rise") if arguments[0] == "download" else ()
    told = run("data", *arguments, *out)
    assert (told.code, told.out) == (2, "")
    (line,) = errors(told)
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_no_archive_is_one_line(run: Run, command: tuple[object, ...], tmp_path: Path) -> None:
    told = run(*command, "--archive", tmp_path / "a.zip")
    assert told.code == 2
    (line,) = errors(told)
    assert "a.zip: the archive cannot be read" in line
    assert not (tmp_path / "rise" / "download.json").exists()
