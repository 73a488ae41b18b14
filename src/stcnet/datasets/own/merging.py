"""Tables of several people's labels into one table with a label and a weight for each clip."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from stcnet.datasets.collection import OnBad
from stcnet.datasets.own.agreement import Agreement, measure_agreement
from stcnet.datasets.own.tables import Row, read_table
from stcnet.datasets.own.values import parse_label
from stcnet.datasets.own.votes import (
    FEWEST,
    Outcome,
    Status,
    by_majority,
    by_states,
    citizens_state,
    researchers_state,
    sign_of,
)
from stcnet.datasets.rise.labels import Label, LabelState
from stcnet.errors import DataError
from stcnet.files import require_replaceable, write_whole

COLUMNS = ("clip", "annotator", "label")
OTHER_NAMES = {"file": "clip"}
MERGED_COLUMNS = ("clip", "label", "label_weight", "status", "smoke", "none", "unsure")
CITIZENS, RESEARCHERS = "citizens", "researchers"
_STATES = {str(state.value): state for state in LabelState}


@dataclass(frozen=True, slots=True)
class Vote:
    """What one annotator said of one clip.

    Attributes:
        clip: The clip, as the table names it.
        annotator: Who.
        said: 1 smoke, 0 none, None unsure; or the state that a side's votes came to in RISE.
        row: Where it stands.
    """

    clip: str
    annotator: str
    said: Label | LabelState | None
    row: Row

    @property
    def sign(self) -> Label | None:
        """1 smoke, 0 none, None neither."""
        return sign_of(self.said) if isinstance(self.said, LabelState) else self.said


@dataclass(frozen=True, slots=True)
class MergedClip:
    """One clip, and what its votes come to.

    Attributes:
        clip: As the tables name it.
        outcome: Label, weight, and how it came out.
        smoke, none, unsure: Numbers of votes.
    """

    clip: str
    outcome: Outcome
    smoke: int
    none: int
    unsure: int


@dataclass(frozen=True, slots=True)
class Merged:
    """All clips.

    Attributes:
        clips: In the order they first occur.
        agreement: Of the annotators.
    """

    clips: tuple[MergedClip, ...]
    agreement: Agreement

    @property
    def to_look_at(self) -> list[MergedClip]:
        """Clips that stay undecided, first, and those on which people disagreed."""
        open_ones = [clip for clip in self.clips if clip.outcome.judgement is None]
        disputed = [clip for clip in self.clips if clip.outcome.status is Status.DISAGREED]
        return open_ones + disputed


def read_votes(tables: Iterable[Path], on_bad: OnBad) -> list[Vote]:
    """The votes of all tables.

    Labels are words (``smoke``, ``none``, ``unsure`` and the others of an import) or, of the
    annotators ``citizens`` and ``researchers``, the states of RISE as numbers.

    Args:
        tables: CSV files with the columns ``clip``, ``annotator`` and ``label``.
        on_bad: Told of each row that is wrong, or that says something else than an earlier one of
            the same annotator; it is then left out.

    Raises:
        DataError: A table cannot be read or lacks a column.
    """
    votes: dict[tuple[str, str], Vote] = {}
    coded: dict[str, Vote] = {}
    for table in tables:
        for row in read_table(table, COLUMNS, COLUMNS, other_names=OTHER_NAMES, on_bad=on_bad):
            try:
                vote = _vote(row)
                _require_one_kind(vote, coded)
                _require_no_other(vote, votes)
            except DataError as error:
                on_bad(error)
            else:
                votes.setdefault((vote.clip, vote.annotator), vote)
    return list(votes.values())


def _vote(row: Row) -> Vote:
    clip, annotator, label = (row.values[column] for column in COLUMNS)
    for column in COLUMNS:
        if not row.values[column]:
            raise row.error(column, "is empty")
    if label not in _STATES:
        try:
            return Vote(clip, annotator, parse_label(label), row)
        except ValueError as error:
            raise row.error("label", f"{error}, nor a state of RISE") from None
    side = annotator.lower()
    if side not in (CITIZENS, RESEARCHERS):
        raise row.error("annotator", f"of a state of RISE is neither {CITIZENS} nor {RESEARCHERS}")
    return Vote(clip, side, _STATES[label], row)


def _require_one_kind(vote: Vote, first: dict[str, Vote]) -> None:
    """Refuse words and states of RISE for one clip: they cannot be weighed against each other."""
    other = first.setdefault(vote.clip, vote)
    if isinstance(other.said, LabelState) != isinstance(vote.said, LabelState):
        what = f"is of another kind than in row {other.row.number} of {other.row.table.name}"
        raise vote.row.error("label", what)


def _require_no_other(vote: Vote, votes: dict[tuple[str, str], Vote]) -> None:
    earlier = votes.get((vote.clip, vote.annotator), vote)
    if earlier.said != vote.said:
        what = f"is not what {vote.annotator} said in row {earlier.row.number}"
        raise vote.row.error("label", f"{what} of {earlier.row.table.name}")


def merge_votes(
    votes: Sequence[Vote], *, researchers: Collection[str] = (), fewest: int = FEWEST
) -> Merged:
    """One label and weight for each clip, and how far the annotators agree.

    Args:
        votes: As :func:`read_votes` gives them.
        researchers: Annotators whose votes are researchers' votes; with any, the votes in words
            come to a label as in RISE, otherwise by majority. States of RISE always do.
        fewest: Votes for smoke or none that a majority needs.

    Raises:
        DataError: There is no vote, or a researcher gave none.
    """
    if not votes:
        raise DataError("there is no vote to merge")
    absent = sorted(set(researchers) - {vote.annotator for vote in votes})
    if absent:
        raise DataError("no vote is of this annotator", where="--researcher", got=absent[0])
    by_clip: dict[str, list[Vote]] = defaultdict(list)
    ballots: dict[str, dict[str, Label]] = defaultdict(dict)
    for vote in votes:
        by_clip[vote.clip].append(vote)
        if vote.sign is not None:
            ballots[vote.annotator][vote.clip] = vote.sign
    clips = (_merge(clip, own, researchers, fewest) for clip, own in by_clip.items())
    return Merged(tuple(clips), measure_agreement(ballots))


def _merge(
    clip: str, votes: Sequence[Vote], researchers: Collection[str], fewest: int
) -> MergedClip:
    signs = [vote.sign for vote in votes]
    states = {v.annotator: v.said for v in votes if isinstance(v.said, LabelState)}
    if states:
        sides = (states.get(side, LabelState.NONE) for side in (CITIZENS, RESEARCHERS))
        outcome = by_states(*sides)
    elif researchers:
        experts = [vote.sign for vote in votes if vote.annotator in researchers]
        others = [vote.sign for vote in votes if vote.annotator not in researchers]
        outcome = by_states(citizens_state(others), researchers_state(experts))
    else:
        outcome = by_majority(signs, fewest)
    return MergedClip(clip, outcome, signs.count(1), signs.count(0), signs.count(None))


def write_merged(path: Path, merged: Merged) -> None:
    """Write a CSV that ``stcnet data import`` takes: an undecided clip has the label ``unsure``.

    Raises:
        OutputError: It cannot be written, or there is a file that is no table of merged labels.
    """
    require_replaceable(path, ",".join(MERGED_COLUMNS).encode(), what="table of merged labels")
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MERGED_COLUMNS)
    writer.writerows(_entries(clip) for clip in merged.clips)
    write_whole(
        path,
        text.getvalue().encode(),
        what="the merged labels",
        hint="name a place that you may write to with --out",
    )


def _entries(clip: MergedClip) -> list[object]:
    judgement = clip.outcome.judgement
    label, weight = (
        ("smoke" if judgement.label else "none", judgement.weight) if judgement else ("unsure", "")
    )
    status = clip.outcome.status.value
    return [clip.clip, label, weight, status, clip.smoke, clip.none, clip.unsure]
