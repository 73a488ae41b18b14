"""The leak guard: what the records tell of two parts of a data set that share evidence."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from stcnet.datasets.collection import LabelledClip
from stcnet.errors import DataError

LEAST_GAP = timedelta(minutes=30)
"""Clips of a view that are nearer than this show the same plume and the same light."""


def refuse_leaks(
    parts: Mapping[str, Sequence[LabelledClip]], *, least_gap: timedelta = LEAST_GAP
) -> None:
    """The leak guard.

    Args:
        parts: Clips by the name of their part, such as train and test.
        least_gap: Least time between the end of a clip and the start of another one of the same
            view in another part, where the times are known.

    Raises:
        DataError: Two parts hold the same clip, clips of one group of near-duplicates, or clips of
            one view that are nearer in time than allowed. The line names both clips.
    """
    for (one, first), (other, second) in combinations(parts.items(), 2):
        known = _Evidence(first, least_gap)
        for clip in second:
            twin = known.shared_with(clip)
            if twin is not None:
                raise _leak((one, twin), (other, clip), least_gap)


def without_leaks(
    clips: Iterable[LabelledClip],
    tested: Sequence[LabelledClip],
    *,
    least_gap: timedelta = LEAST_GAP,
) -> list[LabelledClip]:
    """The clips that may be trained on where ``tested`` are tested on, in their order."""
    known = _Evidence(tested, least_gap)
    return [clip for clip in clips if known.shared_with(clip) is None]


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Clips of one view by their start, and of those so far the one that ends last."""

    starts: Sequence[datetime]
    last: Sequence[LabelledClip]

    @classmethod
    def of(cls, clips: Iterable[tuple[datetime, datetime, LabelledClip]]) -> _Timeline:
        ordered = sorted(clips, key=lambda timed: timed[0])
        last: list[LabelledClip] = []
        latest = ordered[0][1]
        for _, end, clip in ordered:
            last.append(clip if not last or end > latest else last[-1])
            latest = max(latest, end)
        return cls([start for start, _, _ in ordered], last)

    def near(self, start: datetime, end: datetime, least_gap: timedelta) -> LabelledClip | None:
        """A clip nearer to ``start..end`` than the gap, None where all are apart."""
        earlier = bisect_left(self.starts, end + least_gap)
        if not earlier:
            return None
        clip = self.last[earlier - 1]
        assert clip.end is not None
        return clip if clip.end > start - least_gap else None


class _Evidence:
    """What the clips of one part show, to be compared with clips of another."""

    def __init__(self, clips: Sequence[LabelledClip], least_gap: timedelta) -> None:
        self._gap = least_gap
        self._ids = {clip.id: clip for clip in clips}
        self._groups = {clip.group: clip for clip in clips if clip.group is not None}
        views: dict[tuple[str, str], list[tuple[datetime, datetime, LabelledClip]]]
        views = defaultdict(list)
        for clip in clips:
            if clip.start is not None and clip.end is not None:
                views[clip.plant, clip.view].append((clip.start, clip.end, clip))
        self._views = {view: _Timeline.of(timed) for view, timed in views.items()}

    def shared_with(self, clip: LabelledClip) -> LabelledClip | None:
        """The clip that shows what ``clip`` shows, None where there is none."""
        twin = self._ids.get(clip.id)
        if twin is None and clip.group is not None:
            twin = self._groups.get(clip.group)
        timeline = self._views.get((clip.plant, clip.view))
        if twin is None and timeline and clip.start is not None and clip.end is not None:
            twin = timeline.near(clip.start, clip.end, self._gap)
        return twin


def _leak(
    one: tuple[str, LabelledClip], other: tuple[str, LabelledClip], least_gap: timedelta
) -> DataError:
    """The line for two clips, each with its part, that share evidence."""
    (part, twin), (second, clip) = one, other
    if twin.id == clip.id:
        return DataError(
            f"{part} and {second} share a clip",
            where=clip.id,
            got=f"the id of {part} clip {twin.id}",
            hint="give each clip to one part only",
        )
    if clip.group is not None and twin.group == clip.group:
        return DataError(
            f"{part} and {second} hold near-duplicates",
            where=clip.id,
            got=f"duplicate group {clip.group}, also of {part} clip {twin.id}",
            hint="leave every clip of a test clip's duplicate group out of training",
        )
    return _near(one, other, least_gap)


def _near(
    one: tuple[str, LabelledClip], other: tuple[str, LabelledClip], least_gap: timedelta
) -> DataError:
    (part, earlier), (_, later) = sorted((one, other), key=lambda placed: str(placed[1].start))
    assert later.start is not None
    assert earlier.end is not None
    minutes = (later.start - earlier.end).total_seconds() / 60
    return DataError(
        f"{one[0]} and {other[0]} hold clips of view {later.view} at nearly the same time",
        where=later.id,
        got=f"{minutes:.1f} minutes after {part} clip {earlier.id}",
        allowed=f"{least_gap.total_seconds() / 60:g} minutes or more",
        hint="give both clips to one part, or leave one out",
    )
