"""Whether the videos of an own data set are still those that were imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.own.records import VIDEO_FOLDER, read_clips_file


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """What was found.

    Attributes:
        videos: How many the records name.
        faults: What is wrong with one of them, in words.
        extra: Files beside them that no record names; harmless.
    """

    videos: int
    faults: tuple[str, ...]
    extra: tuple[str, ...]


def verify_own(
    folder: Path, *, listener: Callable[[int, int], None] = lambda done, total: None
) -> OwnCheck:
    """Hash the videos of an own data set and compare them with its records.

    Args:
        folder: The data set.
        listener: Told the number of videos done and of all.

    Raises:
        DataError: Its records cannot be read.
    """
    digests = {clip.file: clip.sha256 for clip in read_clips_file(folder)}
    videos = folder / VIDEO_FOLDER
    faults = []
    for done, (name, digest) in enumerate(sorted(digests.items()), start=1):
        fault = _fault(videos / name, digest)
        if fault:
            faults.append(f"{name}: {fault}")
        listener(done, len(digests))
    there = {path.name for path in videos.iterdir()} if videos.is_dir() else set()
    return OwnCheck(len(digests), tuple(faults), tuple(sorted(there - digests.keys())))


def _fault(video: Path, digest: str) -> str | None:
    if not video.is_file():
        return "missing"
    try:
        same = sha256_of(video) == digest
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if same else "changed: its SHA-256 is another"
