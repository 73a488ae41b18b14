"""Who is tested on what in any collection, by the name of a protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from stcnet.datasets.cells.protocols import PLANTS_FOLD, PLANTS_PROTOCOL
from stcnet.datasets.collection import Collection, LabelledClip, labelled
from stcnet.datasets.folds.divisions import (
    DATE_GAP,
    TESTED_SHARE,
    Clips,
    by_date,
    day_of,
    leave_one_plant_out,
    leave_one_view_out,
    most_folds,
    stratified_folds,
)
from stcnet.datasets.folds.fold import Fold
from stcnet.datasets.rise.splits import published_fold, published_splits
from stcnet.errors import ConfigError

FOLDS = 5
"""Number of folds that is proposed."""


@runtime_checkable
class OwnProtocols(Protocol):
    """A collection with protocols that only it has."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """Their names."""

    def folds(self, protocol: str) -> list[Fold]:
        """The folds of one of them."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to divide clips.

    Attributes:
        form: Pattern of its names.
        names: Those to choose from for some clips; none where it does not apply to them.
        folds: Divides labelled clips by a name of the form.
    """

    form: str
    names: Callable[[Clips], tuple[str, ...]]
    folds: Callable[[Clips, re.Match[str]], list[Fold]]


def folds_of(collection: Collection, protocol: str) -> list[Fold]:
    """The folds of a protocol; undecided clips stand in none.

    Args:
        collection: The data.
        protocol: A name that :func:`protocols_of` lists, or that of a single fold of one.

    Raises:
        ConfigError: There is no such protocol for these clips.
        DataError: No clip is left to train or to test on, or the clips leak.
    """
    if isinstance(collection, OwnProtocols) and protocol in collection.protocols:
        return collection.folds(protocol)
    clips = labelled(collection.clips)
    whole = protocol_of_fold(protocol)
    for scheme in SCHEMES:
        match = re.fullmatch(scheme.form, whole)
        if match and scheme.names(clips):
            folds = scheme.folds(clips, match)
            chosen = folds if whole == protocol else [f for f in folds if f.name == protocol]
            if chosen:
                return chosen
    raise ConfigError(
        "there is no such protocol for this data",
        where="--protocol",
        got=protocol,
        allowed=", ".join(protocols_of(collection))
        or "none: its labelled clips are too few or of one view, plant and day",
    )


def protocols_of(collection: Collection) -> tuple[str, ...]:
    """Names of the protocols that a collection allows."""
    own = collection.protocols if isinstance(collection, OwnProtocols) else ()
    clips = labelled(collection.clips)
    return (*own, *(name for scheme in SCHEMES for name in scheme.names(clips)))


def folds_named(collection: Collection, names: Iterable[str]) -> dict[str, Fold]:
    """The folds of these names, those that a protocol of the collection has."""
    wanted = set(names)
    found: list[Fold] = []
    for protocol in dict.fromkeys(map(protocol_of_fold, wanted)):
        with suppress(ConfigError):
            found += folds_of(collection, protocol)
    return {fold.name: fold for fold in found if fold.name in wanted}


def protocol_of_fold(name: str) -> str:
    """The protocol that a fold is of; a name that is no fold's stays as it is.

    >>> protocol_of_fold("leave-out-view-0-7"), protocol_of_fold("5-fold-2"), protocol_of_fold("S0")
    ('leave-one-view-out', '5-fold', 'S0')
    >>> protocol_of_fold("leave-out-plants"), protocol_of_fold("leave-out-plant-clairton")
    ('leave-plants-out', 'leave-one-plant-out')
    """
    for prefix in ("view", "plant"):
        if name.startswith(f"leave-out-{prefix}-"):
            return f"leave-one-{prefix}-out"
    if name == PLANTS_FOLD:
        return PLANTS_PROTOCOL
    numbered = re.fullmatch(r"(\d+-fold)-\d+", name)
    return numbered[1] if numbered else name


_GAP_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def _by_date(clips: Clips, match: re.Match[str]) -> list[Fold]:
    percent, number, unit = match["percent"], match["number"], match["unit"]
    share = int(percent) / 100 if percent else TESTED_SHARE
    gap = timedelta(**{_GAP_UNITS[unit]: int(number)}) if number else DATE_GAP
    return [by_date(clips, name=match[0], tested_share=share, gap=gap)]


def _dated(clips: Clips) -> tuple[str, ...]:
    days = {day_of(clip) for clip in clips}
    known = all(clip.start is not None and clip.end is not None for clip in clips)
    return ("by-date",) if known and len(days) > 1 else ()


def _several(
    name: str, value_of: Callable[[LabelledClip], str]
) -> Callable[[Clips], tuple[str, ...]]:
    return lambda clips: (name,) if len({value_of(clip) for clip in clips}) > 1 else ()


def _grouped(clips: Clips) -> tuple[str, ...]:
    most = most_folds(clips)
    return (f"{min(FOLDS, most)}-fold",) if most > 1 else ()


SCHEMES: tuple[Scheme, ...] = (
    Scheme(r"S[0-5]", published_splits, lambda clips, match: [published_fold(clips, match[0])]),
    Scheme(
        "leave-one-view-out",
        _several("leave-one-view-out", lambda clip: clip.view),
        lambda clips, match: leave_one_view_out(clips),
    ),
    Scheme(
        "leave-one-plant-out",
        _several("leave-one-plant-out", lambda clip: clip.plant),
        lambda clips, match: leave_one_plant_out(clips),
    ),
    Scheme(
        r"by-date(?:-(?P<percent>[1-9]\d?))?(?:-gap-(?P<number>\d{1,3})(?P<unit>[dhm]))?",
        _dated,
        _by_date,
    ),
    Scheme(
        r"(?P<count>[1-9]\d{0,2})-fold",
        _grouped,
        lambda clips, match: stratified_folds(clips, int(match["count"])),
    ),
)
"""What any collection can be divided by, where its clips tell what is needed."""
