"""Files that a source names: found in it, and nowhere else.

Whatever leads out of it is refused: absolute names, ``..``, links to elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath

from stcnet.datasets.own.names import shown
from stcnet.errors import DataError

_LONGEST_PART = 255


def file_inside(root: Path, name: str) -> Path:
    """The file of that name in a folder; composed and decomposed names count as one.

    Raises:
        DataError: The name leads out of the folder, is hostile, or there is no such file.
    """
    where = shown(name)[:80]
    flaw = _flaw(name)
    if flaw:
        raise DataError(f"the file name {flaw}", where=where, hint="rename the file")
    for form in (name, *(unicodedata.normalize(kind, name) for kind in ("NFC", "NFD"))):
        path = root / PurePosixPath(form.replace("\\", "/"))
        try:
            there = path.is_file()
        except OSError:
            there = False
        if there:
            require_inside(root, path, where)
            return path
    raise DataError("there is no such file", where=where, got=f"nothing of that name in {root}")


def _flaw(name: str) -> str | None:
    parts = name.replace("\\", "/").split("/")
    if not name:
        return "is empty"
    if shown(name) != name:
        return "holds a character that cannot be seen"
    if name[0] in "/\\" or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "leads out of the folder"
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        return f"is longer than {_LONGEST_PART} bytes"
    return None


def require_inside(root: Path, path: Path, where: str) -> None:
    """Refuse a file that is a link to somewhere outside a folder.

    Raises:
        DataError: It is one.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(
            "is a link that leads out of the source and is not followed",
            where=where,
            hint="copy the file into the source",
        )
