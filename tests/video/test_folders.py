"""Picture folders: capture times, and what is wrong with a picture."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from stcnet.errors import SourceError
from stcnet.video import open_source
from stcnet.video.capture_times import exif_time, name_time
from stcnet.video.source import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from video.conftest import PictureMaker

NOON = datetime(2024, 5, 1, 12, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stem", "wanted"),
    [
        pytest.param("2024-05-01T12-30-05Z", NOON, id="ISO with dashes"),
        pytest.param("2024-05-01T12:30:05Z", NOON, id="ISO"),
        pytest.param("2024-05-01T12:30:05", NOON, id="no offset is UTC"),
        pytest.param("2024-05-01T14:30:05+02:00", NOON, id="offset"),
        pytest.param("2024-05-01T08-30-05-0400", NOON, id="offset without colon"),
        pytest.param("20240501_123005", NOON, id="compact"),
        pytest.param("20240501123005", NOON, id="digits only"),
        pytest.param("IMG_20240501_123005_0042", NOON, id="with a counter"),
        pytest.param("20240501_123005-0042", NOON, id="a counter is no offset"),
        pytest.param("2024.05.01 12.30.05 gate", NOON, id="dots and text"),
        pytest.param("PXL_20240501_123005250", NOON.replace(microsecond=250_000), id="millis"),
        pytest.param("2024-05-01T12:30:05.250Z", NOON.replace(microsecond=250_000), id="fraction"),
        pytest.param("1714566605", NOON, id="epoch"),
        pytest.param("cam2-1714566605-x", NOON, id="epoch in a name"),
        pytest.param("1714566605250", NOON.replace(microsecond=250_000), id="epoch in millis"),
        pytest.param("0-0-2018-06-11-6304-964-1714566605", NOON, id="a day is not a time"),
        pytest.param("20241301_123005", None, id="no such month"),
        pytest.param("20240501_256005", None, id="no such hour"),
        pytest.param("frame_000123", None, id="a number"),
        pytest.param("12345678901234567890", None, id="a long number"),
        pytest.param("2024-05-01", None, id="a day only"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_time_in_a_name(stem: str, wanted: datetime | None) -> None:
    assert name_time(stem) == wanted


@pytest.mark.parametrize(
    ("stem", "wanted"),
    [
        ("gate_2026-03-29T01-59-59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("gate_2026-03-29T02-30-00", None),
        ("gate_2026-03-29T02-30-00Z", datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
        ("gate_2026-03-29T03-00-00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_an_hour_that_never_was_is_no_time(stem: str, wanted: datetime | None) -> None:
    assert name_time(stem, ZoneInfo("Europe/Amsterdam")) == wanted


moments = st.integers(1_010_000_000_000, 3_780_000_000_000).map(
    lambda millis: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
)


@given(moments, st.sampled_from(["%Y-%m-%dT%H-%M-%S", "%Y%m%d_%H%M%S", "%Y%m%d%H%M%S"]))
def test_every_written_time_reads_back(moment: datetime, form: str) -> None:
    written = f"gate_{moment.strftime(form)}.{moment.microsecond // 1000:03d}"
    assert name_time(written) == moment


@given(moments)
def test_every_epoch_reads_back(moment: datetime) -> None:
    assert name_time(f"gate{round(moment.timestamp() * 1000)}") == moment


@given(st.text(max_size=40))
def test_any_name_has_a_time_or_none(stem: str) -> None:
    moment = name_time(stem)
    assert moment is None or moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("taken", "offset", "fraction", "wanted"),
    [
        pytest.param("2024:05:01 12:30:05", None, None, NOON, id="no offset is UTC"),
        pytest.param("2024:05:01 14:30:05", "+02:00", None, NOON, id="offset"),
        pytest.param("2024:05:01 12:30:05", None, "25", NOON.replace(microsecond=250_000), id="s"),
        pytest.param("2024:05:01 12:30:05\0", None, "x", NOON, id="padding"),
        pytest.param("0000:00:00 00:00:00", None, None, None, id="clock never set"),
        pytest.param("    :  :     :  :  ", None, None, None, id="blank"),
        pytest.param("2024:05:01 12:30:05", "home", None, None, id="broken offset"),
        pytest.param(None, "+02:00", None, None, id="offset only"),
    ],
)
def test_time_in_exif(
    taken: str | None, offset: str | None, fraction: str | None, wanted: datetime | None
) -> None:
    exif = Image.Exif()
    tags = {
        ExifTags.Base.DateTimeOriginal: taken,
        ExifTags.Base.OffsetTimeOriginal: offset,
        ExifTags.Base.SubsecTimeOriginal: fraction,
    }
    exif.get_ifd(ExifTags.IFD.Exif).update({tag: text for tag, text in tags.items() if text})
    assert exif_time(exif) == wanted


def test_exif_of_some_pictures_is_used_for_none(make_picture: PictureMaker, tmp_path: Path) -> None:
    make_picture(tmp_path / "a_20240501_123005.jpg", 0, taken="2024:05:01 20:00:00")
    make_picture(tmp_path / "b_20240501_123010.jpg", 1)
    source = open_source(tmp_path)
    assert (source.info.timing, source.info.started_at) == ("names", NOON)


def test_times_that_two_pictures_share_are_not_used(
    make_picture: PictureMaker, tmp_path: Path
) -> None:
    for n in range(3):
        moment = NOON + timedelta(seconds=n)
        path = tmp_path / f"{n}.jpg"
        make_picture(path, n, taken="2024:05:01 12:30:05", modified=moment)
    source = open_source(tmp_path)
    assert source.info.timing == "modified"
    assert [frame.time_s for frame in source] == [0.0, 1.0, 2.0]


def test_modification_times_are_said(
    make_picture: PictureMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_picture(tmp_path / "a.jpg", 0, modified=NOON)
    with caplog.at_level(logging.WARNING):
        open_source(tmp_path)
    assert "last modified" in caplog.text


def test_no_times_are_refused(make_picture: PictureMaker, tmp_path: Path) -> None:
    for n in range(2):
        make_picture(tmp_path / f"{n}.jpg", n, modified=NOON)
    with pytest.raises(SourceError, match="declare the frame interval"):
        open_source(tmp_path)
    source = open_source(tmp_path, frame_interval_s=5.0)
    assert [frame.time_s for frame in source] == [0.0, 5.0]


def test_other_files_are_ignored(make_picture: PictureMaker, tmp_path: Path) -> None:
    make_picture(tmp_path / "a.JPG", 0)
    make_picture(tmp_path / "sub.jpg.d" / "b.jpg", 1)
    (tmp_path / ".hidden.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("none")
    assert open_source(tmp_path).info.frame_count == 1


def test_turned_pictures_come_upright(make_picture: PictureMaker, tmp_path: Path) -> None:
    make_picture(tmp_path / "a.jpg", 0, orientation=6)
    source = open_source(tmp_path, frame_interval_s=5.0)
    [frame] = source
    assert (source.info.width, source.info.height) == (48, 64)
    assert frame.image[2, -2].min() > 200


def test_grey_and_transparent_pictures_come_as_rgb(tmp_path: Path) -> None:
    for n, mode in enumerate(("L", "P", "RGBA", "1", "CMYK")):
        Image.new(mode, (8, 6)).save(tmp_path / f"{n}.{'tiff' if mode == 'CMYK' else 'png'}")
    shapes = {frame.image.shape for frame in open_source(tmp_path, frame_interval_s=5.0)}
    assert shapes == {(6, 8, 3)}


def test_two_sizes_are_refused(make_picture: PictureMaker, tmp_path: Path) -> None:
    make_picture(tmp_path / "a.jpg", 0)
    make_picture(tmp_path / "b.jpg", 1, size=(96, 64))
    with pytest.raises(SourceError, match=r"b\.jpg.*96x64.*64x48 as a\.jpg"):
        open_source(tmp_path)


def test_deep_colours_are_refused(tmp_path: Path) -> None:
    Image.new("I;16", (8, 6)).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match=r"a\.png.*8 bits"):
        open_source(tmp_path)


def write_headless(path: Path) -> None:
    path.write_bytes(b"no picture")


def write_truncated(path: Path) -> None:
    Image.effect_noise((64, 48), 90).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


DAMAGED = [
    *(pytest.param(write_headless, suffix) for suffix in ("jpg", "png", "webp", "bmp", "tiff")),
    *(pytest.param(write_truncated, suffix) for suffix in ("jpg", "png", "bmp", "tiff")),
]


@pytest.mark.parametrize(("damage", "suffix"), DAMAGED)
@pytest.mark.parametrize("damaged", [0, 2, 4])
def test_damaged_pictures_are_left_out(
    damage: Callable[[Path], None],
    suffix: str,
    damaged: int,
    make_picture: PictureMaker,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in {0, 1, 2, 3, 4} - {damaged}:
        make_picture(tmp_path / f"{number}.png", number)
    damage(tmp_path / f"{damaged}.{suffix}")
    with open_source(tmp_path, frame_interval_s=5.0) as source:
        frames, samples = list(source), list(source.sampled(5.0))
    expected = {0: [0, 5, 10, 15], 2: [0, 5, 15, 20], 4: [0, 5, 10, 15]}[damaged]
    assert [frame.time_s for frame in frames] == expected
    assert [frame.index for frame in frames] == [time_s / 5 for time_s in expected]
    assert [sample.frame.time_s for sample in samples] == expected
    assert [sample.after_gap for sample in samples] == [
        False, False, damaged == 2, False
    ]  # fmt: skip
    assert f"damaged pictures are left out: {damaged}.{suffix}" in caplog.text


def test_damaged_pictures_are_named_and_counted(
    make_picture: PictureMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_picture(tmp_path / "0.png", 0)
    for number in (3, 1, 2):
        write_headless(tmp_path / f"{number}.png")
    with open_source(tmp_path, frame_interval_s=5.0) as source:
        assert len(list(source)) == 1
    assert "left out: 1.png and 2 others" in caplog.text


@pytest.mark.parametrize(("damage", "suffix"), DAMAGED)
def test_a_folder_of_damaged_pictures_is_refused_by_name(
    damage: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    damage(tmp_path / f"b.{suffix}")
    damage(tmp_path / f"c.{suffix}")
    with pytest.raises(SourceError, match=rf"b\.{suffix}.*cannot be read"):
        open_source(tmp_path, frame_interval_s=5.0)


@pytest.mark.parametrize("names", [[], ["notes.txt"]], ids=["empty", "no picture"])
def test_folder_without_picture_is_refused(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match="holds no picture"):
        open_source(tmp_path)


def test_unreadable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceError, match="Permission denied"):
        open_source(tmp_path)


def test_offsets_of_any_sign_are_understood() -> None:
    zone = timezone(timedelta(hours=-3, minutes=-30))
    written = NOON.astimezone(zone).strftime("%Y-%m-%dT%H-%M-%S%z")
    assert name_time(written) == NOON


def test_a_folder_has_a_name_though_it_is_asked_for_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gate"
    folder.mkdir()
    Image.new("RGB", (64, 48)).save(folder / "a.jpg")
    monkeypatch.chdir(folder)
    assert open_source(Path(), frame_interval_s=5.0).info.name == "gate"


def test_what_cannot_be_printed_of_a_name_is_escaped() -> None:
    assert name_of(Path(os.fsdecode(b"/bad\xff"))) == r"bad\udcff"
    assert name_of(Path("/clear\x1b[2J")) == r"clear\x1b[2J"
    assert name_of(Path("/Zürich 北")) == "Zürich 北"
    assert name_of(Path("/3.04\u202fPM")) == "3.04\u202fPM"
