"""How a long run tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each sampled frame: what is being done, and how much of the source is behind it."""

    def __call__(self, stage: str, done_s: float, total_s: float | None) -> None:
        """Take note.

        Args:
            stage: What is being done, such as ``judging``.
            done_s: Seconds of world time behind it in this stage.
            total_s: Seconds of world time in all, or None where the source does not say.
        """
        ...


def silent(stage: str, done_s: float, total_s: float | None) -> None:
    """Tell nobody."""
