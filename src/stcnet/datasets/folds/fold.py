"""Who is tested on what: one division of labelled clips, proven free of leaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.leaks.guard import refuse_leaks, without_leaks
from stcnet.errors import DataError


@dataclass(frozen=True, slots=True)
class Fold:
    """One division into clips to train on and clips to test on.

    Attributes:
        name: ``leave-out-S0`` and the like; also the name of a folder.
        train, test: The clips of each side.
        validation: Clips that are neither trained nor tested on; empty where a protocol has none.
        left_out: Number of labelled clips that stand in no part, as they show what a test clip
            shows or lie too near to one.

    Raises:
        DataError: There is no clip to train or to test on, a clip has no label or comes twice, or
            a clip of one part leaks into another, see
            :func:`stcnet.datasets.leaks.guard.refuse_leaks`.
        ValueError: The name cannot be that of a folder.
    """

    name: str
    train: tuple[LabelledClip, ...]
    test: tuple[LabelledClip, ...]
    validation: tuple[LabelledClip, ...] = ()
    left_out: int = 0

    def __post_init__(self) -> None:
        if not self.name or folder_name(self.name) != self.name:
            raise ValueError(f"a fold cannot be named {self.name!r}")
        for part in ("train", "test"):
            if not getattr(self, part):
                raise DataError(f"no clip is left to {part} on", where=self.name)
        for part, clips in self.parts.items():
            seen: set[str] = set()
            for clip in clips:
                if clip.label is None:
                    raise DataError(f"a {part} clip has no label", where=self.name, got=clip.id)
                if clip.id in seen:
                    raise DataError(f"a {part} clip comes twice", where=self.name, got=clip.id)
                seen.add(clip.id)
        refuse_leaks(self.parts)

    @property
    def parts(self) -> dict[str, tuple[LabelledClip, ...]]:
        """The clips by the name of their part."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def hold_out(name: str, clips: Iterable[LabelledClip], tested: Sequence[LabelledClip]) -> Fold:
    """Test on some clips; train on all others that show nothing of them.

    Args:
        name: Of the fold.
        clips: All labelled clips.
        tested: Some of them.

    Raises:
        DataError: There is no clip to train or to test on.
    """
    ids = {clip.id for clip in tested}
    others = [clip for clip in clips if clip.id not in ids]
    train = without_leaks(others, tested)
    return Fold(name, tuple(train), tuple(tested), left_out=len(others) - len(train))


def folder_name(text: str) -> str:
    """A text as the name of a folder: what could lead elsewhere becomes an underscore.

    >>> folder_name("leave-out-view-0-7"), folder_name("../roof cam")
    ('leave-out-view-0-7', '_._roof_cam')
    """
    return re.sub(r"[^A-Za-z0-9_.-]|^[.]", "_", text)[:100]
