"""Which records a file holds, by their form: RISE's, IJmond's, shared cells or own clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from stcnet.datasets.cells.records import Cell
from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.ijmond.records import IjmondName, parse_ijmond
from stcnet.datasets.own.records import OwnClip
from stcnet.datasets.records.files import Item, RecordFile, parse_records, read_record_file
from stcnet.datasets.rise.records import parse_rise
from stcnet.errors import DataError
from stcnet.video import RiseName


@dataclass(frozen=True, slots=True)
class Form:
    """A form of records.

    Attributes:
        name: In words.
        told_by: What a record of this form is known by, in words.
        fits: Whether a single record is of this form.
        parse: The typed records of a whole file; see
            :func:`stcnet.datasets.records.files.parse_records`.
    """

    name: str
    told_by: str
    fits: Callable[[Item], bool]
    parse: Callable[[RecordFile, OnBad], Sequence[BaseModel]]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The records of a file.

    Attributes:
        form: What they are.
        count: How many records the file holds, wrong ones too.
        records: The good ones, typed.
    """

    form: Form
    count: int
    records: tuple[BaseModel, ...]


RISE = Form(
    "RISE",
    "a file_name camera-view-YYYY-MM-DD-left-top-...",
    lambda item: RiseName.parse(str(item.get("file_name"))) is not None,
    lambda file, on_bad: parse_rise(file, on_bad=on_bad),
)
IJMOND = Form(
    "IJmond",
    "a file_name video-view",
    lambda item: IjmondName.parse(str(item.get("file_name"))) is not None,
    lambda file, on_bad: parse_ijmond(file, on_bad=on_bad),
)
CELLS = Form(
    "shared cells",
    "a file, row and col",
    lambda item: {"file", "row", "col"} <= item.keys(),
    lambda file, on_bad: parse_records(file, Cell.model_validate, unique=("id",), on_bad=on_bad),
)
OWN = Form(
    "own data",
    "a sha256, file and frames",
    lambda item: {"sha256", "file", "frames"} <= item.keys(),
    lambda file, on_bad: parse_records(file, OwnClip.model_validate, unique=("id",), on_bad=on_bad),
)
FORMS = (RISE, IJMOND, CELLS, OWN)
"""All forms that are understood."""
_BOX_KEYS = {"h_bbox", "w_bbox"}


def read_metadata(path: Path, *, on_bad: OnBad = refuse) -> Metadata:
    """The records of a file, of whatever form.

    Args:
        path: JSON: a list of records, or the object that the labelling tool wraps one in.
        on_bad: Called for each record that is wrong, which is then left out; by default it ends
            the reading.

    Raises:
        DataError: The file cannot be read, or no record is of a form that is understood; or from
            ``on_bad``.
    """
    file = read_record_file(path)
    form = recognise(file)
    return Metadata(form, len(file.items), tuple(form.parse(file, on_bad)))


def recognise(file: RecordFile) -> Form:
    """The form of the first record that has one.

    Raises:
        DataError: None has; the line names what was seen instead.
    """
    if any(item.keys() >= _BOX_KEYS for item in file.mappings):
        raise DataError(
            "these are labels of boxes, whose states mean other things than those of clips",
            where=file.path,
            hint="ask the labelling tool for the labels of its videos",
        )
    for item in file.mappings:
        for form in FORMS:
            if form.fits(item):
                return form
    raise DataError(
        "the records are of no form that is understood",
        where=file.path,
        got=_seen(file),
        allowed="; ".join(f"{form.told_by} ({form.name})" for form in FORMS),
    )


def _seen(file: RecordFile) -> str:
    if not file.mappings:
        return f"a list of {type(file.items[0]).__name__}"
    first = file.mappings[0]
    if "file_name" in first:
        return f"the file_name {first['file_name']!r:.60}"
    return f"the keys {', '.join(map(str, first))}"[:120]
