"""File names of the RISE data set, which carry the capture time of a clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

_NUMBER = "0|[1-9][0-9]{0,8}"
_EPOCH = "0|[1-9][0-9]{0,9}"
_FORM = re.compile(
    rf"(?P<camera>{_NUMBER})-(?P<view>{_NUMBER})"
    r"-(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"-(?P<left>{_NUMBER})-(?P<top>{_NUMBER})-(?P<right>{_NUMBER})-(?P<bottom>{_NUMBER})"
    rf"-(?P<height>{_NUMBER})-(?P<width>{_NUMBER})"
    rf"-(?P<start_frame>{_NUMBER})-(?P<start_epoch>{_EPOCH})-(?P<end_epoch>{_EPOCH})"
)


@dataclass(frozen=True, slots=True)
class RiseName:
    """The parts of a RISE file name, without its suffix.

    Attributes:
        camera, view: Facility and view; together they name a place, such as ``0-7``.
        day: Local day of the recording.
        left, top, right, bottom: The view in the panorama it was cut from, in pixels.
        height, width: Size of the clip in pixels.
        start_frame: Number of the first frame in the panorama's recording of that day.
        start_epoch, end_epoch: Capture times of the first and last frame, Unix seconds.
    """

    camera: int
    view: int
    day: date
    left: int
    top: int
    right: int
    bottom: int
    height: int
    width: int
    start_frame: int
    start_epoch: int
    end_epoch: int

    @classmethod
    def parse(cls, stem: str) -> RiseName | None:
        """Read a file name without its suffix; None where it is of another form.

        >>> stem = "0-0-2018-06-11-6304-964-6807-1467-180-180-3470-1528712115-1528712290"
        >>> name = RiseName.parse(stem)
        >>> name.duration_s, str(name.started_at)
        (175, '2018-06-11 10:15:15+00:00')
        >>> str(name) == stem
        True
        """
        match = _FORM.fullmatch(stem)
        if match is None:
            return None
        parts = match.groupdict()
        try:
            day = date.fromisoformat(parts.pop("day"))
        except ValueError:
            return None
        return cls(day=day, **{key: int(number) for key, number in parts.items()})

    def __str__(self) -> str:
        return "-".join(
            str(part)
            for part in (
                *(self.camera, self.view, self.day.isoformat()),
                *(self.left, self.top, self.right, self.bottom),
                *(self.height, self.width, self.start_frame),
                *(self.start_epoch, self.end_epoch),
            )
        )

    @property
    def started_at(self) -> datetime:
        """Capture time of the first frame, in UTC."""
        return datetime.fromtimestamp(self.start_epoch, UTC)

    @property
    def duration_s(self) -> int:
        """Seconds from the first frame to the last; not above zero if the name is wrong."""
        return self.end_epoch - self.start_epoch
