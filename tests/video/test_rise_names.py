"""RISE file names, read and printed."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.video import RiseName

STEM = "0-0-2018-06-11-6304-964-6807-1467-180-180-3470-1528712115-1528712290"
numbers = st.integers(0, 999_999_999)
epochs = st.integers(0, 9_999_999_999)


def test_published_name() -> None:
    name = RiseName.parse(STEM)
    assert name == RiseName(
        camera=0,
        view=0,
        day=date(2018, 6, 11),
        left=6304,
        top=964,
        right=6807,
        bottom=1467,
        height=180,
        width=180,
        start_frame=3470,
        start_epoch=1528712115,
        end_epoch=1528712290,
    )
    assert name.started_at == datetime(2018, 6, 11, 10, 15, 15, tzinfo=UTC)


@given(
    st.builds(
        RiseName,
        day=st.dates(),
        **dict.fromkeys(("camera", "view", "left", "top", "right", "bottom"), numbers),
        **dict.fromkeys(("height", "width", "start_frame"), numbers),
        **dict.fromkeys(("start_epoch", "end_epoch"), epochs),
    )
)
def test_every_name_reads_back(name: RiseName) -> None:
    assert RiseName.parse(str(name)) == name
    assert name.started_at.tzinfo is UTC


@given(st.text("0123456789-", min_size=40, max_size=80) | st.just(STEM))
def test_what_is_read_prints_back(stem: str) -> None:
    name = RiseName.parse(stem)
    assert name is None or str(name) == stem


@pytest.mark.parametrize(
    "stem",
    [
        pytest.param("", id="nothing"),
        pytest.param("clip-0001", id="another name"),
        pytest.param(STEM + ".mp4", id="with its suffix"),
        pytest.param(STEM + "-1", id="a part too many"),
        pytest.param(STEM.rpartition("-")[0], id="a part too few"),
        pytest.param(STEM.replace("2018-06-11", "2018-13-11"), id="no such month"),
        pytest.param(STEM.replace("964", "-964"), id="below zero"),
        pytest.param(STEM.replace("964", "0964"), id="leading zero"),
        pytest.param(STEM.replace("964", "٩٦٤"), id="digits of another script"),
        pytest.param(STEM + "\n", id="line break"),
    ],
)
def test_other_names_are_not_taken_for_it(stem: str) -> None:
    assert RiseName.parse(stem) is None
