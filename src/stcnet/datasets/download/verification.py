"""Whether what is in a folder is what was fetched, byte for byte, and all of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.download.causes import WrongContentError
from stcnet.datasets.download.checking import require_clip
from stcnet.datasets.download.crew import Crew
from stcnet.datasets.download.manifest import MANIFEST_FILE, Entry, read_manifest
from stcnet.datasets.download.partial import NOTE_SUFFIX, SUFFIX
from stcnet.datasets.download.request import read_request
from stcnet.datasets.download.running import Manner
from stcnet.datasets.download.wanted import wanted_videos
from stcnet.datasets.rise.records import VIDEO_FOLDER
from stcnet.errors import DataError

Kind = Literal["missing", "truncated", "changed", "unreadable", "extra", "wrong record"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: ``missing``, ``truncated`` (shorter than it was), ``changed`` (other bytes),
            ``unreadable`` (cannot be read, or is no whole clip), ``extra`` (a file that nobody
            fetched) or ``wrong record``.
        name: File name of the video, with suffix.
        detail: What was found.
    """

    kind: Kind
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a folder came to.

    Attributes:
        checked: Number of videos that should be there.
        findings: All that is wrong, by kind and name.
        repairable: Names, without suffix, of videos that are wanted and wrong, to be fetched
            again with :func:`~stcnet.datasets.download.running.fetch_again`.
    """

    checked: int
    findings: tuple[Finding, ...]
    repairable: frozenset[str]


def verify(folder: Path, *, manner: Manner | None = None) -> Verification:
    """Read, hash and decode all videos that were asked for or fetched, several at a time.

    Args:
        folder: Into which was downloaded.
        manner: Its waiter can end the check, its listener is told of each video.

    Raises:
        DataError: Nothing was downloaded into the folder, or its manifest is damaged.
    """
    manner = manner or Manner()
    entries = read_manifest(folder)
    if not entries and not (folder / MANIFEST_FILE).is_file():
        raise DataError(
            "there is no manifest to compare with",
            where=folder,
            hint="name a folder that stcnet data download, store or import wrote",
        )
    wanted = wanted_videos(folder, read_request(folder))
    names = list(dict.fromkeys((*(video.name for video in wanted.videos), *entries)))
    crew = Crew(partial(_look, folder, entries), os.cpu_count() or 1, manner.waiter)
    wrong: list[Finding] = []
    for done, finding in enumerate(crew.run(names), 1):
        manner.listener(done, len(names))
        wrong += [finding] if finding else []
    others = [Finding("wrong record", "", record.detail) for record in wanted.bad]
    others += _extra(folder, {f"{name}.mp4" for name in names})
    order = sorted([*wrong, *others], key=lambda finding: (finding.kind, finding.name))
    repairable = frozenset(finding.name.removesuffix(".mp4") for finding in wrong)
    return Verification(len(names), tuple(order), repairable)


def _look(folder: Path, entries: Mapping[str, Entry], name: str) -> Finding | None:
    path = folder / VIDEO_FOLDER / f"{name}.mp4"
    entry = entries.get(name)

    def found(kind: Kind, detail: str) -> Finding:
        return Finding(kind, path.name, detail)

    try:
        if not path.exists():
            return found("missing", "it was fetched once" if entry else "it was never fetched")
        if not path.is_file():
            return found("unreadable", "it is no file")
        if entry is None:
            return found("extra", "it is not in the manifest; stcnet data download takes it in")
        length = path.stat().st_size
        if length < entry.bytes:
            return found("truncated", f"{length} of {entry.bytes} bytes")
        changed = sha256_of(path) != entry.sha256
        require_clip(path, entry.size)
    except OSError as error:
        return found("unreadable", str(error.strerror))
    except WrongContentError as error:
        return found("unreadable", error.detail)
    return found("changed", "a whole clip, but of other bytes") if changed else None


def _extra(folder: Path, expected: set[str]) -> list[Finding]:
    """Files beside the videos that are neither theirs nor parts of them."""
    parts = {f".{name}{suffix}" for name in expected for suffix in (SUFFIX, NOTE_SUFFIX)}
    # What write_whole leaves of a note where it is killed.
    parts |= {f".{part}{SUFFIX}" for part in parts}
    videos = folder / VIDEO_FOLDER
    there = sorted(path.name for path in videos.iterdir()) if videos.is_dir() else []
    return [
        Finding("extra", name if name.isprintable() else ascii(name), "nobody fetched it")
        for name in there
        if name not in expected | parts
    ]
