"""A count of what the leak guard cannot forbid: pictures that neighbouring views share.

The views of one camera were cut from one panorama, and neighbours overlap: a published split may
test on a view whose edge a training view shows as well, at the same moment. The published splits
are what they are, so this is counted, not refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcnet.datasets.rise.records import RiseRecord
from stcnet.video import RiseName

LEAST_SHARE = 0.05
"""Smallest share of a test clip's picture that counts as seen in training."""


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
