"""Records of clips that nobody filmed: views, days, hours and votes drawn as RISE has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import numpy as np

from stcnet.datasets.rise.labels import LabelState
from stcnet.datasets.rise.records import RISE_ZONE, RiseRecord
from stcnet.datasets.rise.splits import FIRST_TEST_DAY, FIRST_VALIDATION_DAY, VIEWS
from stcnet.errors import ConfigError
from stcnet.video import RiseName

Votes = tuple[LabelState, LabelState]
"""What the citizens and what the researchers said."""

RISE_DAYS = tuple(
    map(
        date.fromisoformat,
        (
            *("2018-05-11", "2018-06-11", "2018-06-12", "2018-06-14", "2018-07-07", "2018-08-06"),
            *("2018-08-24", "2018-09-03", "2018-09-19", "2018-10-07", "2018-11-10", "2018-11-12"),
            *("2018-12-11", "2018-12-13", "2018-12-28", "2019-01-11", "2019-01-17", "2019-01-18"),
            *("2019-01-22", "2019-02-02", "2019-02-03", "2019-02-04", "2019-03-14", "2019-04-01"),
            *("2019-04-07", "2019-04-09", "2019-05-15", "2019-06-24", "2019-07-26", "2019-08-11"),
        ),
    )
)
"""The days on which RISE was filmed."""
LEAST_DAYS = 3
LARGEST_SEED = 2**32 - 1

_S = LabelState
_EVERY_STATE: tuple[Votes, ...] = (
    (_S.NONE, _S.GOLD_POSITIVE),
    (_S.NONE, _S.GOLD_NEGATIVE),
    (_S.STRONG_POSITIVE, _S.NONE),
    (_S.STRONG_NEGATIVE, _S.NONE),
    (_S.WEAK_POSITIVE, _S.NONE),
    (_S.WEAK_NEGATIVE, _S.NONE),
    (_S.ONE_VOTE_POSITIVE, _S.STRONG_POSITIVE),
    (_S.ONE_VOTE_NEGATIVE, _S.STRONG_NEGATIVE),
    (_S.DISCORD, _S.NONE),
    (_S.NONE, _S.BAD_VIDEO),
)
LEAST_CLIPS = len(_EVERY_STATE)
PUBLISHED_COUNTS: dict[Votes, int] = {
    (_S.NONE, _S.STRONG_NEGATIVE): 3136,
    (_S.NONE, _S.STRONG_POSITIVE): 2094,
    (_S.STRONG_NEGATIVE, _S.NONE): 1745,
    (_S.ONE_VOTE_NEGATIVE, _S.STRONG_NEGATIVE): 1721,
    (_S.ONE_VOTE_POSITIVE, _S.STRONG_POSITIVE): 889,
    (_S.STRONG_NEGATIVE, _S.STRONG_NEGATIVE): 708,
    (_S.STRONG_POSITIVE, _S.NONE): 657,
    (_S.STRONG_POSITIVE, _S.STRONG_POSITIVE): 635,
    (_S.ONE_VOTE_NEGATIVE, _S.STRONG_POSITIVE): 567,
    (_S.STRONG_NEGATIVE, _S.STRONG_POSITIVE): 119,
    (_S.WEAK_NEGATIVE, _S.NONE): 90,
    (_S.WEAK_POSITIVE, _S.NONE): 68,
    (_S.ONE_VOTE_POSITIVE, _S.STRONG_NEGATIVE): 49,
    (_S.DISCORD, _S.STRONG_POSITIVE): 37,
    (_S.WEAK_POSITIVE, _S.STRONG_POSITIVE): 20,
    (_S.DISCORD, _S.STRONG_NEGATIVE): 16,
    (_S.WEAK_NEGATIVE, _S.STRONG_NEGATIVE): 6,
    (_S.WEAK_NEGATIVE, _S.STRONG_POSITIVE): 4,
    (_S.STRONG_POSITIVE, _S.STRONG_NEGATIVE): 3,
    (_S.WEAK_POSITIVE, _S.STRONG_NEGATIVE): 3,
}
"""How often the labelled clips of RISE got which votes."""

_FIRST_HOUR, _SLOTS, _SLOT_S = 7, 200, 180
_CLIP_S = 175
_FRAME_S = 5
_SPACING_PX = 520


def draw_records(
    clips: int, *, views: Sequence[str] = VIEWS, days: int = len(RISE_DAYS), size: int, seed: int
) -> list[RiseRecord]:
    """Draw the metadata of a data set that follows RISE.

    Views and days are dealt out evenly, the hours are those of daylight, and no two clips of a
    view overlap in time. Every state occurs; beyond that, votes are as frequent as among the
    published clips.

    Args:
        clips: How many.
        views: Views of RISE, such as ``0-7``.
        days: How many of RISE's 30 days; each part of the split by date gets some.
        size: Side of the clips in pixels.
        seed: Of everything drawn, 0..4294967295.

    Raises:
        ConfigError: A number is out of range, or a view is none of RISE's or named twice.
    """
    _require_views(views)
    _require_range("days", days, LEAST_DAYS, len(RISE_DAYS))
    if not 0 <= seed <= LARGEST_SEED:
        raise ConfigError("the seed is out of range", got=seed, allowed=f"0..{LARGEST_SEED}")
    _require_range("clips", clips, LEAST_CLIPS, len(views) * days * _SLOTS)
    rng = np.random.default_rng((seed, 0))
    chosen_days = rise_days(days)
    votes = _draw_votes(clips, rng)
    slots: dict[tuple[str, date], list[int]] = defaultdict(lambda: list(rng.permutation(_SLOTS)))
    records = []
    for number in range(clips):
        turn, place = divmod(number, len(views))
        day = chosen_days[(turn + 7 * place) % days]
        slot = slots[views[place], day].pop()
        records.append(_record(number, views[place], day, int(slot), size, votes[number]))
    return records


def rise_days(count: int) -> list[date]:
    """So many of RISE's days, in order, spread over the three parts of the split by date.

    >>> [str(day) for day in rise_days(3)]
    ['2018-05-11', '2019-01-22', '2019-02-03']
    """
    train = [day for day in RISE_DAYS if day < FIRST_VALIDATION_DAY]
    validation = [day for day in RISE_DAYS if FIRST_VALIDATION_DAY <= day < FIRST_TEST_DAY]
    test = [day for day in RISE_DAYS if day >= FIRST_TEST_DAY]
    for_validation = max(1, round(count * len(validation) / len(RISE_DAYS)))
    for_test = max(1, round(count * len(test) / len(RISE_DAYS)))
    return [
        *_spread(train, count - for_validation - for_test),
        *_spread(validation, for_validation),
        *_spread(test, for_test),
    ]


def _spread(days: Sequence[date], count: int) -> list[date]:
    return [days[number * len(days) // count] for number in range(count)]


def _draw_votes(clips: int, rng: np.random.Generator) -> list[Votes]:
    """Votes for each clip: every state once, the rest as frequent as published, shuffled."""
    counts = np.array(list(PUBLISHED_COUNTS.values()))
    drawn = rng.choice(len(counts), clips - LEAST_CLIPS, p=counts / counts.sum())
    kinds = list(PUBLISHED_COUNTS)
    votes = [*_EVERY_STATE, *(kinds[index] for index in drawn)]
    return [votes[index] for index in rng.permutation(clips)]


def _record(number: int, view: str, day: date, slot: int, size: int, votes: Votes) -> RiseRecord:
    camera, view_number = map(int, view.split("-"))
    morning = datetime.combine(day, time(_FIRST_HOUR), tzinfo=RISE_ZONE).astimezone(UTC)
    start = int(morning.timestamp()) + slot * _SLOT_S
    left, top = view_number * _SPACING_PX, 1000
    name = RiseName(
        camera,
        view_number,
        day,
        *(left, top, left + 500, top + 500, size, size),
        start_frame=slot * _SLOT_S // _FRAME_S,
        start_epoch=start,
        end_epoch=start + _CLIP_S,
    )
    citizens, researchers = votes
    return RiseRecord(
        camera_id=camera,
        view_id=view_number,
        id=number,
        label_state=citizens,
        label_state_admin=researchers,
        start_time=start,
        url_root=f"https://rise.invalid/videos/{size}/{day}/{view}/",
        url_part=f"{name}.mp4",
        file_name=str(name),
    )


def _require_views(views: Sequence[str]) -> None:
    _require_range("views", len(views), 1, len(VIEWS))
    for view in views:
        if view not in VIEWS:
            raise ConfigError("there is no such view", got=view, allowed=", ".join(VIEWS))
        if list(views).count(view) > 1:
            raise ConfigError("a view is named twice", got=view)


def _require_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(
            f"the number of {what} is out of range", got=value, allowed=f"{low}..{high}"
        )
