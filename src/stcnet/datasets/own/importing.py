"""Import: from a folder, a table or a monitor's labels to ``clips.json`` and ``videos``.

A video is known by its content: imported again, under whatever name, it is the same clip. Videos
are copied before the records name them, so an import that is killed loses nothing and the next one
goes on.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from stcnet.datasets.cells.records import CLIP_FRAMES
from stcnet.datasets.collection import OnBad
from stcnet.datasets.disk.hashes import sha256_of
from stcnet.datasets.disk.locks import is_free
from stcnet.datasets.opening import refuse_other_kinds
from stcnet.datasets.own.candidates import Candidate, Defaults
from stcnet.datasets.own.conflicts import clash_of, other_label, other_place
from stcnet.datasets.own.contents import copy_video, remove_partials
from stcnet.datasets.own.footage import look_at
from stcnet.datasets.own.label_lines import is_label_file, label_candidates
from stcnet.datasets.own.labelled_folders import folder_candidates
from stcnet.datasets.own.labelled_tables import table_candidates
from stcnet.datasets.own.names import plain_stem
from stcnet.datasets.own.records import (
    CLIPS_FILE,
    VIDEO_FOLDER,
    OwnClip,
    read_clips_file,
    write_clips_file,
)
from stcnet.datasets.own.values import zone_text
from stcnet.errors import ConfigError, DataError, OutputError, SourceError, StcnetError

Listener = Callable[[int, int], None]
"""Told the number of clips done and of all."""

Key = tuple[str, str | None]
_READERS = 2
_KEPT_EVERY = 500
"""New clips after which the records are written, lest a killed import looks at all again."""
_ANOTHER = "name another folder with --out"
_PLAIN_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How to import.

    Attributes:
        clips: The folder that file names of a table or of labels are relative to; None for the
            folder of the table.
        defaults: What holds for clips that do not say otherwise.
        link: Hard links instead of copies.
        relabel: Clips that are there already take a label that differs.
    """

    clips: Path | None = None
    defaults: Defaults = field(default_factory=Defaults)
    link: bool = False
    relabel: bool = False


@dataclass(slots=True)
class ImportReport:
    """What an import did, in numbers of clips.

    Attributes:
        added: New ones.
        there: Those that were there already, with the same label.
        relabelled: Those that were there and took another label.
        restored: Those that were there and whose video was lost.
        left_out: What could not be taken; each was told of.
        spread: Those of ``added`` with fewer than 36 frames at the cadence.
    """

    added: int = 0
    there: int = 0
    relabelled: int = 0
    restored: int = 0
    left_out: int = 0
    spread: int = 0


def list_candidates(source: Path, settings: ImportSettings, on_bad: OnBad) -> list[Candidate]:
    """What a source offers, by what it is: a folder, labels of the monitor, or else a table.

    Raises:
        ConfigError: A folder of clips is named for a folder.
        DataError: It is not there, or is none of these.
    """
    if source.is_dir():
        if settings.clips is not None:
            raise ConfigError("is for tables and labels; a folder holds its clips", where="--clips")
        return folder_candidates(source, settings.defaults, on_bad)
    if not source.is_file():
        raise DataError("there is no such folder, table or file of labels", where=source)
    clips = settings.clips or source.parent
    read = label_candidates if is_label_file(source) else table_candidates
    return read(source, clips, settings.defaults, on_bad)


def import_clips(
    source: Path,
    out: Path,
    settings: ImportSettings,
    *,
    on_bad: OnBad,
    listener: Listener = lambda done, total: None,
) -> ImportReport:
    """Add the clips of a source to an own data set, which is made if it is not there.

    Args:
        source: A folder with ``smoke`` and ``no-smoke``, a CSV, or labels of the monitor.
        out: The data set.
        settings: How.
        on_bad: Told of each thing that cannot be taken, in one line; the rest goes on.
        listener: Told of progress.

    Raises:
        ConfigError: A folder of clips is named for a folder.
        DataError: The source cannot be read or holds no clip, or another import writes into the
            data set.
        OutputError: The data set cannot be written, or the folder holds data of another kind.
    """
    report = ImportReport()

    def left_out(error: StcnetError) -> None:
        report.left_out += 1
        on_bad(error)

    candidates = list_candidates(source, settings, left_out)
    if not candidates and not report.left_out:
        raise DataError("there is no clip in it", where=source)
    with _only_writer(out):
        known = read_clips_file(out) if (out / CLIPS_FILE).exists() else []
        run = _Import(out, settings, report, left_out, {clip.key: clip for clip in known})
        try:
            run.take(candidates, listener)
        finally:
            run.keep()
    return report


@dataclass(slots=True)
class _Import:
    """One import under way."""

    out: Path
    settings: ImportSettings
    report: ImportReport
    on_bad: OnBad
    clips: dict[Key, OwnClip]
    changed: bool = False

    def take(self, candidates: Sequence[Candidate], listener: Listener) -> None:
        new = [pair for pair in self._by_content(candidates) if not self._is_known(*pair)]
        with _readers() as pool:
            for done, added in enumerate(pool.map(self._add, new), start=1):
                if isinstance(added, StcnetError):
                    self.on_bad(added)
                else:
                    self.clips[added.key] = added
                    self.changed = True
                    self.report.added += 1
                    if self.report.added % _KEPT_EVERY == 0:
                        self.keep()
                    self.report.spread += added.frames < CLIP_FRAMES
                listener(done, len(new))

    def keep(self) -> None:
        """Write the records as they are now."""
        if self.changed:
            write_clips_file(self.out, self.clips.values())

    def _by_content(self, candidates: Sequence[Candidate]) -> Iterator[tuple[Key, Candidate]]:
        """One candidate for each video and zone; those whose labels contradict are left out."""
        groups: dict[Key, list[Candidate]] = defaultdict(list)
        with _readers() as pool:
            digests = pool.map(_digest, candidates)
            for candidate, digest in zip(candidates, digests, strict=True):
                if isinstance(digest, StcnetError):
                    self.on_bad(digest)
                else:
                    zone = candidate.zone.name if candidate.zone else None
                    groups[digest, zone].append(candidate)
        for key, group in groups.items():
            clash = clash_of(group)
            if clash:
                self.on_bad(clash)
            else:
                self.report.there += len(group) - 1
                yield key, group[0]

    def _is_known(self, key: Key, candidate: Candidate) -> bool:
        """Whether the clip is there already; takes its new label where that was asked for."""
        clip = self.clips.get(key)
        if clip is None:
            return False
        try:
            self._restore(clip, candidate)
        except DataError as error:
            self.on_bad(error)
            return True
        zone = zone_text(candidate.zone) if candidate.zone else None
        if zone != clip.zone:
            self.on_bad(other_place(candidate, zone, clip))
        elif candidate.label in (clip.label, None):
            self.report.there += 1
        elif clip.label is None or self.settings.relabel:
            self.clips[key] = _relabelled(clip, candidate)
            self.changed = True
            self.report.relabelled += 1
        else:
            self.on_bad(other_label(candidate, clip))
        return True

    def _restore(self, clip: OwnClip, candidate: Candidate) -> None:
        """Copy the video of a clip again where it is lost or cut off.

        Raises:
            DataError: The file of the source is gone meanwhile, or changed.
        """
        place = self.out / VIDEO_FOLDER / clip.file
        try:
            lost = not place.is_file() or place.stat().st_size != candidate.path.stat().st_size
        except OSError as error:
            raise DataError("cannot be read", where=candidate.name, got=error.strerror) from None
        if lost:
            copy_video(candidate.path, place, clip.sha256, link=self.settings.link)
            self.report.restored += 1

    def _add(self, pair: tuple[Key, Candidate]) -> OwnClip | StcnetError:
        """Look into a video, copy it, and make its record; gives back what is wrong with it."""
        (digest, _), candidate = pair
        try:
            footage = look_at(candidate.path, candidate.interval_s, candidate.zone)
            stem = f"{plain_stem(candidate.path.stem)}-{digest[:16]}"
            name = f"{stem}{_suffix(candidate.path)}"
            place = self.out / VIDEO_FOLDER / name
            copy_video(candidate.path, place, digest, link=self.settings.link)
            return OwnClip(
                id=f"{stem}@{candidate.zone.name}" if candidate.zone else stem,
                file=name,
                sha256=digest,
                label=candidate.label,
                label_weight=candidate.label_weight,
                view=candidate.view,
                plant=candidate.plant,
                start=candidate.start,
                span_s=footage.span_s,
                interval_s=footage.interval_s,
                zone=zone_text(candidate.zone) if candidate.zone else None,
                group=candidate.group,
                frames=footage.frames,
                width=footage.width,
                height=footage.height,
                source=candidate.name,
                judges=candidate.judges,
            )
        except (DataError, SourceError) as error:
            return error


@contextmanager
def _readers() -> Iterator[ThreadPoolExecutor]:
    """Threads that begin nothing more after an error."""
    pool = ThreadPoolExecutor(_READERS)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _digest(candidate: Candidate) -> str | StcnetError:
    try:
        digest = sha256_of(candidate.path)
    except OSError as error:
        return DataError("cannot be read", where=candidate.name, got=error.strerror)
    if candidate.sha256 not in (None, digest):
        return DataError(
            "is not the file that was labelled: its SHA-256 is another",
            where=candidate.name,
            got=digest,
            allowed=candidate.sha256,
        )
    return digest


def _relabelled(clip: OwnClip, candidate: Candidate) -> OwnClip:
    changes = {
        "label": candidate.label,
        "label_weight": candidate.label_weight,
        "judges": candidate.judges,
    }
    return clip.model_copy(update=changes)


def _suffix(path: Path) -> str:
    """The suffix of a file, none where it cannot stand in the name of a stored one."""
    suffix = path.suffix.lower()
    return suffix if _PLAIN_SUFFIX.fullmatch(suffix) else ""


@contextmanager
def _only_writer(out: Path) -> Iterator[None]:
    """Make the data set's folder, and keep other imports out of it; a killed one keeps none out.

    Where nothing was taken, a folder that was made for it goes again.
    """
    refuse_other_kinds(out, {CLIPS_FILE})
    made = not out.exists()
    try:
        (out / VIDEO_FOLDER).mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            "the data set cannot be made", where=out, got=error.strerror, hint=_ANOTHER
        ) from None
    try:
        if not is_free(handle):
            hint = "wait until it is done"
            raise DataError("another import writes into the data set", where=out, hint=hint)
        remove_partials(out / VIDEO_FOLDER)
        yield
    finally:
        os.close(handle)
        if made:
            with suppress(OSError):  # it holds something
                (out / VIDEO_FOLDER).rmdir()
                out.rmdir()
