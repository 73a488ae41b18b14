"""What every kind of data is to the rest of the program: a collection of labelled clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol

from stcnet.errors import StcnetError

if TYPE_CHECKING:
    from stcnet.datasets.clips import ClipSet

OnBad = Callable[[StcnetError], None]
"""Told of something in the data that cannot be used; what returns from it is left out."""


def refuse(error: StcnetError) -> NoReturn:
    """What to do with something bad, unless the caller says otherwise: raise it."""
    raise error


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """What is known of a clip before anything is decoded.

    Attributes:
        id: Unique in its collection.
        label: 1 smoke, 0 none, None undecided.
        view: Camera view.
        plant: What the camera looks at.
        start, end: Capture times of the first and the last frame, aware, UTC; both or neither.
        label_weight: How sure the label is, 0..1.
        weight: How many clips of the population it stands for, above 0.
        group: Clips of one group are known near-duplicates; None where none is known.

    Raises:
        ValueError: Only one of the times is known, one is not in UTC, or they are swapped.
    """

    id: str
    label: Literal[0, 1] | None
    view: str
    plant: str
    start: datetime | None
    end: datetime | None
    label_weight: float = 1.0
    weight: float = 1.0
    group: str | None = None

    def __post_init__(self) -> None:
        if self.start is None or self.end is None:
            if self.start is not self.end:
                raise ValueError(f"clip {self.id} has a start or an end, not both")
            return
        if self.start.utcoffset() or self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"the times of clip {self.id} are not aware and in UTC")
        if self.end < self.start:
            raise ValueError(f"clip {self.id} ends before it starts")


class Collection(Protocol):
    """A data set: labelled clips that can be decoded."""

    @property
    def title(self) -> str:
        """What it is, in one line for reports, such as ``RISE``."""

    @property
    def clips(self) -> tuple[LabelledClip, ...]:
        """All clips, undecided ones too; at least one."""

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        """Decode clips into memory.

        Args:
            clips: Clips of this collection with a label, in any order.
            size: Side in pixels to which each frame is scaled.
            on_bad: Called for each file that cannot be used, whose clips are then left out; by
                default it ends the reading.

        Returns:
            The clips in the order given; their ids are those of ``clips``.

        Raises:
            DataError: No clip is left; or from ``on_bad``: a file is missing or wrong.
            SourceError: From ``on_bad``: a file cannot be decoded.
        """


def labelled(clips: Iterable[LabelledClip]) -> list[LabelledClip]:
    """The clips whose label is decided, in their order."""
    return [clip for clip in clips if clip.label is not None]
