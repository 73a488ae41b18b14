"""Where what is imported contradicts itself, or what is there already."""

from __future__ import annotations

from collections.abc import Sequence

from stcnet.datasets.own.candidates import Candidate
from stcnet.datasets.own.records import OwnClip
from stcnet.errors import DataError


def clash_of(group: Sequence[Candidate]) -> DataError | None:
    """What is wrong with candidates of one content: two labels, or two places of one zone."""
    first = group[0]
    for other in group[1:]:
        if other.label != first.label:
            return DataError(
                "the same video has two labels, and is left out",
                where=first.name,
                got=f"{_word(first.label)}, as {other.name} {_word(other.label)}",
                hint="keep the right one",
            )
        if other.zone != first.zone:
            return DataError(
                f"zone {other.zone.name if other.zone else ''} of the same video has two places",
                where=first.name,
                hint="give each zone a name of its own",
            )
    return None


def other_place(candidate: Candidate, zone: str | None, clip: OwnClip) -> DataError:
    """The line for a clip that is there with a zone of the same name elsewhere."""
    return DataError(
        "the clip is there already with its zone in another place",
        where=candidate.name,
        got=zone,
        allowed=clip.zone,
        hint="give the new zone a name of its own",
    )


def other_label(candidate: Candidate, clip: OwnClip) -> DataError:
    """The line for a clip that is there with another label."""
    return DataError(
        f"the clip is there already, labelled {_word(clip.label)}",
        where=candidate.name,
        got=f"{_word(candidate.label)}; imported from {clip.source}",
        hint="take the new label with --relabel",
    )


def _word(label: int | None) -> str:
    return {1: "smoke", 0: "none", None: "undecided"}[label]
