"""File names from outside the project: hostile until checked."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 200
"""Bytes of UTF-8; file systems take 255, and suffixes are added to a name."""
_DEVICES = frozenset({"con", "prn", "aux", "nul"})


def flaw_of_name(name: str) -> str | None:
    r"""What forbids a name for a file in a data folder, None where nothing does.

    A good name is one part of a path that means the same file on every system: no separator or
    drive, nothing invisible, Unicode in its composed form (NFC), 200 bytes at most.

    >>> flaw_of_name("../../etc/passwd")
    'leads out of the data folder'
    >>> flaw_of_name("a" * 300)
    'is longer than 200 bytes'
    >>> flaw_of_name("smoke\u202egpj")
    'holds a character that cannot be seen'
    >>> flaw_of_name("usine-\u00e0-fum\u00e9e-3") is None
    True
    """
    if not name.strip():
        return "is empty"
    if any(unicodedata.category(character)[0] == "C" for character in name):
        return "holds a character that cannot be seen"
    if name in {".", ".."} or any(separator in name for separator in "/\\:"):
        return "leads out of the data folder"
    if len(name.encode()) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} bytes"
    if unicodedata.normalize("NFC", name) != name:
        return "is not in Unicode's composed form, NFC"
    if name.casefold().partition(".")[0] in _DEVICES or name != name.strip(" ."):
        return "means another file on some systems"
    return None
