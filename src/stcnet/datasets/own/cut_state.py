"""``cut.json``: how the clips of a folder were cut, and which videos are done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from stcnet.datasets.own.names import STATE_FILE
from stcnet.errors import ConfigError, DataError
from stcnet.files import write_whole

_FORMAT = {"format": "stcnet-cut", "version": 1}


@dataclass(slots=True)
class CutState:
    """What is known of a folder of clips.

    Attributes:
        out: The folder.
        settings: What all its clips share.
        videos: Names of the clips of each video that was cut to its end, by the video's mark.
    """

    out: Path
    settings: dict[str, object]
    videos: dict[str, list[str]]

    @classmethod
    def open(cls, out: Path, settings: dict[str, object]) -> CutState:
        """Read what is there, or begin.

        Raises:
            ConfigError: The clips there were cut otherwise.
            DataError: The file cannot be read.
            OutputError: The folder cannot be written.
        """
        path = out / STATE_FILE
        try:
            document = json.loads(path.read_bytes()) if path.exists() else {}
            there = document.get("settings", settings)
            videos = {str(mark): list(names) for mark, names in document.get("videos", {}).items()}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise DataError(
                "cannot be read", where=path, got=error, hint="remove it to cut all anew"
            ) from None
        if there != settings:
            raise ConfigError(
                "the folder holds clips that were cut otherwise",
                where=out,
                got=_differences(settings, there),
                hint="name another folder with --out",
            )
        state = cls(out, settings, videos)
        state.write()
        return state

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
            make_folder=True,
        )

    def clips_of(self, mark: str) -> list[str] | None:
        """The clips of a video that was cut to its end and whose clips are all there."""
        names = self.videos.get(mark)
        whole = names is not None and all((self.out / name).is_file() for name in names)
        return names if whole else None

    def finish(self, mark: str, names: list[str]) -> None:
        """Note that a video is cut to its end."""
        self.videos[mark] = names
        self.write()


def _differences(wanted: dict[str, object], there: object) -> str:
    found = there if isinstance(there, dict) else {}
    return ", ".join(
        f"{key} {value}, there {found.get(key)}"
        for key, value in wanted.items()
        if found.get(key) != value
    )
