"""Ways to divide any labelled clips into what is trained and what is tested on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.folds.fold import Fold, folder_name, hold_out
from stcnet.datasets.leaks.guard import without_leaks
from stcnet.errors import DataError
from stcnet.video import RiseName

TESTED_SHARE = 0.3
"""Share of the days that :func:`by_date` tests on."""
DATE_GAP = timedelta(days=1)
"""Time before the first tested clip of :func:`by_date` in which nothing is trained on."""

Clips = Sequence[LabelledClip]


def leave_one_view_out(clips: Clips) -> list[Fold]:
    """A fold for each camera view: test on it, train on all others.

    Neighbouring views of one camera of RISE overlap in the panorama that they were cut from, see
    :func:`stcnet.datasets.rise.shared_pictures`; what is unseen for certain is a plant.

    Args:
        clips: With a label.

    Raises:
        DataError: There is only one view.
    """
    return _leave_one_out(clips, "view", lambda clip: clip.view)


def leave_one_plant_out(clips: Clips) -> list[Fold]:
    """A fold for each plant: test on it, train on the others.

    Args:
        clips: With a label.

    Raises:
        DataError: There is only one plant.
    """
    return _leave_one_out(clips, "plant", lambda clip: clip.plant)


def _leave_one_out(clips: Clips, what: str, value_of: Callable[[LabelledClip], str]) -> list[Fold]:
    values = sorted({value_of(clip) for clip in clips}, key=_natural)
    names = _distinct([f"leave-out-{what}-{value}" for value in values])
    return [
        hold_out(name, clips, [clip for clip in clips if value_of(clip) == value])
        for name, value in zip(names, values, strict=True)
    ]


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts numbers within a text by their value: 0-2 before 0-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]


def _distinct(names: Sequence[str]) -> list[str]:
    """The names as those of folders, numbered where two would be the same."""
    made: list[str] = []
    for name in names:
        plain = fresh = folder_name(name)
        number = 2
        while fresh.lower() in {other.lower() for other in made}:
            fresh, number = f"{plain[:90]}-{number}", number + 1
        made.append(fresh)
    return made


def by_date(
    clips: Clips,
    *,
    name: str = "by-date",
    tested_share: float = TESTED_SHARE,
    gap: timedelta = DATE_GAP,
) -> Fold:
    """Train on the earlier days, test on the last.

    Args:
        clips: With a label; all of known time.
        name: Of the fold.
        tested_share: Share of the days that are tested on, between 0 and 1.
        gap: Clips that end within it before the first tested clip are left out, and counted.

    Raises:
        DataError: No clip is left to train on, such as where all are of one day.
    """
    days = sorted({day for clip in clips if (day := day_of(clip)) is not None})
    count = max(1, round(tested_share * len(days)))
    tested_days = set(days[-count:])
    tested = [clip for clip in clips if day_of(clip) in tested_days]
    others = [clip for clip in clips if day_of(clip) not in tested_days]
    border = min(clip.start for clip in tested if clip.start is not None) - gap
    early = [clip for clip in others if clip.end is not None and clip.end <= border]
    train = without_leaks(early, tested)
    return Fold(name, tuple(train), tuple(tested), left_out=len(others) - len(train))


def stratified_folds(clips: Clips, count: int, *, seed: int = 0) -> list[Fold]:
    """Folds with about the same share of smoke, clips of one view and day in one of them.

    Where the day is not known, all clips of a view stand together. scikit-learn's
    ``StratifiedGroupKFold`` divides them.

    Args:
        clips: With a label.
        count: Number of folds, 2 or more.
        seed: Of the order in which views and days are dealt out.

    Raises:
        DataError: There are fewer views and days, clips with smoke or clips without, than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    most = most_folds(clips)
    if not 2 <= count <= most:
        raise DataError(
            "the clips cannot be divided into so many folds",
            where="--protocol",
            got=f"{count}-fold",
            allowed=f"2..{most}: at most one for each view and day, and for each clip of the "
            "rarer class",
        )
    labels = [clip.label for clip in clips]
    groups = ["/".join(_place_and_day(clip)) for clip in clips]
    dealer = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return [
        hold_out(f"{count}-fold-{number}", clips, [clips[row] for row in rows])
        for number, (_, rows) in enumerate(dealer.split(labels, labels, groups), 1)
    ]


def most_folds(clips: Clips) -> int:
    """The largest number of stratified folds; each needs a view's day, and both classes."""
    labels = [clip.label for clip in clips]
    return min(len({_place_and_day(clip) for clip in clips}), labels.count(0), labels.count(1))


def _place_and_day(clip: LabelledClip) -> tuple[str, str, str]:
    return clip.plant, clip.view, str(day_of(clip))


def day_of(clip: LabelledClip) -> date | None:
    """The day of a clip: the plants' own where its id is a RISE name, else that of UTC."""
    name = RiseName.parse(clip.id)
    if name is not None:
        return name.day
    return clip.start.date() if clip.start is not None else None
