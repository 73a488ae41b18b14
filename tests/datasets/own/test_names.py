"""Names of clips: what they carry comes back, and hostile ones become harmless."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.datasets.own.names import CutName, Offset, is_part, part_of_name, plain_stem, shown
from stcnet.datasets.own.times import parse_moment, parse_seconds, parse_timezone
from stcnet.errors import ConfigError

PARTS = st.text(min_size=1, max_size=30).map(lambda text: part_of_name(text, "x"))
MOMENTS = st.integers(10**5, 4 * 10**12).map(
    lambda millis: datetime.fromtimestamp(millis // 1000, UTC).replace(
        microsecond=millis % 1000 * 1000
    )
)
MILLIS = st.integers(1, 10**8).map(lambda number: number / 1000)
OFFSETS = st.builds(Offset, PARTS, MILLIS)


@given(st.builds(CutName, PARTS, PARTS | st.none(), MOMENTS | OFFSETS, MILLIS))
def test_a_cut_name_comes_back(name: CutName) -> None:
    assert CutName.parse(str(name)) == name
    assert len(f"{name}.mp4".encode()) < 255


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param("gate", id="no parts"),
        pytest.param("gate__20260501T123005.250Z", id="no interval"),
        pytest.param("gate__20261301T123005.250Z__every5s", id="no month 13"),
        pytest.param("gate__20260501T123005.250Z__every0s", id="no time between frames"),
        pytest.param("gate__tour+s__every5s", id="no offset"),
        pytest.param("a/b__tour+1s__every5s", id="separator"),
        pytest.param("gate__20260501T123005.250Z__every5s\n", id="newline"),
    ],
)
def test_another_form_is_no_cut_name(stem: str) -> None:
    assert CutName.parse(stem) is None


@given(st.text())
def test_any_text_becomes_a_harmless_part(text: str) -> None:
    part = part_of_name(text, "clip")
    assert is_part(part)
    plain = plain_stem(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}", plain)
    assert shown(text).isprintable() or any(c.isspace() for c in shown(text))


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        pytest.param("2026-07-01T12:00:00Z", "UTC", "2026-07-01T12:00:00", id="utc"),
        pytest.param("2026-07-01 12:00", "Europe/Amsterdam", "2026-07-01T10:00:00", id="summer"),
        pytest.param("2026-01-01 12:00", "Europe/Amsterdam", "2026-01-01T11:00:00", id="winter"),
        pytest.param("2026-07-01T12:00+05:30", "UTC", "2026-07-01T06:30:00", id="offset"),
        pytest.param("2026-10-25 02:30", "Europe/Amsterdam", "2026-10-25T00:30:00", id="twice"),
        pytest.param("1782907200", "Europe/Amsterdam", "2026-07-01T12:00:00", id="epoch"),
    ],
)
def test_moments_are_read_in_their_time_zone(text: str, zone: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert parse_moment(text, ZoneInfo(zone)) == expected


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01", "12", "0001-01-01 00:00", "9999-12-31"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time such as|before 1970 or after 2100"):
        parse_moment(text, ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize("text", ["2026-03-29T02:00", "2026-03-29 02:59:59.9"])
def test_an_hour_that_never_was_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="never was in Europe/Amsterdam"):
        parse_moment(text, ZoneInfo("Europe/Amsterdam"))
    assert parse_moment(text, ZoneInfo("Asia/Tokyo")).day == 28


@pytest.mark.parametrize("text", ["", "0", "-1", "five", "1e9", "nan"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="seconds above zero"):
        parse_seconds(text)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "", "\0"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="no such time zone"):
        parse_timezone(name)
