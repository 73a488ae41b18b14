"""The leak guard of RISE folds, and a count of what it cannot forbid.

The views of one camera were cut from one panorama, and neighbours overlap: a published split may
test on a view whose edge a training view shows as well, at the same moment. The published splits
are what they are, so this is counted (:func:`shared_pictures`), not refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from stcnet.datasets.rise.records import RiseRecord
from stcnet.errors import DataError
from stcnet.video import RiseName

LEAST_GAP = timedelta(minutes=30)
"""Clips of a view that are nearer than this show the same plume and the same light."""

LEAST_SHARE = 0.05
"""Smallest share of a test clip's picture that counts as seen in training."""

Parts = Mapping[str, Sequence[RiseRecord]]


def refuse_leaks(parts: Parts, *, least_gap: timedelta = LEAST_GAP) -> None:
    """The leak guard.

    Args:
        parts: Clips by the name of their part, such as train and test.
        least_gap: Least time between the end of a clip and the start of another one of the same
            view in another part.

    Raises:
        DataError: Two parts hold the same clip (id or file name), or clips of one view that are
            nearer in time than allowed. The line names both clips.
    """
    _refuse_shared_clips(parts)
    by_view: dict[str, list[tuple[RiseRecord, str]]] = defaultdict(list)
    for part, records in parts.items():
        for record in records:
            by_view[record.view].append((record, part))
    for view, clips in by_view.items():
        _refuse_neighbours(view, clips, least_gap)


def _refuse_shared_clips(parts: Parts) -> None:
    for (one, first), (other, second) in combinations(parts.items(), 2):
        for key in ("id", "file_name"):
            known = {getattr(record, key): record for record in first}
            for record in second:
                if getattr(record, key) in known:
                    twin = known[getattr(record, key)]
                    raise DataError(
                        f"{one} and {other} share a clip",
                        where=record.file_name,
                        got=f"the {key} of {one} clip {twin.file_name} (id {twin.id})",
                        hint="give each clip to one part only",
                    )


def _refuse_neighbours(
    view: str, clips: list[tuple[RiseRecord, str]], least_gap: timedelta
) -> None:
    """Go through the clips of one view by time; of each part the latest end so far suffices."""
    latest: dict[str, RiseRecord] = {}
    for record, part in sorted(clips, key=lambda clip: clip[0].start_time):
        for other, earlier in latest.items():
            gap_s = record.name.start_epoch - earlier.name.end_epoch
            if other != part and gap_s < least_gap.total_seconds():
                raise DataError(
                    f"{part} and {other} hold clips of view {view} at nearly the same time",
                    where=record.file_name,
                    got=f"{gap_s / 60:.1f} minutes after {other} clip {earlier.file_name}",
                    allowed=f"{least_gap.total_seconds() / 60:g} minutes or more",
                    hint="give both clips to one part, or leave one out",
                )
        if part not in latest or latest[part].name.end_epoch < record.name.end_epoch:
            latest[part] = record


@dataclass(frozen=True, slots=True)
class SharedPicture:
    """A test clip part of whose picture a training clip shows at the same time.

    Attributes:
        test, train: The clips, of two views of one camera.
        share: Share of the test clip's picture, above 0, at most 1.
    """

    test: RiseRecord
    train: RiseRecord
    share: float


def shared_pictures(
    train: Iterable[RiseRecord], test: Iterable[RiseRecord], *, least_share: float = LEAST_SHARE
) -> list[SharedPicture]:
    """The test clips that overlap with a training clip in the panorama and in time.

    Args:
        train: The clips trained on.
        test: The clips tested on.
        least_share: Smallest share of the test clip's picture that counts, 0..1.

    Returns:
        One entry for each such test clip, with the training clip that shows most of it.
    """
    by_day: dict[object, list[RiseRecord]] = defaultdict(list)
    for record in train:
        by_day[record.camera_id, record.name.day].append(record)
    extents = {day: np.array([_extent(r.name) for r in records]) for day, records in by_day.items()}
    found = []
    for record in test:
        day = record.camera_id, record.name.day
        if day in extents:
            shares = _shares(_extent(record.name), extents[day])
            most = int(shares.argmax())
            if shares[most] >= least_share:
                found.append(SharedPicture(record, by_day[day][most], float(shares[most])))
    return found


def _extent(name: RiseName) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Where and when a clip begins and where and when it ends: two times (x, y, epoch)."""
    return (name.left, name.top, name.start_epoch), (name.right, name.bottom, name.end_epoch)


def _shares(
    extent: tuple[tuple[int, int, int], tuple[int, int, int]], others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of a clip's picture that each of the others, shape (N, 2, 3), shows in its time."""
    begin, end = np.array(extent)
    common = np.minimum(end, others[:, 1]) - np.maximum(begin, others[:, 0])
    whole = float(np.prod((end - begin)[:2]))
    return np.where((common > 0).all(axis=1), common[:, 0] * common[:, 1] / whole, 0.0)
