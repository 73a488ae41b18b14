"""Files of records: JSON as data sets publish it, or as the labelling tool serves it.

A reader names the record and the field of whatever is wrong, and goes on where it is asked to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from stcnet.datasets.collection import OnBad, refuse
from stcnet.datasets.disk.names import flaw_of_name
from stcnet.errors import DataError

Model = TypeVar("Model", bound=BaseModel)
Item = Mapping[str, object]
OWN_VERSION = 1
"""Of ``clips.json``, see :mod:`stcnet.datasets.own.records`."""
_SHOWN = 60


class RecordError(DataError):
    """A record is wrong.

    Args:
        what: What is wrong, with its values.
        cause: The same without values: what wrong records have in common, such as
            ``label_state is wrong``; left out, ``what`` is it.
        where: The file and the record.
        got: The offending value.
        hint: What to do next.
    """

    def __init__(
        self,
        what: str,
        *,
        cause: str = "",
        where: object = None,
        got: object = None,
        hint: str | None = None,
    ) -> None:
        self.cause = cause or what
        super().__init__(what, where=where, got=got, hint=hint)


@dataclass(frozen=True, slots=True)
class RecordFile:
    """What a file holds before its records are understood.

    Attributes:
        path: The file.
        items: Its records, one at least.
        served: Whether it is an answer of the labelling tool, ``{"data": [...], "total": N}``,
            rather than a list of records.
        total: How many records there are, as the tool says; None where it does not.
    """

    path: Path
    items: Sequence[object]
    served: bool = False
    total: int | None = None

    @property
    def mappings(self) -> list[Item]:
        """The records that are objects."""
        return [item for item in self.items if isinstance(item, Mapping)]


def read_record_file(path: Path) -> RecordFile:
    """Read a file of records, without a look into them.

    It is a list of them, or an object that holds one: ``data`` in answers of the labelling tool,
    ``clips`` in own data sets.

    Raises:
        DataError: The file is missing, is no JSON, or holds no list with a record; or the
            labelling tool answered with an error.
    """
    document = _read_json(path)
    if not isinstance(document, dict):
        return RecordFile(path, _list_of(document, path))
    if "clips" in document:
        return RecordFile(path, _own_clips(document, path))
    if "data" not in document:
        told = document.get("message")
        raise DataError(
            "the file is no list with a record",
            where=path,
            got=f"the answer {str(told)[:_SHOWN]!r}" if told else _keys(document),
            allowed='a list, or {"data": [...]} as the labelling tool answers',
        )
    total = document.get("total")
    return RecordFile(
        path,
        _list_of(document["data"], path),
        served=True,
        total=total if isinstance(total, int) else None,
    )


def _own_clips(document: Item, path: Path) -> list[object]:
    if document.get("version") != OWN_VERSION:
        raise DataError(
            "the own data are of another version",
            where=path,
            got=document.get("version"),
            allowed=OWN_VERSION,
        )
    return _list_of(document["clips"], path)


def _read_json(path: Path) -> object:
    try:
        return cast("object", json.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise DataError(
            "the records cannot be read",
            where=path,
            got=error.strerror,
            hint="name a folder that holds metadata.json as RISE publishes it",
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError("the records are not JSON", where=path, got=error) from None


def _list_of(items: object, path: Path) -> list[object]:
    if not isinstance(items, list) or not items:
        raise DataError("the file is no list with a record", where=path, got=type(items).__name__)
    return items


def _keys(item: Mapping[str, object]) -> str:
    return f"an object with {', '.join(map(str, item)) or 'no key'}"[: 2 * _SHOWN]


def parse_records(
    file: RecordFile,
    parse: Callable[[Item], Model],
    *,
    unique: Sequence[str],
    on_bad: OnBad = refuse,
) -> list[Model]:
    """The records of a file, typed.

    Args:
        file: What was read.
        parse: Makes a record of an object, or raises pydantic's ValidationError.
        unique: Fields of which no two records share a value.
        on_bad: Called for each record that is wrong, which is then left out, and where the file
            is a page of a longer answer; by default it ends the reading.

    Raises:
        DataError: The answer of the labelling tool holds no label states; or from ``on_bad``.
    """
    _require_whole(file, on_bad)
    records: list[Model] = []
    seen: dict[tuple[str, object], int] = {}
    for position, item in enumerate(file.items):
        where = f"{file.path}, record {position}"
        try:
            record = _parse(item, parse, where)
            _require_new(record, unique, seen, where)
        except RecordError as error:
            on_bad(error)
            continue
        seen.update({(key, getattr(record, key)): position for key in unique})
        records.append(record)
    return records


def _require_whole(file: RecordFile, on_bad: OnBad) -> None:
    if not file.served:
        return
    if not any("label_state" in item for item in file.mappings):
        raise DataError(
            "the labelling tool served the clips without their label states",
            where=file.path,
            hint="ask it again with the token of a researcher or an expert",
        )
    if file.total is not None and file.total > len(file.items):
        on_bad(
            RecordError(
                "the file is one page of a longer answer",
                where=file.path,
                got=f"{len(file.items)} of {file.total} records",
                hint="ask the labelling tool for all labels, which it does not divide into pages",
            )
        )


def _parse(item: object, parse: Callable[[Item], Model], where: str) -> Model:
    if not isinstance(item, Mapping):
        raise RecordError(
            "the record is no object",
            where=where,
            got=repr(item)[:_SHOWN],
        )
    where += f" (id {str(item['id'])[:_SHOWN]})" if "id" in item else ""
    try:
        return parse(item)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    raise _wrong_field(first, where)


def _wrong_field(error: ErrorDetails, where: str) -> RecordError:
    """The line for the first mistake in a record."""
    field = ".".join(map(str, error["loc"]))
    message = error["msg"].removeprefix("Value error, ")
    if not field:
        return RecordError(message, cause=error.get("ctx", {}).get("cause", message), where=where)
    missing = error["type"] == "missing"
    return RecordError(
        f"{field} is wrong: {message}",
        cause=f"{field} is {'missing' if missing else f'wrong: {message}'}",
        where=where,
        got=None if missing else repr(error["input"])[:_SHOWN],
    )


def _require_new(
    record: BaseModel, unique: Sequence[str], seen: Mapping[tuple[str, object], int], where: str
) -> None:
    for key in unique:
        value = getattr(record, key)
        if (key, value) in seen:
            raise RecordError(
                f"{key} occurs twice",
                where=where,
                got=f"{value}, also of record {seen[key, value]}",
            )


def checked_name(name: str) -> str:
    """A file name that is safe to use; for validators of records.

    Raises:
        PydanticCustomError: It is not, see :func:`stcnet.datasets.disk.names.flaw_of_name`.
    """
    flaw = flaw_of_name(name)
    if flaw is not None:
        raise PydanticCustomError("hostile_name", "the name {flaw}", {"flaw": flaw})
    return name


def contradiction(field: str, stated: object, known: object, source: str) -> PydanticCustomError:
    """The error of a field that says something else than another one; for validators.

    Args:
        field: What is at odds.
        stated: Its value.
        known: What it should be.
        source: What says so, such as ``the file name``.
    """
    return PydanticCustomError(
        "contradiction",
        "{field} {stated} is not {source}'s {known}",
        {
            "field": field,
            "stated": str(stated)[:_SHOWN],
            "source": source,
            "known": str(known)[:_SHOWN],
            "cause": f"{field} is not that of {source}",
        },
    )
