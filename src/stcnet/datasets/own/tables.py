"""Tables as people and spreadsheets write them: CSV of any separator, with or without BOM."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from stcnet.datasets.collection import OnBad
from stcnet.errors import DataError

_SEPARATORS = ",;\t|"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        table: The file.
        number: As a spreadsheet counts: the head is row 1.
        values: What stands in each column, without space around it; empty where nothing does.
    """

    table: Path
    number: int
    values: Mapping[str, str]

    def error(self, column: str, what: str) -> DataError:
        """The line for a mistake in a column of it."""
        return DataError(
            f"{column} {what}",
            where=f"{self.table}, row {self.number}",
            got=repr(self.values.get(column, ""))[:60],
        )


def read_table(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    *,
    other_names: Mapping[str, str],
    on_bad: OnBad,
) -> list[Row]:
    """The rows of a table, blank ones left out.

    The separator is the one of comma, semicolon, tabulator and bar that the head has most of. Case
    and space in the head do not count. Columns that are not known are passed over.

    Args:
        path: The file, UTF-8 or, with a byte order mark, UTF-16.
        columns: Those that are known.
        required: Those that must be there.
        other_names: Other names of columns, and which they mean.
        on_bad: Told of each row with more entries than the head, which is left out.

    Raises:
        DataError: The file cannot be read or has no head, or its head lacks a required column or
            names one twice.
    """
    lines = _read_text(path).splitlines(keepends=True)
    if lines and lines[0].lower().startswith("sep="):
        lines = lines[1:]
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    try:
        records = list(csv.reader(StringIO("".join(lines), newline=""), delimiter=separator))
    except csv.Error as error:
        raise DataError("the table cannot be read", where=path, got=error) from None
    head = _head(records[0] if records else [], columns, required, other_names, path)
    rows = []
    for number, entries in enumerate(records[1:], start=2):
        if len(entries) > len(head) and any(entries[len(head) :]):
            on_bad(_too_long(path, number, len(entries), len(head)))
        elif any(entry.strip() for entry in entries):
            stripped = (entry.strip() for entry in entries)
            named = dict(zip(head, stripped, strict=False))
            rows.append(Row(path, number, {name: named.get(name, "") for name in columns}))
    return rows


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except OSError as error:
        raise DataError("the table cannot be read", where=path, got=error.strerror) from None
    except UnicodeDecodeError:
        raise DataError(
            "the table is not in UTF-8", where=path, hint="save it as CSV in UTF-8"
        ) from None


def _head(
    entries: Sequence[str],
    columns: Sequence[str],
    required: Sequence[str],
    other_names: Mapping[str, str],
    path: Path,
) -> list[str]:
    """Names of the columns, other names replaced."""
    plain = ["_".join(entry.lower().split()) for entry in entries]
    head = [other_names.get(name, name) for name in plain]
    where = f"{path}, row 1"
    missing = [name for name in required if name not in head]
    if missing:
        raise DataError(
            f"the table has no column {missing[0]}",
            where=where,
            got=", ".join(plain)[:120] or "an empty file",
            allowed=", ".join(columns),
        )
    twice = [name for name in columns if head.count(name) > 1]
    if twice:
        raise DataError(f"the table has the column {twice[0]} twice", where=where)
    return head


def _too_long(path: Path, number: int, count: int, width: int) -> DataError:
    return DataError(
        "the row has more entries than the head",
        where=f"{path}, row {number}",
        got=count,
        allowed=width,
        hint="put entries that hold the separator in double quotes",
    )
