"""Heat maps mark evidence for smoke only; annotated frames are readable at every size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.reports import ZoneState, annotate_frame, heat_overlay
from stcnet.reports.annotation import CLEAR_COLOUR, SMOKE_COLOUR, UNKNOWN_COLOUR
from stcnet.reports.heat import STRONGEST_BLEND, evidence
from stcnet.types import FloatArray, Picture, PixelBox, Span

AXIS = Span(0, 600)


def grey(height: int, width: int) -> Picture:
    return np.full((height, width, 3), 100, dtype=np.uint8)


def map_of(*rows: list[float]) -> FloatArray:
    return np.array(rows, dtype=np.float32)


logits = st.integers(-500, 500).map(lambda tenths: tenths / 10)


@given(logits, logits)
def test_evidence_grows_with_the_logit_on_one_scale(low: float, high: float) -> None:
    weak, strong = evidence(map_of(sorted([low, high])))[0]
    assert 0 <= weak <= strong < 1
    assert (weak == 0) == (min(low, high) <= 0)


def test_heat_leaves_places_without_evidence_alone() -> None:
    image = grey(64, 64)
    heated = heat_overlay(image, map_of([-9, -9], [-1, 9]))
    assert (heated[:24] == image[:24]).all()
    assert (heated[48:, 48:] != image[48:, 48:]).any(axis=-1).all()
    assert (image == 100).all(), "the input is not drawn on"
    assert (heat_overlay(image, map_of([-3, 0], [-0.1, -9])) == image).all()


def test_equal_evidence_looks_equal_beside_any_other() -> None:
    alone = heat_overlay(grey(8, 8), map_of([2]))
    beside = heat_overlay(grey(8, 64), map_of([2, 2, 2, 2, 2, 2, 40, 40]))
    assert (alone[0, 0] == beside[0, 0]).all()


def test_the_picture_stays_visible_under_strong_evidence() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    spread = heat_overlay(image, map_of([1e6])).std() / image.std()
    assert spread > 0.9 * (1 - STRONGEST_BLEND)


def test_heat_stays_in_its_box() -> None:
    box = PixelBox(10, 20, 30, 15)
    changed = (heat_overlay(grey(60, 80), map_of([5]), box) != 100).any(axis=-1)
    assert changed[20:35, 10:40].all()
    assert changed.sum() == 30 * 15


@pytest.mark.parametrize(
    ("activation", "box", "message"),
    [
        pytest.param(np.zeros(4, np.float32), None, "shape", id="one axis"),
        pytest.param(np.zeros((0, 3), np.float32), None, "shape", id="empty"),
        pytest.param(map_of([np.nan]), None, "finite", id="NaN"),
        pytest.param(map_of([1]), PixelBox(70, 0, 20, 20), "outside", id="box to the right"),
        pytest.param(map_of([1]), PixelBox(-1, 0, 20, 20), "outside", id="box to the left"),
    ],
)
def test_heat_refuses(activation: FloatArray, box: PixelBox | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        heat_overlay(grey(60, 80), activation, box)


def state(
    probability: float | None = 0.8, smoking: bool = True, box: PixelBox | None = None, **rest: str
) -> ZoneState:
    trace = [(float(t), 0.5 + 0.4 * np.sin(t / 60)) for t in range(0, 300, 5)]
    return ZoneState(
        rest.get("name", "gate"), box or PixelBox(40, 30, 60, 50), probability, smoking, trace
    )


@pytest.mark.parametrize(
    ("height", "width", "expected_width"),
    [
        pytest.param(180, 180, 540, id="a RISE clip is enlarged by a whole factor"),
        pytest.param(361, 641, 642, id="odd sides become even"),
        pytest.param(480, 480, 480, id="just wide enough"),
        pytest.param(2160, 3840, 3840, id="4K stays as it is"),
        pytest.param(900, 40, 480, id="a tall strip gets a margin"),
    ],
)
def test_frame_sizes(height: int, width: int, expected_width: int) -> None:
    drawn = annotate_frame(grey(height, width), [state(), state()], "10:15:00 UTC", AXIS, 0.5)
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] == expected_width
    assert drawn.shape[0] % 2 == 0
    assert height < drawn.shape[0] < 2 * max(1080, height)
    bare = ZoneState("other", PixelBox(0, 0, 9, 9), None, False)
    again = annotate_frame(grey(height, width), [bare, bare], "", AXIS, 0.5)
    assert again.shape == drawn.shape


@pytest.mark.parametrize(
    ("zone", "colour"),
    [
        pytest.param(state(0.9, True), SMOKE_COLOUR, id="smoke"),
        pytest.param(state(0.2, False), CLEAR_COLOUR, id="clear"),
        pytest.param(state(None, False), UNKNOWN_COLOUR, id="not judged yet"),
    ],
)
def test_outline_has_the_colour_of_the_state(zone: ZoneState, colour: tuple[int, int, int]) -> None:
    drawn = annotate_frame(grey(500, 800), [zone], "", AXIS, 0.5)
    assert tuple(drawn[79, 70]) == colour  # the lower edge of the box
    assert tuple(drawn[70, 70]) == (100, 100, 100)  # inside it the picture is untouched


def strip_ink(probability: float) -> float:
    """Mean height in pixels, from the top, of the curve of a constant probability."""
    trace = [(float(t), probability) for t in range(0, 590, 5)]
    zone = ZoneState("", PixelBox(0, 0, 9, 9), probability, True, trace)
    strip = annotate_frame(grey(480, 480), [zone], "", AXIS, 0.5)[480:, 200:300]
    return float(np.nonzero((strip == SMOKE_COLOUR).all(axis=-1))[0].mean())


def test_the_trace_rises_with_the_probability() -> None:
    assert strip_ink(0.9) < strip_ink(0.5) < strip_ink(0.1)


def test_a_trace_shows_only_its_time() -> None:
    zone = ZoneState("", PixelBox(0, 0, 9, 9), 0.7, True, [(-100.0, 0.7), (700.0, 0.7)])
    empty = ZoneState("", PixelBox(0, 0, 9, 9), 0.7, True)
    drawn = [annotate_frame(grey(480, 480), [each], "", AXIS, 0.5) for each in (zone, empty)]
    assert (drawn[0] == drawn[1]).all()


@pytest.mark.parametrize("name", ["Kühlturm", "煙突", "a\nb", "x" * 300, ""])
def test_any_name_can_be_drawn(name: str) -> None:
    drawn = annotate_frame(grey(180, 180), [state(name=name)], name, AXIS, 0.5)
    assert drawn.shape[1] == 540
