"""``cut.json``: how the clips of a folder were cut, and which videos are done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stcnet.datasets.disk.locks import is_free
from stcnet.datasets.own.contents import remove_partials
from stcnet.datasets.own.names import STATE_FILE
from stcnet.errors import ConfigError, DataError, OutputError
from stcnet.files import write_whole

_FORMAT = {"format": "stcnet-cut", "version": 1}
_ANOTHER = "name another folder with --out"


@dataclass(slots=True)
class CutState:
    """What is known of a folder of clips.

    Attributes:
        out: The folder.
        settings: What all its clips share.
        videos: Names of the clips of each video that was cut to its end, by the video's mark: view,
            start or name, size and time of change of the file, separated by space.
    """

    out: Path
    settings: dict[str, object]
    videos: dict[str, list[str]]

    @classmethod
    @contextmanager
    def opened(cls, out: Path, settings: dict[str, object]) -> Iterator[CutState]:
        """Read what is there, or begin; other processes are kept out of the folder meanwhile.

        Raises:
            ConfigError: The clips there were cut otherwise.
            DataError: The file cannot be read.
            OutputError: The folder cannot be written, or another process cuts into it.
        """
        with _only_writer(out):
            there, videos = _read(out / STATE_FILE, settings)
            if there != settings:
                raise ConfigError(
                    "the folder holds clips that were cut otherwise",
                    where=out,
                    got=_differences(settings, there),
                    hint=_ANOTHER,
                )
            remove_partials(out)
            state = cls(out, settings, videos)
            state.write()
            yield state

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """
        document = _FORMAT | {"settings": self.settings, "videos": self.videos}
        write_whole(
            self.out / STATE_FILE,
            json.dumps(document, indent=1).encode(),
            what="the list of what is cut",
            hint="name a folder that you may write to with --out",
        )

    def clips_of(self, mark: str) -> list[str] | None:
        """The clips of a video that was cut to its end and whose clips are all there."""
        names = self.videos.get(mark)
        whole = names is not None and all((self.out / name).is_file() for name in names)
        return names if whole else None

    def is_changed(self, mark: str) -> bool:
        """Whether another version of a video was cut: its clips may show something else."""
        return any(other != mark for other in self._versions(mark))

    def _versions(self, mark: str) -> list[str]:
        """Marks of a video, which differ in size and time of the file alone."""
        video = mark.rsplit(" ", 2)[0]
        return [other for other in self.videos if other.rsplit(" ", 2)[0] == video]

    def finish(self, mark: str, names: list[str]) -> None:
        """Note that a video is cut to its end, and forget other versions of it."""
        for other in self._versions(mark):
            del self.videos[other]
        self.videos[mark] = names
        self.write()


def _read(path: Path, settings: dict[str, object]) -> tuple[object, dict[str, list[str]]]:
    """Settings and videos of a file; where there is none, those of a beginning."""
    if not path.exists():
        return settings, {}
    try:
        document = json.loads(path.read_bytes())
        if {key: document[key] for key in _FORMAT} != _FORMAT:
            raise ValueError("another format or version")
        return document["settings"], {mark: list(its) for mark, its in document["videos"].items()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise DataError(
            "cannot be read", where=path, got=error, hint="remove it to cut all anew"
        ) from None


@contextmanager
def _only_writer(out: Path) -> Iterator[None]:
    """Make the folder, and keep other processes that cut out of it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            "the folder of the clips cannot be made", where=out, got=error.strerror, hint=_ANOTHER
        ) from None
    try:
        if not is_free(handle):
            raise OutputError("another process cuts into this folder", where=out, hint=_ANOTHER)
        yield
    finally:
        os.close(handle)


def _differences(wanted: dict[str, object], there: object) -> str:
    found = there if isinstance(there, dict) else {}
    return ", ".join(
        f"{key} {value}, there {found.get(key)}"
        for key, value in wanted.items()
        if found.get(key) != value
    )
