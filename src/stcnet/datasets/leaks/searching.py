"""Near-duplicates among all clips of a collection, decoded a few at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import Collection, LabelledClip, OnBad, labelled, refuse
from stcnet.datasets.leaks.look_alikes import (
    SAME_SCENE,
    Described,
    LookAlike,
    look_alike_groups,
    near_duplicates,
)
from stcnet.datasets.leaks.signatures import SIGNATURE_SIZE, signatures
from stcnet.datasets.store import Store
from stcnet.errors import DataError, StcnetError

SIDE: Final = 64
"""Pixels at which clips are decoded to be compared."""
CLIPS_AT_A_TIME: Final = 128

COLUMNS: Final = (
    "group", "clip", "view", "plant", "start", "end", "label", "kind", "similarity", "like",
)  # fmt: skip
"""Columns of a table of groups."""

Listener = Callable[[int, int], None]
"""Told the number of clips done and of all."""


@dataclass(frozen=True, slots=True)
class Member:
    """A clip of a group.

    Attributes:
        group: Number of the group, from 1.
        clip: The clip.
        like: The clip of the group that it resembles most.
        kind: Whether both show one recording, or one scene in one light.
        similarity: Of the two, at most 1: of their motion or of their scenes, by ``kind``.
    """

    group: int
    clip: LabelledClip
    like: LabelledClip
    kind: Literal["recording", "scene"]
    similarity: float


@dataclass(frozen=True)
class Duplicates:
    """What looks alike in a collection.

    Attributes:
        clips: Those that were looked at.
        pairs: Of their positions.
        undecided: Clips that were not looked at, as they have no label.
        bad: Clips that could not be decoded.
    """

    clips: tuple[LabelledClip, ...]
    pairs: tuple[LookAlike, ...]
    undecided: int
    bad: int

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The clips of all groups, group by group."""
        best = self._closest()
        groups = look_alike_groups(len(self.clips), self.pairs)
        return tuple(
            self._member(number, position, best[position])
            for number, group in enumerate(groups, 1)
            for position in group
        )

    def _closest(self) -> dict[int, LookAlike]:
        """Of each clip the pair that stands first: recordings do, then the most similar."""
        best: dict[int, LookAlike] = {}
        for pair in self.pairs:
            best.setdefault(pair.first, pair)
            best.setdefault(pair.second, pair)
        return best

    def _member(self, group: int, position: int, pair: LookAlike) -> Member:
        like = pair.second if pair.first == position else pair.first
        kind: Literal["recording", "scene"] = "recording" if pair.same_recording else "scene"
        return Member(group, self.clips[position], self.clips[like], kind, pair.similarity)

    def table(self) -> str:
        """The groups as CSV, see :data:`COLUMNS`; times in UTC, empty where unknown."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_row, self.members))
        return text.getvalue()


def _row(member: Member) -> tuple[object, ...]:
    clip = member.clip
    times = ("" if moment is None else moment.isoformat() for moment in (clip.start, clip.end))
    return (
        member.group,
        clip.id,
        clip.view,
        clip.plant,
        *times,
        clip.label,
        member.kind,
        f"{member.similarity:.4f}",
        member.like.id,
    )


def find_duplicates(
    collection: Collection,
    *,
    scenes: bool = True,
    on_bad: OnBad = refuse,
    listener: Listener = lambda done, total: None,
) -> Duplicates:
    """Decode all clips that have a label, and find those that look alike.

    Args:
        collection: Of any kind.
        scenes: Count clips of one scene in one light, too, not only those of one recording.
        on_bad: Called for each file that cannot be used, whose clips are then left out; by
            default it ends the search.
        listener: Told of the clips that were looked at.

    Raises:
        DataError: No clip has a label, or none can be decoded; or from ``on_bad``.
        SourceError: From ``on_bad``: a video cannot be decoded.
    """
    wanted = labelled(collection.clips)
    seen = describe(collection, wanted, on_bad=on_bad, listener=listener)
    if not seen.ids:
        raise DataError("no clip can be looked at", where=collection.title)
    known = {clip.id: clip for clip in wanted}
    return Duplicates(
        tuple(known[clip] for clip in seen.ids),
        tuple(near_duplicates(seen.rows, least_scene=SAME_SCENE if scenes else None)),
        len(collection.clips) - len(wanted),
        len(wanted) - len(seen.ids),
    )


def describe(
    collection: Collection,
    clips: Sequence[LabelledClip],
    *,
    on_bad: OnBad = refuse,
    listener: Listener = lambda done, total: None,
) -> Described:
    """Describe clips by their looks, decoding a few at a time.

    Args:
        collection: Where they come from.
        clips: With a label.
        on_bad: Called for each file that cannot be used, whose clips are then left out; by
            default it ends the reading.
        listener: Told of the clips that were looked at.

    Raises:
        DataError: From ``on_bad``: a file is missing or wrong.
        SourceError: From ``on_bad``: a video cannot be decoded.
    """
    ids: list[str] = []
    rows = [np.zeros((0, SIGNATURE_SIZE), np.float32)]
    for done, block in _decoded(collection, clips, on_bad):
        ids += block.ids
        rows.append(signatures(block))
        listener(done, len(clips))
    return Described(tuple(ids), np.concatenate(rows))


def _decoded(
    collection: Collection, clips: Sequence[LabelledClip], on_bad: OnBad
) -> Iterator[tuple[int, ClipSet]]:
    """The clips that decode, some at a time, and how many are done."""
    side = side_of(collection, SIDE)
    for start in range(0, len(clips), CLIPS_AT_A_TIME):
        block = clips[start : start + CLIPS_AT_A_TIME]
        decoded = load_good(collection, block, side, on_bad)
        if decoded is not None:
            yield start + len(block), decoded


def side_of(collection: Collection, wanted: int) -> int:
    """The side in pixels that is wanted, or the only one that a store of scaled frames has."""
    if isinstance(collection, Store) and not collection.record.native:
        return collection.record.size
    return wanted


def load_good(
    collection: Collection, clips: Sequence[LabelledClip], side: int, on_bad: OnBad
) -> ClipSet | None:
    """The clips that decode, None where none does; each bad file is told of."""
    told: list[StcnetError] = []

    def tell(error: StcnetError) -> None:
        on_bad(error)
        told.append(error)

    try:
        return collection.load(clips, side, on_bad=tell)
    except DataError:
        if told:
            return None
        raise
