"""Clips of a table: a CSV with a row for each clip, or each zone of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.candidates import Candidate, Defaults, Said, completed
from stcnet.datasets.own.inside import file_inside
from stcnet.datasets.own.tables import Row, read_table
from stcnet.datasets.own.times import parse_moment, parse_seconds
from stcnet.datasets.own.values import (
    parse_area,
    parse_group,
    parse_label,
    parse_share,
    place_name,
)
from stcnet.errors import DataError

COLUMNS = ("file", "label", "view", "plant", "start", "interval", "label_weight", "zone", "group")
OTHER_NAMES = {"clip": "file"}
ValueT = TypeVar("ValueT")


def table_candidates(
    table: Path, clips: Path, defaults: Defaults, on_bad: OnBad
) -> list[Candidate]:
    """The clips of a table, in the order of its rows.

    Args:
        table: A CSV with the columns ``file`` (or ``clip``) and ``label``, and any of the others.
        clips: The folder that the file names are relative to.
        defaults: What holds for clips that do not say otherwise.
        on_bad: Told of each row that is wrong, by row and column.

    Raises:
        DataError: The table cannot be read or lacks a column.
    """
    candidates = []
    for row in read_table(table, COLUMNS, COLUMNS[:2], other_names=OTHER_NAMES, on_bad=on_bad):
        try:
            candidates.append(_candidate(row, clips, defaults))
        except DataError as error:
            on_bad(error)
    return candidates


def _candidate(row: Row, clips: Path, defaults: Defaults) -> Candidate:
    said = Said(
        view=_read(row, "view", place_name),
        plant=_read(row, "plant", place_name),
        start=_given(row, "start", lambda text: parse_moment(text, defaults.timezone)),
        interval_s=_given(row, "interval", parse_seconds),
        zone=_read(row, "zone", parse_area),
        group=_read(row, "group", parse_group),
    )
    label = _read(row, "label", parse_label)
    label_weight = _read(row, "label_weight", parse_share)
    name = row.values["file"]
    try:
        path = file_inside(clips, name)
    except DataError as error:
        where = f"{row.table}, row {row.number}, column file: {error}"
        raise DataError(where) from None
    return completed(path, name, label, said, defaults, label_weight=label_weight)


def _given(row: Row, column: str, parse: Callable[[str], ValueT]) -> ValueT | None:
    """What stands in a column; None where nothing does."""
    return _read(row, column, parse) if row.values[column] else None


def _read(row: Row, column: str, parse: Callable[[str], ValueT]) -> ValueT:
    try:
        return parse(row.values[column])
    except ValueError as error:
        raise row.error(column, str(error)) from None
