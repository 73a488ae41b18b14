"""Value types refuse what has no meaning; zones land on whole pixels inside the picture."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.errors import ZoneError
from stcnet.types import Frame, PixelBox, Span, WindowScore, Zone

PICTURE = np.zeros((4, 6, 3), dtype=np.uint8)
NOON = datetime.fromisoformat("2019-08-11T12:00:00")


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(None, id="unknown"),
        pytest.param(NOON.replace(tzinfo=UTC), id="UTC"),
        pytest.param(NOON.replace(tzinfo=timezone(timedelta(0), "Z")), id="offset of zero"),
    ],
)
def test_frame_takes_capture_times_in_utc(moment: datetime | None) -> None:
    assert Frame(PICTURE, 0, 0.0, moment).captured_at == moment


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(NOON, id="naive"),
        pytest.param(NOON.replace(tzinfo=timezone(timedelta(hours=-4))), id="local time"),
    ],
)
def test_frame_refuses_other_capture_times(moment: datetime) -> None:
    with pytest.raises(ValueError, match=r"aware and in UTC, got datetime"):
        Frame(PICTURE, 0, 0.0, moment)


def test_values_are_frozen() -> None:
    span = Span(1.0, 4.5)
    with pytest.raises(FrozenInstanceError):
        span.start_s = 2.0  # type: ignore[misc]
    assert span.duration_s == 3.5


def test_window_centre() -> None:
    assert WindowScore("gate", start_s=10.0, end_s=185.0, probability=0.5).centre_s == 97.5


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        pytest.param(
            "stack=100,40,320,200", Zone("stack", 100, 40, 320, 200, "pixels"), id="pixels"
        ),
        pytest.param(
            "a=0.25,0,.5,1", Zone("a", 0.25, 0, 0.5, 1, "fractions"), id="fractions up to 1"
        ),
        pytest.param("a=0,0,1,1", Zone("a", 0, 0, 1, 1, "fractions"), id="whole picture"),
        pytest.param("a=0,0,2,1", Zone("a", 0, 0, 2, 1, "pixels"), id="one number above 1"),
        pytest.param(
            " coke oven 3 = 1, 2, 3, 4 ", Zone("coke oven 3", 1, 2, 3, 4, "pixels"), id="spaces"
        ),
    ],
)
def test_parse_zone(text: str, zone: Zone) -> None:
    assert Zone.parse(text) == zone


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("1,2,3,4", id="no name"),
        pytest.param("=1,2,3,4", id="empty name"),
        pytest.param("a=1,2,3", id="three numbers"),
        pytest.param("a=1,2,3,4,5", id="five numbers"),
        pytest.param("a=1,2,x,4", id="a word"),
        pytest.param("a=1,2,,4", id="a number left out"),
        pytest.param("a=1,2,nan,4", id="not a number"),
        pytest.param("a=1,2,inf,4", id="infinite"),
        pytest.param("a=1e308,0,1e308,4", id="finite, but the right edge is not"),
        pytest.param("a=b=1,2,3,4", id="two equal signs"),
    ],
)
def test_zone_of_another_form(text: str) -> None:
    with pytest.raises(ZoneError, match=r"^--zone.*form NAME=x,y,w,h \(allowed: pixels \(stack="):
        Zone.parse(text)


@pytest.mark.parametrize("name", ["a\x1b[2J", "two\nlines", "\udcff"])
def test_a_zone_has_a_name_that_can_be_printed(name: str) -> None:
    with pytest.raises(ZoneError, match=r"^--zone .*signs that cannot be printed"):
        Zone.parse(f"{name}=0,0,1,1")


@pytest.mark.parametrize("text", ["a=1,2,0,4", "a=1,2,3,0", "a=0.1,0.1,-0.5,0.5"])
def test_zone_without_area(text: str) -> None:
    with pytest.raises(ZoneError, match=r"the zone has no area \(got width .*above zero$"):
        Zone.parse(text)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        pytest.param("a=0,0,1,1", PixelBox(0, 0, 1920, 1080), id="whole picture"),
        pytest.param("a=0.25,0.5,0.5,0.5", PixelBox(480, 540, 960, 540), id="fractions"),
        pytest.param("a=7,9,1913,1071", PixelBox(7, 9, 1913, 1071), id="up to the last pixel"),
        pytest.param("a=0.7,0.1,0.3,0.9", PixelBox(1344, 108, 576, 972), id="inexact sums"),
        pytest.param("a=10.4,10.6,20,20", PixelBox(10, 11, 20, 20), id="edges are rounded"),
    ],
)
def test_zone_to_pixels(text: str, box: PixelBox) -> None:
    assert Zone.parse(text).to_pixels(1920, 1080) == box


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a=-1,0,20,20", r"got x -1\.\.19, y 0\.\.20", id="left"),
        pytest.param("a=0,-5,20,20", r"y -5\.\.15", id="above"),
        pytest.param("a=1901,0,20,20", r"x 1901\.\.1921", id="right"),
        pytest.param("a=0,1061,20,20", r"y 1061\.\.1081", id="below"),
        pytest.param("a=0.6,0,0.5,1", r"allowed: x 0\.\.1920, y 0\.\.1080", id="fractions"),
    ],
)
def test_zone_outside_the_picture(text: str, message: str) -> None:
    with pytest.raises(ZoneError, match=rf"^zone a: .*outside the picture.*{message}"):
        Zone.parse(text).to_pixels(1920, 1080)


@pytest.mark.parametrize("text", ["a=0.5,0.5,0.0001,0.5", "a=3,3,0.2,9"])
def test_zone_below_one_pixel(text: str) -> None:
    with pytest.raises(ZoneError, match=r"less than one pixel; make it larger$"):
        Zone.parse(text).to_pixels(1920, 1080)


@given(cut=st.floats(0.1, 0.9), width=st.integers(20, 4000), height=st.integers(20, 4000))
def test_zones_side_by_side_share_no_pixel_and_leave_none_out(
    cut: float, width: int, height: int
) -> None:
    left = Zone("left", 0, 0, cut, 1, "fractions").to_pixels(width, height)
    right = Zone("right", cut, 0, 1 - cut, 1, "fractions").to_pixels(width, height)
    assert (left.x, left.x + left.width, right.x + right.width) == (0, right.x, width)
    assert left.height == right.height == height
