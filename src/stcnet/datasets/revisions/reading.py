"""Revisions of labels: a file that says which clips have another label now, who says so and why.

Revised labels are another test: a score on them is never set beside one on the published labels as
if they were the same. So revisions are a file of their own, held against the labels they correct,
and whatever is computed with them says so.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from stcnet.datasets.collection import OnBad, refuse
from stcnet.errors import DataError

Label = Literal[0, 1]
COLUMNS = ("id", "old", "new", "who", "why")
OPTIONAL = ("when",)
_SHOWN = 60


def _number(value: object) -> object:
    return {"0": 0, "1": 1}.get(value, value) if isinstance(value, str) else value


def _given(value: object) -> object:
    return None if value == "" else value


LabelText = Annotated[Label, BeforeValidator(_number)]
Text = Annotated[str, Field(min_length=1)]


class Revision(BaseModel):
    """A label that is another one now.

    Attributes:
        id: Of the clip, as its data set names it.
        old: What the data say: 1 smoke, 0 none.
        new: What it should say.
        who: Who says so.
        why: What was seen, in words.
        when: Day of the judgement, where it is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    old: LabelText
    new: LabelText
    who: Text
    why: Text
    when: Annotated[date | None, BeforeValidator(_given)] = None


@dataclass(frozen=True, slots=True)
class Revisions:
    """A file of revisions.

    Attributes:
        path: The file.
        sha256: Of its bytes, 64 hexadecimal digits.
        entries: By the place they stand in, such as ``row 3``.
    """

    path: Path
    sha256: str
    entries: Mapping[str, Revision] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, Label]:
        """The new label of each revised clip, by its id."""
        return {entry.id: entry.new for entry in self.entries.values()}

    def __len__(self) -> int:
        return len(self.entries)


def read_revisions(path: Path, *, on_bad: OnBad = refuse) -> Revisions:
    """Read revisions from a table or from JSON.

    Args:
        path: CSV with the columns of :data:`COLUMNS` and perhaps ``when``, or, where the name ends
            in ``.json``, a list of objects with these keys.
        on_bad: Called for each revision that is wrong, which is then left out; by default it ends
            the reading. The line names file, row and column.

    Raises:
        DataError: The file cannot be read, lacks a column, or revises nothing; or from ``on_bad``:
            a value is missing or wrong, old and new label are the same, or a clip is revised
            twice.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the revisions cannot be read", where=path, got=error) from None
    rows = _json_rows(text, path) if path.suffix.lower() == ".json" else _csv_rows(text, path)
    if not rows:
        raise DataError("the file revises nothing", where=path, allowed="one clip a row")
    entries = _Entries(path)
    for place, values in rows.items():
        try:
            entries.add(place, values)
        except DataError as error:
            on_bad(error)
    return Revisions(path, hashlib.sha256(content).hexdigest(), entries.good)


def _csv_rows(text: str, path: Path) -> dict[str, Mapping[str, object]]:
    """The rows by their number in a spreadsheet, where the header is row 1."""
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise DataError("the revisions are no table", where=path, got=error) from None
    except ValueError:
        header, rows = [], []
    names = [name.strip() for name in header if name.strip()]
    if not set(COLUMNS) <= set(names) or len(set(names)) < len(names):
        raise DataError(
            "a column is missing or named twice",
            where=path,
            got=", ".join(names)[: 2 * _SHOWN] or "no header",
            allowed=f"{', '.join(COLUMNS)}, and perhaps {', '.join(OPTIONAL)}",
        )
    return {f"row {n}": _named(header, row) for n, row in enumerate(rows, start=2) if any(row)}


def _named(header: Sequence[str], row: Sequence[str]) -> dict[str, object]:
    """The values by column, without the empty ones that spreadsheets add at the end."""
    pairs = zip_longest(header, row, fillvalue="")
    return {
        name.strip() or "without a name": value.strip()
        for name, value in pairs
        if name.strip() or value.strip()
    }


def _json_rows(text: str, path: Path) -> dict[str, Mapping[str, object]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError("the revisions are not JSON", where=path, got=error) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("the revisions are no list of objects", where=path, got=type(rows).__name__)
    return {f"record {number}": row for number, row in enumerate(rows)}


class _Entries:
    """Collects revisions and holds them against each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.good: dict[str, Revision] = {}
        self._places: dict[str, str] = {}

    def add(self, place: str, values: Mapping[str, object]) -> None:
        """Take a revision.

        Raises:
            DataError: It is wrong, or of a clip that is revised already.
        """
        entry = self._parse(place, values)
        if entry.old == entry.new:
            raise self._wrong(place, "new", "the new label is the old one", entry.new)
        if entry.id in self._places:
            other = self._places[entry.id]
            same = self.good[other].new == entry.new
            what = f"the clip is revised in {other} already, {'alike' if same else 'otherwise'}"
            raise self._wrong(place, "id", what, entry.id)
        self._places[entry.id] = place
        self.good[place] = entry

    def _parse(self, place: str, values: Mapping[str, object]) -> Revision:
        try:
            return Revision.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        column = str(first["loc"][0])
        raise self._wrong(place, column, first["msg"], first["input"])

    def _wrong(self, place: str, column: str, what: str, got: object) -> DataError:
        where = f"{self.path}, {place}, column {column}"
        return DataError(what, where=where, got=repr(got)[:_SHOWN])


def require_fit(
    revisions: Revisions, known: Mapping[str, int | None], *, on_bad: OnBad = refuse
) -> Revisions:
    """Hold revisions against the labels that they correct.

    Args:
        revisions: What was read.
        known: The label of every clip of the data, by its id; None where it is undecided.
        on_bad: Called for each revision that does not fit, which is then left out; by default it
            ends the check.

    Returns:
        Those that fit.

    Raises:
        DataError: From ``on_bad``: there is no such clip, or its label is not the old one. The
            line names file, row and column.
    """
    fitting = dict(revisions.entries)
    for place, entry in revisions.entries.items():
        misfit = _misfit(entry, known, f"{revisions.path}, {place}, column")
        if misfit is not None:
            on_bad(misfit)
            del fitting[place]
    return replace(revisions, entries=fitting)


def _misfit(entry: Revision, known: Mapping[str, int | None], where: str) -> DataError | None:
    if entry.id not in known:
        return DataError("there is no such clip in the data", where=f"{where} id", got=entry.id)
    label = known[entry.id]
    if label == entry.old:
        return None
    return DataError(
        "the old label is not what the data say",
        where=f"{where} old",
        got=f"{entry.old} for {entry.id}",
        allowed="undecided" if label is None else label,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """How many labels a file of revisions changes among some clips.

    Attributes:
        file: Name of the file.
        sha256: Of the file.
        clips: Number of the clips.
        to_smoke: Labels changed from none to smoke.
        to_none: Labels changed from smoke to none.
    """

    file: str
    sha256: str
    clips: int
    to_smoke: int
    to_none: int

    @property
    def revised(self) -> int:
        """Number of changed labels."""
        return self.to_smoke + self.to_none

    def __str__(self) -> str:
        return (
            f"labels revised by {self.file} ({self.revised} of {self.clips}: "
            f"{self.to_smoke} to smoke, {self.to_none} to none)"
        )


def change_among(revisions: Revisions, ids: Iterable[str]) -> Change:
    """What revisions change among the clips of these ids."""
    wanted = list(ids)
    labels = revisions.labels
    new = [labels[clip] for clip in wanted if clip in labels]
    return Change(revisions.path.name, revisions.sha256, len(wanted), new.count(1), new.count(0))
