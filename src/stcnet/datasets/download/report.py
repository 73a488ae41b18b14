"""What is missing, and why: a table in a file, and a summary by cause."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from stcnet.files import write_whole

REPORT_FILE = "missing.csv"


@dataclass(frozen=True, slots=True)
class Missing:
    """A video that is not there.

    Attributes:
        file_name: Its name without the suffix; empty for a record too wrong to have one.
        cause: The same few words for all of a kind, such as ``HTTP 404``.
        detail: What happened.
    """

    file_name: str
    cause: str
    detail: str


COLUMNS = tuple(field.name for field in fields(Missing))


def write_report(folder: Path, missing: Sequence[Missing]) -> Path:
    """Write ``missing.csv``, nothing but its head where nothing is missing; gives its path.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *map(astuple, missing)])
    path = folder / REPORT_FILE
    content = text.getvalue().encode()
    write_whole(path, content, what="the report", hint="free disk space")
    return path


def summary(causes: Sequence[str]) -> list[str]:
    """A line for each cause, the most frequent one first.

    >>> summary(["HTTP 404", "timed out", "HTTP 404"])
    ['2 HTTP 404', '1 timed out']
    """
    return [f"{count} {cause}" for cause, count in Counter(causes).most_common()]
