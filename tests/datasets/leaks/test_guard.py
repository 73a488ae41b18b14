"""The guard that goes by records: each kind of leak, planted, is refused with both clips named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcnet.datasets import Fold, LabelledClip
from stcnet.datasets.leaks.guard import refuse_leaks, without_leaks
from stcnet.errors import DataError

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CLIP = timedelta(seconds=175)


def clip(name: str, minutes: float | None = None, **changes: Any) -> LabelledClip:
    start = None if minutes is None else NOON + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "id": name,
        "label": 1,
        "view": "roof",
        "plant": "mill",
        "start": start,
        "end": None if start is None else start + CLIP,
    }
    return LabelledClip(**values | changes)


TESTED = clip("tested", 0, group="g7")


@pytest.mark.parametrize(
    ("leak", "message"),
    [
        pytest.param(clip("tested"), "share a clip (got the id of", id="the same clip"),
        pytest.param(clip("copy", group="g7"), "hold near-duplicates (got duplicate group g7",
                     id="near-duplicate"),
        pytest.param(clip("later", 20), "17.1 minutes after", id="soon after"),
        pytest.param(clip("before", -20), "17.1 minutes after", id="soon before"),
        pytest.param(clip("within", 1), "-1.9 minutes after", id="at the same time"),
        pytest.param(clip("long", -300, end=NOON - timedelta(minutes=29)), "29.0 minutes after",
                     id="a long one before"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_planted_leak_is_refused_and_both_clips_are_named(
    leak: LabelledClip, message: str, part: str
) -> None:
    innocent = clip("innocent", 500)
    parts: dict[str, Any] = {"train": (innocent,), "validation": (), "test": (TESTED,)}
    Fold("sound", **parts)
    parts[part] = (*parts[part], leak)
    with pytest.raises(DataError) as caught:
        Fold("planted", **parts)
    line = str(caught.value)
    assert f"{part} and test " in line
    assert message in line
    assert leak.id in line
    assert "tested" in line


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param(clip("b", 33), id="half an hour later"),
        pytest.param(clip("b", -33), id="half an hour before"),
        pytest.param(clip("b", 0, view="gate"), id="another view"),
        pytest.param(clip("b", 0, plant="mine"), id="another plant's view of that name"),
        pytest.param(clip("b"), id="no time"),
        pytest.param(clip("b", 500, group="g8"), id="another group"),
    ],
)
def test_what_is_apart_is_no_leak(apart: LabelledClip) -> None:
    refuse_leaks({"train": [apart], "test": [TESTED]})
    assert without_leaks([apart], [TESTED]) == [apart]


@pytest.mark.parametrize("gap", [timedelta(0), timedelta(minutes=10), timedelta(days=1)])
def test_the_least_gap_can_be_chosen(gap: timedelta) -> None:
    edge = clip("b", (gap + CLIP).total_seconds() / 60)
    refuse_leaks({"train": [TESTED], "test": [edge]}, least_gap=gap)
    with pytest.raises(DataError, match="at nearly the same time"):
        refuse_leaks({"train": [TESTED], "test": [edge]}, least_gap=gap + timedelta(seconds=1))


def test_a_short_clip_does_not_hide_a_long_one_that_began_before_it() -> None:
    long, short = clip("long", -300, end=NOON - timedelta(minutes=5)), clip("short", -100)
    with pytest.raises(DataError, match="after train clip long"):
        refuse_leaks({"train": [short, long], "test": [TESTED]})
    assert without_leaks([TESTED], [long, short]) == []


@given(
    times=st.lists(st.tuples(st.integers(0, 240), st.integers(1, 90)), min_size=2, max_size=9),
    tested=st.integers(1, 8),
    gap=st.integers(0, 60),
)
def test_what_is_left_is_what_is_far_from_every_test_clip(
    times: list[tuple[int, int]], tested: int, gap: int
) -> None:
    clips = [
        clip(str(n), start, end=NOON + timedelta(minutes=start + length))
        for n, (start, length) in enumerate(times)
    ]
    test, train = clips[:tested], clips[tested:]
    least = timedelta(minutes=gap)
    far = [one for one in train if all(distance(one, other) >= least for other in test)]
    assert without_leaks(train, test, least_gap=least) == far
    if far == train:
        refuse_leaks({"train": train, "test": test}, least_gap=least)
    else:
        with pytest.raises(DataError, match="at nearly the same time"):
            refuse_leaks({"train": train, "test": test}, least_gap=least)


def distance(one: LabelledClip, other: LabelledClip) -> timedelta:
    assert one.start
    assert one.end
    assert other.start
    assert other.end
    return max(one.start - other.end, other.start - one.end)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        pytest.param({"train": (), "test": (TESTED,)}, "planted: no clip is left to train on",
                     id="nothing to train on"),
        pytest.param({"train": (TESTED,), "test": ()}, "planted: no clip is left to test on",
                     id="nothing to test on"),
        pytest.param({"train": (clip("a", 500, label=None),), "test": (TESTED,)},
                     "planted: a train clip has no label (got a)", id="undecided"),
        pytest.param({"train": (clip("a", 500),) * 2, "test": (TESTED,)},
                     "planted: a train clip comes twice (got a)", id="twice"),
    ],
)  # fmt: skip
def test_what_is_no_fold_is_one_line(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        Fold("planted", **parts)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 101, "tab\t"])
def test_a_fold_has_the_name_of_a_folder(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        Fold(name, (clip("a", 500),), (TESTED,))


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"end": None}, id="one time"),
        pytest.param({"end": NOON - CLIP}, id="swapped"),
        pytest.param({"start": NOON.replace(tzinfo=None)}, id="not aware"),
    ],
)
def test_times_that_cannot_be_are_a_mistake_of_the_program(times: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="clip a"):
        clip("a", 0, **times)
