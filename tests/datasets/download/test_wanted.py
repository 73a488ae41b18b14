"""Which videos a request comes to, of good records and of bad ones."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rise_records import record_values
from stcnet.datasets.download import Request, read_request
from stcnet.datasets.download.report import write_report
from stcnet.datasets.download.request import REQUEST_FILE, write_request
from stcnet.datasets.download.wanted import adopt_metadata, wanted_videos
from stcnet.errors import ConfigError, DataError, StcnetError
from video_host import write_records

RISE = Request("rise", 180)


def names(folder: Path, **wanted: Any) -> list[str]:
    request = Request(**{"dataset": "rise", "size": 180, **wanted})
    return [video.name for video in wanted_videos(folder, request).videos]


@pytest.fixture
def views(tmp_path: Path) -> dict[str, str]:
    """Names of a clip each, by view: one undecided, one of no view of RISE."""
    votes = {"0-3": (3, -1)}
    records = [
        record_values(number, view, votes=votes.get(view, (23, -1)), minute=number)
        for number, view in enumerate(("0-0", "0-1", "0-3", "0-4", "1-0", "0-99"))
    ]
    write_records(tmp_path, records)
    return {f"{record['camera_id']}-{record['view_id']}": record["file_name"] for record in records}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param({}, ["0-0", "0-1", "0-3", "0-4", "1-0", "0-99"], id="all"),
        pytest.param({"split": "S0"}, ["0-0", "0-1", "0-4", "1-0"], id="a split: only labelled"),
        pytest.param({"split": "S0", "part": "test"}, ["0-1", "1-0"], id="its test part"),
        pytest.param({"split": "S0", "part": "validation"}, ["0-4"], id="its validation part"),
        pytest.param({"split": "S3", "part": "train"}, ["0-0", "0-1", "0-4", "1-0"], id="by date"),
    ],
)
def test_of_a_split(
    views: dict[str, str], tmp_path: Path, wanted: dict[str, str], expected: list[str]
) -> None:
    assert names(tmp_path, **wanted) == [views[view] for view in expected]


def test_nothing_of_a_part(views: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no clip is of this split and part"):
        names(tmp_path, split="S3", part="test")


def test_more_hold_fewer(views: dict[str, str], tmp_path: Path) -> None:
    everything = names(tmp_path)
    drawn = [names(tmp_path, limit=limit) for limit in range(1, 9)]
    assert [len(each) for each in drawn] == [1, 2, 3, 4, 5, 6, 6, 6]
    for fewer, more in pairwise(drawn):
        assert set(fewer) <= set(more)
        assert more == [name for name in everything if name in more]


def test_bad_records_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    records = [record_values(number, minute=number) for number in range(4)]
    records[1]["file_name"] = "../../etc/passwd"
    records[2]["file_name"] = "a" * 300
    write_records(tmp_path, records)
    wanted = wanted_videos(tmp_path, RISE)
    assert [video.name for video in wanted.videos] == [
        records[0]["file_name"], records[3]["file_name"],
    ]  # fmt: skip
    assert [missing.cause for missing in wanted.bad] == ["wrong record"] * 2
    assert "record 1" in wanted.bad[0].detail
    assert "leads out of the data folder" in wanted.bad[0].detail


def test_bad_records_are_told_in_what_can_be_written(tmp_path: Path) -> None:
    write_records(tmp_path, [record_values(), {"id": "\ud800", "file_name": "\ud800"}])
    (missing,) = wanted_videos(tmp_path, RISE).bad
    assert missing.detail.encode()
    assert write_report(tmp_path, [missing]).is_file()


def test_split_files_serve_where_there_is_no_metadata(published_splits: Path) -> None:
    """They name every clip with a label, but no address."""
    wanted = wanted_videos(published_splits, Request("rise", 180, "S0", "test"))
    assert len(wanted.videos) == 3_182
    causes = {video.no_address and video.no_address.cause for video in wanted.videos}
    assert causes == {"no address"}


IJMOND = {
    "camera_id": 1, "view_id": 3, "id": 75, "label_state": 23, "label_state_admin": 23,
    "start_time": 1683997926, "url_root": "https://x.org/videos/", "url_part": "A9W8G55JucU",
    "file_name": "A9W8G55JucU-3",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "address", "cause"),
    [
        ({}, "https://x.org/videos/kooksfabriek_1/A9W8G55JucU/A9W8G55JucU-3.mp4", None),
        ({"url_root": None}, None, "no address"),
        ({"url_root": "file:///videos/"}, None, "address refused"),
    ],
    ids=["published", "nowhere", "a file"],
)
def test_ijmond(
    tmp_path: Path, changes: dict[str, object], address: str | None, cause: str | None
) -> None:
    write_records(tmp_path, [IJMOND | changes])
    (video,) = wanted_videos(tmp_path, Request("ijmond")).videos
    assert (video.name, video.address) == ("A9W8G55JucU-3", address)
    assert (video.no_address and video.no_address.cause) == cause


def test_records_of_another_data_set(tmp_path: Path) -> None:
    write_records(tmp_path, [IJMOND])
    with pytest.raises(DataError, match=r"another data set .got IJmond; allowed: RISE"):
        wanted_videos(tmp_path, RISE)


def test_records_are_adopted_once(tmp_path: Path) -> None:
    source = write_records(tmp_path / "source", [record_values()])
    other = write_records(tmp_path / "other", [record_values(1)])
    folder = tmp_path / "rise"
    folder.mkdir()
    adopt_metadata(folder, source)
    adopt_metadata(folder, source)
    with pytest.raises(DataError, match="holds other records than --metadata"):
        adopt_metadata(folder, other)
    assert (folder / "metadata.json").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"dataset": "mnist"}, "DATASET: the value is not known .got mnist; allowed: rise, ijmond"),
        ({"size": 200}, "--size: the value is not known .got 200; allowed: 180, 320"),
        ({"size": None}, "--size: .*allowed: 180, 320"),
        ({"dataset": "ijmond"}, "--size: .*allowed: none"),
        ({"dataset": "ijmond", "size": None, "split": "S0"}, "--split: .*allowed: none"),
        ({"split": "S9"}, "--split: .*allowed: S0, S1"),
        ({"split": "S0", "part": "x"}, "--part: .*allowed: train, validation, test"),
        ({"part": "test"}, "--part: a part is one of a split"),
        ({"limit": 0}, "--limit: no clip is wanted"),
    ],
)
def test_a_request_that_is_refused(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Request(**{"dataset": "rise", "size": 180, **wanted})


def test_a_request_is_kept(tmp_path: Path) -> None:
    request = Request("rise", 320, "S0", "test", 9, (tmp_path / "a.zip",))
    write_request(tmp_path, request)
    assert read_request(tmp_path) == request


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not known which videos were wanted"),
        ("{", "the request is damaged"),
        ('{"dataset": "mnist"}', "the request is damaged: dataset"),
        ('{"dataset": "rise", "size": 7}', "--size"),
    ],
    ids=["missing", "no JSON", "data set", "size"],
)
def test_a_request_that_was_not_kept(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / REQUEST_FILE).write_text(content)
    with pytest.raises(StcnetError, match=message):
        read_request(tmp_path)
