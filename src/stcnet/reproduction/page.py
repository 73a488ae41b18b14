"""The table as one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from stcnet.evaluation.tables import HEADINGS, format_estimate
from stcnet.reproduction.results import Reproduction, RowResult
from stcnet.reproduction.rows import SPLITS
from stcnet.reproduction.tables import (
    DEFINITIONS,
    check_text,
    mean_text,
    reasons,
    share,
    split_text,
    verdict,
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the first table, as text."""

    title: str
    start: str
    metric: str
    cells: tuple[tuple[str, str, str], ...]
    mean: str
    printed: str
    latency: str
    source: str
    verdict: str
    short: str
    departure: str
    comparable: bool


@dataclass(frozen=True, slots=True)
class _Scores:
    """A row of the second table: every metric of a row on a split."""

    title: str
    split: str
    clips: int
    trained_on: str
    estimates: tuple[str, ...]


def render(table: Reproduction) -> str:
    """The HTML of the page; every text is escaped."""
    return (
        _environment()
        .get_template("reproduction.html.j2")
        .render(
            table=table,
            splits=SPLITS,
            lines=[_line(result) for result in table.rows],
            scores=[scores for result in table.rows for scores in _scores(result)],
            headings=HEADINGS,
            definitions=DEFINITIONS,
            check=check_text(table),
            reasons=reasons(table),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("stcnet.reproduction"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _line(result: RowResult) -> _Line:
    published = result.row.published
    cells = []
    for split, cell in result.cells.items():
        ours, theirs = split_text(result, split).rsplit(" / ", 1)
        cells.append((cell.state, ours, theirs))
    return _Line(
        title=result.row.title,
        start=result.start or "-",
        metric=HEADINGS[result.metric],
        cells=tuple(cells),
        mean=mean_text(result),
        printed=share(published.average) if published else "-",
        latency=f"{published.latency_ms:.1f} ms" if published and published.latency_ms else "-",
        source=published.source if published else "this package",
        verdict=verdict(result),
        short="yes" if result.comparable else "no" if result.done else "-",
        departure=result.row.departure or "-",
        comparable=result.comparable,
    )


def _scores(result: RowResult) -> list[_Scores]:
    rows = []
    for split, scores in result.done.items():
        record = result.cells[split].record
        assert record is not None
        estimates = scores.estimates()
        texts = tuple(format_estimate(estimates[name]) for name in HEADINGS)
        rows.append(_Scores(result.row.title, split, scores.clips, str(record.trained_on), texts))
    return rows
