"""An overview as one HTML page that needs no other file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import jinja2

import stcnet
from stcnet.datasets.leaks.searching import Duplicates, Member
from stcnet.datasets.overview.inventory import ALL, Count
from stcnet.datasets.overview.pictures import Sample
from stcnet.datasets.overview.summary import Note, Overview
from stcnet.datasets.rise import SPLITS
from stcnet.errors import ConfigError
from stcnet.files import require_replaceable, write_whole

HEAD: Final = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="description" content="What a data set holds">
"""
"""How every such page begins."""
HINT: Final = "choose a folder that you may write to and that has room"
MOST_GROUPS: Final = 20
"""Groups of near-duplicates that the page lists; stcnet data duplicates lists all."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of a chart: clips with smoke, without, and undecided, as shares of the longest line.

    Attributes:
        value: What the clips share.
        count: Their numbers.
        smoke, none, undecided: Lengths, 0..1, at most 1 together.
    """

    value: str
    count: Count
    smoke: float
    none: float
    undecided: float

    @property
    def prevalence(self) -> str:
        """Share of smoke among the labelled clips."""
        return "n/a" if math.isnan(self.count.prevalence) else f"{self.count.prevalence:.0%}"

    @property
    def weight(self) -> str:
        """Mean weight of the labelled clips."""
        return "n/a" if math.isnan(self.count.mean_weight) else f"{self.count.mean_weight:.2f}"


@dataclass(frozen=True, slots=True)
class Chart:
    """The clips by one grouping.

    Attributes:
        title: The grouping.
        bars: A line a value.
    """

    title: str
    bars: tuple[Bar, ...]


def write_page(
    path: Path,
    overview: Overview,
    samples: Sequence[Sample] = (),
    duplicates: Duplicates | None = None,
) -> None:
    """Write the page; the same data give the same bytes.

    Args:
        path: Where, a name in .html; an overview that is there is replaced.
        overview: What the records tell.
        samples: Pictures.
        duplicates: What looks alike, if that was searched.

    Raises:
        ConfigError: ``path`` does not end in .html.
        OutputError: The page cannot be written, or there is a file that is no such page.
    """
    require_page(path)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stcnet.datasets.overview", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("overview.html.j2").render(
        version=stcnet.__version__,
        overview=overview,
        whole=_bar(overview.counts[0], ALL, overview.counts[0].clips),
        charts=charts_of(overview.counts),
        dated=any(count.group == "hour" for count in overview.counts),
        notes={name.replace("_", " "): in_words(note) for name, note in overview.notes.items()},
        views=_by_view(samples),
        duplicates=duplicates,
        groups=_first_groups(duplicates.members) if duplicates else (),
    )
    write_whole(path, page.encode(), what="the page", hint=HINT)


def require_page(path: Path) -> None:
    """Refuse a name that is no page's, and one of a file that is none.

    Raises:
        ConfigError: ``path`` does not end in .html.
        OutputError: There is a file that is no overview.
    """
    if path.suffix != ".html":
        raise ConfigError(
            "the overview is a page", where="--html", got=path.name, allowed="a name in .html"
        )
    require_replaceable(path, HEAD, what="page of a data set", option="--html")


def charts_of(counts: Iterable[Count]) -> list[Chart]:
    """A chart a grouping, the published splits of RISE on one."""
    groups: dict[str, list[tuple[str, Count]]] = {}
    for count in counts:
        if count.group in SPLITS:
            value = f"{count.group} {count.value}"
            groups.setdefault("published split", []).append((value, count))
        elif count.group != ALL:
            groups.setdefault(count.group.replace("_", " "), []).append((count.value, count))
    return [_chart(title, members) for title, members in groups.items()]


def _chart(title: str, members: Sequence[tuple[str, Count]]) -> Chart:
    most = max(count.clips for _, count in members)
    return Chart(title, tuple(_bar(count, value, most) for value, count in members))


def _bar(count: Count, value: str, most: int) -> Bar:
    none = count.labelled - count.smoke
    lengths = (part / most for part in (count.smoke, none, count.clips - count.labelled))
    return Bar(value, count, *lengths)


def in_words(note: Note) -> str:
    """A note as it is printed."""
    if isinstance(note, Mapping):
        return ", ".join(f"{name} {number}" for name, number in note.items())
    return str(note)


def _by_view(samples: Sequence[Sample]) -> list[tuple[str, list[Sample]]]:
    """The pictures under the names of their views."""
    ordered = groupby(samples, lambda sample: (sample.clip.plant, sample.clip.view))
    return [
        (view if plant in view else f"{view}, {plant}", list(members))
        for (plant, view), members in ordered
    ]


def _first_groups(members: Sequence[Member]) -> list[list[Member]]:
    """The first groups of near-duplicates, each with its clips."""
    groups = [list(group) for _, group in groupby(members, lambda member: member.group)]
    return groups[:MOST_GROUPS]
