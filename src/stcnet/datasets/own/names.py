"""Names of own clips: safe ones from any text, and those that carry view, zone and time."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

_PART = r"[^\W_]+(?:[.-][^\W_]+)*"
_SECONDS = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?"
_FORM = re.compile(
    rf"(?P<view>{_PART})(?:__(?P<zone>{_PART}))?__"
    r"(?:(?P<start>[0-9]{8}T[0-9]{6}\.[0-9]{3})Z"
    rf"|(?P<video>{_PART})\+(?P<offset>{_SECONDS})s)"
    rf"__every(?P<interval>{_SECONDS})s"
)
STATE_FILE = "cut.json"
"""Stands beside clips that were cut: how, and from which videos."""
_ALONE = re.compile(_PART)
_LONGEST_PART = 60
"""Bytes of UTF-8: three parts, a time and an interval stay under what file systems take."""
_LONGEST_STEM = 100


def part_of_name(text: str, fallback: str, longest: int = _LONGEST_PART) -> str:
    """A text as one part of a :class:`CutName`: letters and digits of any script, else ``-``.

    Args:
        text: Any.
        fallback: Taken where nothing of it remains.
        longest: Bytes of UTF-8 that it may have.

    >>> part_of_name("Usine à gaz (nord)_2", "view")
    'Usine-à-gaz-nord-2'
    >>> part_of_name("...", "view")
    'view'
    """
    composed = unicodedata.normalize("NFC", text)
    part = re.sub(r"[\W_]+", "-", composed).strip("-")
    while len(part.encode()) > longest:
        part = part[:-1].rstrip("-")
    return part or fallback


def is_part(text: str) -> bool:
    """Whether a view or zone of this name comes back from a :class:`CutName` as it is.

    >>> is_part("0-7"), is_part("gate north")
    (True, False)
    """
    short = len(text.encode()) <= _LONGEST_PART
    return short and unicodedata.normalize("NFC", text) == text and bool(_ALONE.fullmatch(text))


def plain_stem(text: str, fallback: str = "clip") -> str:
    """The same in ASCII, for the name of a file that is copied.

    >>> plain_stem("Köln/../fumée")
    'Koln-fumee'
    """
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return part_of_name(bare, fallback, longest=_LONGEST_STEM)


def shown(name: str) -> str:
    """A file name as it can be printed and stored: what cannot be seen becomes ``?``."""
    return "".join(
        "?" if unicodedata.category(character)[0] == "C" else character for character in name
    )


@dataclass(frozen=True, slots=True)
class Offset:
    """Where in a video of unknown start a clip begins.

    Attributes:
        video: The video, by a part of its name.
        seconds: Since its first frame.
    """

    video: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CutName:
    """What the name of a clip says that was cut from a longer video, without its suffix.

    Attributes:
        view: Camera view.
        zone: Name of the part of the picture that the clip shows; None for all of it.
        origin: Capture time of its first frame, UTC, to the millisecond, or its place in the video.
        interval_s: World seconds between its frames, to the millisecond.
    """

    view: str
    zone: str | None
    origin: datetime | Offset
    interval_s: float

    @property
    def start(self) -> datetime | None:
        """Capture time of its first frame, UTC; None where it is not known."""
        return self.origin if isinstance(self.origin, datetime) else None

    @classmethod
    def parse(cls, stem: str) -> CutName | None:
        """Read a file name without its suffix; None where it is of another form.

        >>> name = CutName.parse("gate__stack__20260501T123005.250Z__every5s")
        >>> name.view, name.zone, str(name.start), name.interval_s
        ('gate', 'stack', '2026-05-01 12:30:05.250000+00:00', 5.0)
        >>> CutName.parse("gate__tour+175s__every2.5s").origin
        Offset(video='tour', seconds=175.0)
        """
        match = _FORM.fullmatch(unicodedata.normalize("NFC", stem))
        if match is None or float(match["interval"]) <= 0:
            return None
        origin: datetime | Offset
        if match["start"] is None:
            origin = Offset(match["video"], float(match["offset"]))
        else:
            try:
                moment = datetime.strptime(match["start"] + "+0000", "%Y%m%dT%H%M%S.%f%z")
            except ValueError:
                return None
            origin = moment.astimezone(UTC)
        return cls(match["view"], match["zone"], origin, float(match["interval"]))

    def __str__(self) -> str:
        if isinstance(self.origin, datetime):
            millis = self.origin.microsecond // 1000
            origin = f"{self.origin:%Y%m%dT%H%M%S}.{millis:03d}Z"
        else:
            origin = f"{self.origin.video}+{_seconds(self.origin.seconds)}s"
        parts = (self.view, self.zone, origin, f"every{_seconds(self.interval_s)}s")
        return "__".join(part for part in parts if part is not None)


def _seconds(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
