"""Zones are placed in pixels; what the operator should know is warned of."""

from collections.abc import Sequence

import pytest

from stcnet.detection import place_zones
from stcnet.errors import ZoneError
from stcnet.types import PixelBox, Zone
from stcnet.video import SourceInfo


def info(width: int, height: int) -> SourceInfo:
    return SourceInfo("gate.mp4", "file", width, height, None, None, None, None, "timestamps")


def placed(texts: Sequence[str], width: int = 400, height: int = 300) -> dict[str, PixelBox]:
    zones = place_zones([Zone.parse(text) for text in texts], info(width, height))
    return {zone.name: zone.box for zone in zones}


def test_named_zones_keep_their_order_and_place() -> None:
    boxes = placed(["b=100,40,120,100", "a=0,0.5,0.5,0.5"])
    assert list(boxes) == ["b", "a"]
    assert boxes == {"b": PixelBox(100, 40, 120, 100), "a": PixelBox(0, 150, 200, 150)}


@pytest.mark.parametrize(
    ("width", "height", "box", "warning"),
    [
        pytest.param(300, 300, PixelBox(0, 0, 300, 300), None, id="square"),
        pytest.param(400, 300, PixelBox(50, 0, 300, 300), None, id="4:3 loses a quarter"),
        pytest.param(
            1920, 1080, PixelBox(420, 0, 1080, 1080),
            "gate.mp4: 44 % of the picture's width is not judged; name zones with --zone",
            id="16:9",
        ),
        pytest.param(
            100, 300, PixelBox(0, 100, 100, 100),
            "gate.mp4: 67 % of the picture's height is not judged; name zones with --zone",
            id="upright",
        ),
    ],
)  # fmt: skip
def test_without_zones_the_centred_square_is_judged(
    width: int, height: int, box: PixelBox, warning: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert placed([], width, height) == {"view": box}
    assert caplog.messages == ([warning] if warning else [])


@pytest.mark.parametrize(
    ("zone", "warned"),
    [
        pytest.param("a=0,0,200,100", False, id="just 2:1"),
        pytest.param("a=0,0,202,100", True, id="wider"),
        pytest.param("a=0,0,100,202", True, id="higher"),
    ],
)
def test_a_zone_far_from_square_is_warned_of(
    zone: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    placed([zone])
    assert ["squeezed" in message for message in caplog.messages] == [True] * warned


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        pytest.param(["a=0,0,9,9", "b=0,0,9,9", "a=9,9,9,9"], "2 zones have the same name",
                     id="same name"),
        pytest.param(["a=390,0,20,20"], "reaches outside the picture", id="outside"),
    ],
)  # fmt: skip
def test_zones_that_cannot_be_placed_are_refused(zones: list[str], message: str) -> None:
    with pytest.raises(ZoneError, match=message):
        placed(zones)


@pytest.mark.parametrize(("side", "warned"), [(15, True), (16, False)])
def test_a_zone_too_small_to_show_smoke_is_warned_of(
    side: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    placed([f"a=0,0,{side},{side}"])
    assert ["too small" in message for message in caplog.messages] == [True] * warned


@pytest.mark.parametrize(("side", "warned"), [(15, True), (16, False)])
def test_a_picture_too_small_to_show_smoke_is_warned_of(
    side: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    placed([], side, side)
    assert ["too small" in message for message in caplog.messages] == [True] * warned
