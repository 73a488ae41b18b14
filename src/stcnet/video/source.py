"""The contract of every frame source, and what the recorded ones share."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Generic,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    runtime_checkable,
)
from weakref import WeakSet

from stcnet.errors import one_line
from stcnet.types import Frame, require_utc
from stcnet.video.sampling import Sample, TimedT, choose

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

SourceKind: TypeAlias = Literal["file", "gif", "folder"]

Timing: TypeAlias = Literal["declared", "rise-name", "timestamps", "exif", "names", "modified"]
"""Where capture times come from: a declared interval, a RISE file name, the presentation
timestamps of a video, or the EXIF data, names or modification times of pictures."""


def name_of(path: Path) -> str:
    """The name of a file or folder, also of ``.``; what cannot be printed is escaped."""
    return one_line(os.path.basename(os.path.abspath(path)))  # noqa: PTH100, PTH119


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its frames are read.

    Attributes:
        name: Name of the file or folder, as :func:`name_of` gives it.
        kind: What the source is.
        width, height: Size of its pictures in pixels, upright.
        frame_count: Number of frames. Exact for folders and GIFs; for videos what the container
            declares or its duration implies, so an estimate; None where neither is known.
        duration_s: Length in seconds of world time, with the same caveat; None if unknown.
        frame_interval_s: World seconds between consecutive frames where they are declared or
            recognised as evenly spaced, else None.
        started_at: Capture time of the first frame in UTC, or None.
        timing: Where the capture times come from.
    """

    name: str
    kind: SourceKind
    width: int
    height: int
    frame_count: int | None
    duration_s: float | None
    frame_interval_s: float | None
    started_at: datetime | None
    timing: Timing

    def __post_init__(self) -> None:
        require_utc(self.started_at)


@runtime_checkable
class FrameSource(Protocol):
    """Something that gives frames in the order of their capture, one at a time.

    Iterating yields :class:`~stcnet.types.Frame` with strictly increasing ``time_s`` from 0.0 and
    strictly increasing ``index`` from 0 (a damaged frame that is left out leaves a hole in the
    indices). All pictures have the size that ``info`` states. Leaving the ``with`` block releases
    whatever is open.

    Raises:
        SourceError: While iterating, when the source turns out not to be readable as promised.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known of the source before its frames are read."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...

    def sampled(self, interval_s: float, *, tolerance: float = 0.5) -> Iterator[Sample]:
        """What :func:`~stcnet.video.sampling.sample` takes from this source."""
        ...


class RecordedSource(ABC, Generic[TimedT]):
    """A frame source that can be read more than once: each iteration starts at the first frame.

    A kind of source says when each of its shots was taken, and how a shot becomes a frame. So
    sampling turns only the shots it takes into pictures.
    """

    info: SourceInfo

    def __init__(self) -> None:
        self._closed = False
        self._running: WeakSet[Generator[TimedT, None, None]] = WeakSet()

    @abstractmethod
    def _shots(self) -> Generator[TimedT, None, None]:
        """Read the source from its first shot; owns the handles it opens."""

    @abstractmethod
    def _frame(self, shot: TimedT) -> Frame | None:
        """Turn a shot into a frame with its picture; None where it turns out to be damaged."""

    def _ended(self) -> None:
        """Called when an iteration has given its last frame."""

    def __iter__(self) -> Iterator[Frame]:
        shots = self._started()
        return (sample.frame for sample in self._undamaged((shot, False) for shot in shots))

    def sampled(self, interval_s: float, *, tolerance: float = 0.5) -> Iterator[Sample]:
        """What :func:`~stcnet.video.sampling.sample` takes from this source, sooner.

        Exactly that, but where damage shows only when a picture is decoded: such a shot, if it is
        chosen, leaves a gap.

        Raises:
            ValueError: An argument is out of range, as for ``sample``.
            SourceError: While iterating, when the source is not readable as promised.
        """
        return self._undamaged(choose(self._started(), interval_s, tolerance))

    def _undamaged(self, chosen: Iterable[tuple[TimedT, bool]]) -> Iterator[Sample]:
        lost = False
        for shot, after_gap in chosen:
            frame = self._frame(shot)
            if frame is not None:
                yield Sample(frame, after_gap or lost)
            lost = frame is None
        self._ended()

    def _started(self) -> Generator[TimedT, None, None]:
        if self._closed:
            raise ValueError(f"the source {self.info.name} is closed")
        shots = self._shots()
        self._running.add(shots)
        return shots

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every iteration under way and refuse new ones."""
        self._closed = True
        for shots in list(self._running):
            shots.close()
