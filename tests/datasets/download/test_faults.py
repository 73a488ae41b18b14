"""Downloads from a server that misbehaves end with whole videos, or with a reason."""

import hashlib
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from stcnet.datasets.download import read_manifest, verify
from stcnet.datasets.download.fetching import MOST_REDIRECTS
from video_host import (
    Fault,
    Host,
    cut_after,
    heedless,
    make_clip,
    other,
    page,
    path_of,
    redirect,
    reset_after,
    short_length,
    silent,
    stall_after,
    status,
    unannounced,
    without_ranges,
    write_records,
)

from .conftest import Bring, FakeWaiter, videos

Records = list[dict[str, Any]]


def name_of(record: dict[str, Any]) -> str:
    return f"{record['file_name']}.mp4"


def test_all_is_well(host: Host, records: Records, folder: Path, bring: Bring) -> None:
    outcome = bring()
    assert (outcome.wanted, outcome.fetched, outcome.missing) == (4, 4, ())
    assert videos(folder) == {name_of(record): host.files[path_of(record)] for record in records}
    assert outcome.report.read_text() == "file_name,cause,detail\n"
    for record in records:
        entry = read_manifest(folder)[record["file_name"]]
        content = host.files[path_of(record)]
        assert entry.sha256 == hashlib.sha256(content).hexdigest()
        assert (entry.bytes, entry.frames, entry.size) == (len(content), 36, 180)
        assert entry.source == host.root + path_of(record)
    assert verify(folder).findings == ()

    again = bring()
    assert (again.fetched, again.missing) == (0, ())
    assert len(host.requests) == 4
    (folder / "videos" / name_of(records[2])).unlink()
    assert bring().fetched == 1
    assert len(host.requests) == 5


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([status(500)] * 5, id="a burst of 500"),
        pytest.param([status(503), status(502), status(504), status(408)], id="gateways"),
        pytest.param([status(429, Retry_After="7")], id="429"),
        pytest.param([reset_after(300)], id="reset in the middle"),
        pytest.param([reset_after(0), reset_after(1000), reset_after(50)], id="many resets"),
        pytest.param([cut_after(500)], id="cut off"),
        pytest.param([unannounced(700)], id="cut off without a length"),
        pytest.param([short_length], id="a length that is too short"),
        pytest.param([page], id="a page of a gateway"),
        pytest.param([other(b"")], id="nothing with 200"),
        pytest.param([without_ranges], id="neither tag nor range"),
        pytest.param([reset_after(300), without_ranges], id="reset, then no range support"),
        pytest.param([reset_after(300), status(416)], id="range not satisfiable"),
        pytest.param([reset_after(300), status(206)], id="a part without its place"),
        pytest.param(
            [reset_after(300), status(206, Content_Range=f"bytes {'9' * 5000}-9/9")],
            id="a part of no place",
        ),
    ],
)
def test_faults_that_pass(
    host: Host, records: Records, folder: Path, bring: Bring, faults: list[Fault]
) -> None:
    host.plan(path_of(records[1]), *faults)
    outcome = bring()
    assert outcome.missing == ()
    assert videos(folder) == {name_of(record): host.files[path_of(record)] for record in records}
    assert verify(folder).findings == ()


@pytest.mark.parametrize(
    ("fault", "cause", "detail"),
    [
        pytest.param(status(404), "HTTP 404", "Not Found", id="404"),
        pytest.param(status(403), "HTTP 403", "Forbidden", id="403"),
        pytest.param(status(500), "HTTP 500", "Internal Server Error", id="500 for ever"),
        pytest.param(status(204), "HTTP 204", "No Content", id="204"),
        pytest.param(page, "wrong content", "begins b'<!DOCTYPE html>", id="HTML for ever"),
        pytest.param(other(b""), "wrong content", "empty", id="empty"),
        pytest.param(other(b"\0\0\0\x20ftypisom" + bytes(99)), "wrong content", "video", id="junk"),
        pytest.param(redirect("file:///etc/passwd"), "address refused", "file://", id="to a file"),
        pytest.param(redirect("ftp://host/video"), "address refused", "ftp://", id="to FTP"),
        pytest.param(redirect("http://" + 70 * "a" + ".org/"), "address refused", "", id="no name"),
    ],
)
def test_faults_that_stay(
    host: Host,
    records: Records,
    folder: Path,
    bring: Bring,
    fault: Fault,
    cause: str,
    detail: str,
) -> None:
    host.always[path_of(records[1])] = fault
    outcome = bring()
    (missing,) = outcome.missing
    assert (missing.file_name, missing.cause) == (records[1]["file_name"], cause)
    assert detail in missing.detail
    assert set(videos(folder)) == {name_of(record) for record in records if record != records[1]}
    assert outcome.report.read_text().count("\n") == 2
    assert f"\n{missing.file_name},{cause}," in outcome.report.read_text()

    host.always.clear()
    assert (bring().missing, verify(folder).findings) == ((), ())


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        pytest.param("few", "35 frames, not 36", id="too few frames"),
        pytest.param("many", "37 frames, not 36", id="too many frames"),
        pytest.param("large", "200x200 pixels, not 180x180", id="another size"),
        pytest.param("half", "damaged", id="half of a video"),
    ],
)
def test_wrong_videos_are_found_by_decoding(
    host: Host, records: Records, bring: Bring, tmp_path: Path, name: str, detail: str
) -> None:
    frames, size = {"few": (35, 180), "many": (37, 180)}.get(name, (36, 180))
    clip = make_clip(tmp_path / "x.mp4", 70, 200 if name == "large" else size, frames)
    if name == "half":
        data = clip.index(b"mdat") + 4
        middle = (data + len(clip)) // 2
        clip = clip[: data + 200] + bytes(middle - data - 200) + clip[middle:]
    host.always[path_of(records[0])] = other(clip)
    (missing,) = bring().missing
    assert missing.cause == "wrong content"
    assert detail in missing.detail
    assert len(host.asked(path_of(records[0]))) == 2


def test_a_broken_transfer_goes_on_where_it_ended(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    path = path_of(records[0])
    host.plan(path, reset_after(400))
    assert bring().missing == ()
    _, second = host.asked(path)
    first = int(second["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < first <= 400
    assert second["If-Range"].startswith('"')
    assert videos(folder)[name_of(records[0])] == host.files[path]


def test_a_later_run_goes_on_as_well(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    path = path_of(records[0])
    host.always[path] = reset_after(100)
    assert [video.cause for video in bring(attempts=2).missing] == ["connection lost"]
    host.always.clear()
    assert bring().missing == ()
    assert "Range" in host.asked(path)[-1]
    assert videos(folder)[name_of(records[0])] == host.files[path]


@pytest.mark.parametrize("how", [None, heedless], ids=["If-Range heeded", "If-Range ignored"])
def test_parts_of_two_versions_are_never_joined(
    host: Host,
    records: Records,
    folder: Path,
    bring: Bring,
    clips: list[bytes],
    how: Fault | None,
) -> None:
    path = path_of(records[0])
    new = clips[1]

    def changes(handler: Any, content: bytes) -> None:
        reset_after(300)(handler, content)
        host.files[path] = new

    host.plan(path, changes, *([how] if how else []))
    assert bring().missing == ()
    assert "Range" in host.asked(path)[1]
    assert videos(folder)[name_of(records[0])] == new


def test_without_a_strong_tag_it_starts_anew(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    path = path_of(records[0])

    def weak(handler: Any, content: bytes) -> None:
        handler.head(200, {"Content-Length": str(len(content)), "ETag": 'W/"1"'})
        handler.wfile.write(content[:300])
        handler.close_connection = True

    host.plan(path, weak)
    assert bring().missing == ()
    assert "Range" not in host.asked(path)[1]


@pytest.mark.parametrize(
    ("changed", "resumes"),
    [
        pytest.param(formatdate(time.time() - 3600, usegmt=True), True, id="old"),
        pytest.param(formatdate(time.time() + 3600, usegmt=True), False, id="fresh"),
        pytest.param(f"Sun, 22 Nov {'9' * 30} 12:00:30 GMT", False, id="of no year"),
        pytest.param("yesterday", False, id="no date"),
    ],
)
def test_a_date_of_change_serves_where_it_is_old(
    host: Host, records: Records, bring: Bring, changed: str, resumes: bool
) -> None:
    path = path_of(records[0])

    def dated(handler: Any, content: bytes) -> None:
        length = str(len(content))
        handler.head(200, {"Content-Length": length, "Last-Modified": changed})
        handler.wfile.write(content[:300])
        handler.close_connection = True

    host.plan(path, dated)
    assert bring().missing == ()
    assert ("Range" in host.asked(path)[1]) is resumes


@pytest.mark.parametrize("fault", [stall_after(300), silent], ids=["in the middle", "at once"])
def test_stalls_end(host: Host, records: Records, bring: Bring, fault: Fault) -> None:
    host.plan(path_of(records[0]), fault)
    assert bring(timeout_s=0.5, attempts=20).missing == ()


def test_a_trickle_is_cut_off(
    host: Host, records: Records, bring: Bring, waiter: FakeWaiter
) -> None:
    """Each chunk of the transfer takes five minutes by the clock that the download reads."""
    path = path_of(records[0])
    host.files[path] = host.files[path] + bytes(2**18)
    now_s = waiter.now_s
    reads = iter(range(10**6))
    waiter.now_s = lambda: now_s() + 300 * next(reads)  # type: ignore[method-assign]
    missing = bring(attempts=1).missing
    assert missing[0].cause == "timed out"


def test_what_never_ends_is_cut_off(
    host: Host, records: Records, folder: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stcnet.datasets.download.fetching.LONGEST_BYTES", 10_000)
    host.files[path_of(records[0])] += bytes(20_000)
    (missing,) = bring().missing
    assert (missing.cause, missing.detail) == ("too long", "more than 10000 bytes")
    assert len(videos(folder)) == 3


def test_redirects_are_followed(host: Host, records: Records, bring: Bring) -> None:
    path = path_of(records[0])
    host.files["/moved.mp4"] = host.files.pop(path)
    host.always[path] = redirect("/further")
    host.always["/further"] = redirect(f"{host.root}/moved.mp4", 308)
    assert bring().missing == ()


def test_redirects_in_a_circle_end(host: Host, records: Records, bring: Bring) -> None:
    path = path_of(records[0])
    host.always[path] = redirect("/round")
    host.always["/round"] = redirect(path)
    (missing,) = bring().missing
    assert missing.cause == "redirects"
    turns = len(host.asked(path)) + len(host.asked("/round"))
    assert turns == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    ("value", "least_s", "most_s"),
    [
        pytest.param("100", 100, 100, id="seconds"),
        pytest.param("99999999", 300, 300, id="capped"),
        pytest.param("soon", 0, 3, id="neither"),
        pytest.param("", 0, 3, id="empty"),
        pytest.param("Sun, 22 Nov 1996 12:00:00 GMT", 0, 3, id="a date that is past"),
        pytest.param("Sun, 22 Nov 2099 12:00:00 GMT", 300, 300, id="a date"),
    ],
)
def test_retry_after_is_heeded(
    host: Host,
    records: Records,
    bring: Bring,
    waiter: FakeWaiter,
    value: str,
    least_s: float,
    most_s: float,
) -> None:
    host.plan(path_of(records[0]), status(429, Retry_After=value))
    assert bring().missing == ()
    slept = sum(waiter.waits)
    assert least_s <= slept <= most_s + 1


def test_attempts_are_spaced_wider_and_wider(
    host: Host, records: Records, bring: Bring, waiter: FakeWaiter
) -> None:
    host.always[path_of(records[0])] = status(500)
    bring()
    waits = [wait for wait in waiter.waits if wait > 0.5]
    assert len(waits) == 5
    for number, wait in enumerate(waits):
        assert 2**number <= wait <= 2**number + 1


def test_a_host_that_does_not_answer_is_given_up(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    # Port 9 of this machine: nothing listens there.
    dead = [record | {"url_root": "http://127.0.0.1:9/180/"} for record in records]
    write_records(folder, dead)
    causes = [video.cause for video in bring(attempts=2).missing]
    assert causes == ["no connection"] * 3 + ["host given up"]


def test_a_host_that_is_busy_for_ever_is_given_up(
    host: Host, records: Records, bring: Bring
) -> None:
    for record in records:
        host.always[path_of(record)] = status(503)
    causes = [video.cause for video in bring(attempts=2).missing]
    assert causes == ["HTTP 503"] * 3 + ["host given up"]
    assert len(host.requests) == 6


@pytest.mark.parametrize("fault", [status(404), cut_after(10)], ids=["404", "cut off"])
def test_bad_videos_do_not_give_up_their_host(
    host: Host, records: Records, bring: Bring, fault: Fault
) -> None:
    for record in records[:3]:
        host.always[path_of(record)] = fault
    assert len(bring(attempts=2).missing) == 3


def test_videos_of_320_pixels(
    host: Host, records: Records, folder: Path, bring: Bring, large_clip: bytes
) -> None:
    for record in records:
        host.files[path_of(record, 320)] = large_clip
    assert bring(size=320).missing == ()
    assert videos(folder) == {name_of(record): large_clip for record in records}
    assert {entry.size for entry in read_manifest(folder).values()} == {320}


def test_credentials_are_used_and_not_kept(
    host: Host, records: Records, folder: Path, bring: Bring
) -> None:
    root = records[0]["url_root"].replace("http://", "http://me:secret@")
    write_records(folder, [records[0] | {"url_root": root}])
    assert bring().missing == ()
    assert host.asked(path_of(records[0]))[0]["Authorization"].startswith("Basic ")
    kept = b"".join(path.read_bytes() for path in folder.glob("*") if path.name != "metadata.json"
                    and path.is_file())  # fmt: skip
    assert b"secret" not in kept
