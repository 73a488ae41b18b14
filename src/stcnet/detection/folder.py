"""The folder of results that ``detect`` leaves."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from stcnet import folders

RESULT_FILES = ("scores.csv", "events.json", "events.csv", "report.html", "overlay.mp4")
"""What a folder of results may hold; one that holds anything else is never replaced."""


def new_folder(path: Path, *, overwrite: bool = False) -> AbstractContextManager[Path]:
    """As :func:`stcnet.folders.new_folder`, for results of ``detect``."""
    return folders.new_folder(path, RESULT_FILES, overwrite=overwrite)
