"""What people write of a clip: labels, weights, zones, names of views and plants."""

from __future__ import annotations

import re
import unicodedata

from stcnet.datasets.own.names import shown
from stcnet.datasets.own.records import LONGEST_GROUP, checked_place
from stcnet.datasets.rise.labels import Label
from stcnet.errors import ZoneError
from stcnet.types import Zone

LABEL_WORDS: dict[str, Label | None] = {
    "smoke": 1,
    "1": 1,
    "no-smoke": 0,
    "none": 0,
    "0": 0,
    "steam": 0,
    "shadow": 0,
    "other": 0,
    "unsure": None,
    "": None,
}
"""What a label may be called; None is undecided."""


def place_name(text: str) -> str | None:
    """The name of a view or plant, composed; None where it is empty.

    Raises:
        ValueError: It cannot serve as a file name.
    """
    composed = unicodedata.normalize("NFC", text.strip())
    return checked_place(composed) if composed else None


def parse_group(text: str) -> str | None:
    """The name of a group of near-duplicates; None where it is empty.

    Raises:
        ValueError: It is too long.
    """
    if len(text) > LONGEST_GROUP:
        raise ValueError(f"is longer than {LONGEST_GROUP} characters")
    return shown(text) or None


def parse_label(text: str) -> Label | None:
    """A label in words or as 1 and 0.

    Raises:
        ValueError: It is none of :data:`LABEL_WORDS`.
    """
    word = "-".join(text.lower().replace("_", " ").split())
    if word not in LABEL_WORDS:
        raise ValueError(f"is none of {', '.join(filter(None, LABEL_WORDS))}")
    return LABEL_WORDS[word]


def parse_share(text: str) -> float:
    """A number of 0..1, with a point or a comma; 1 where the text is empty.

    Raises:
        ValueError: It is none.
    """
    try:
        share = float(text.replace(",", ".")) if text else 1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("is no number of 0..1")
    return share


def parse_area(text: str) -> Zone | None:
    """A zone as ``detect --zone`` takes it; its name may be left out, and space may separate.

    Raises:
        ValueError: It is none.

    >>> parse_area("0.25 0 0.5 1")
    Zone(name='zone', x=0.25, y=0.0, width=0.5, height=1.0, unit='fractions')
    """
    if not text:
        return None
    name, _, numbers = text.rpartition("=")
    joined = ",".join(re.split(r"[\s,;]+", numbers.strip()))
    try:
        return Zone.parse(f"{place_name(name) or 'zone'}={joined}")
    except ZoneError as error:
        raise ValueError(f"is wrong: {error.what}") from None


def zone_text(zone: Zone) -> str:
    """A zone as :meth:`stcnet.types.Zone.parse` reads it, to the last digit.

    >>> zone_text(parse_area("top=0,0,1,0.1"))
    'top=0,0,1,0.1'
    """
    places = (zone.x, zone.y, zone.width, zone.height)
    numbers = ",".join(repr(float(place)).removesuffix(".0") for place in places)
    return f"{zone.name}={numbers}"
