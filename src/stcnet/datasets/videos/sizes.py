"""At which size videos were recorded, told by their heads: no frame is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stcnet.errors import SourceError
from stcnet.video import open_source

_READERS = 4


def sides_of(paths: Iterable[Path]) -> set[int]:
    """Shorter sides in pixels that occur among videos; those that cannot be opened count for none.

    Args:
        paths: The videos.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        return {side for side in pool.map(_side_of, paths) if side is not None}


def _side_of(path: Path) -> int | None:
    try:
        with open_source(path, frame_interval_s=1.0) as source:
            return min(source.info.width, source.info.height)
    except SourceError:
        return None
