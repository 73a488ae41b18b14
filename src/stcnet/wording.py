"""Counts in words, for whoever tells of them."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number with its noun, whose plural takes an s.

    >>> counted(1, "video"), counted(0, "video"), counted(2, "near-duplicate")
    ('1 video', '0 videos', '2 near-duplicates')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
