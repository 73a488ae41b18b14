"""From the votes of several people to one label and its weight.

Two rules. *Majority*: a label needs more than half of all votes on the clip, unsure ones counted,
and its weight is its share of them. *RISE*: citizens' votes come to a state as in RISE (two that
agree are strong, two of three are weak), researchers' likewise, and the two states give label and
weight as in RISE's published splits (:func:`stcnet.datasets.rise.labels.judge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stcnet.datasets.rise.labels import Judgement, Label, LabelState, judge

FEWEST = 2
"""Votes for smoke or none below which a clip stays undecided; RISE wants two as well."""

_SIGNS: dict[LabelState, Label] = {
    LabelState.GOLD_POSITIVE: 1,
    LabelState.STRONG_POSITIVE: 1,
    LabelState.WEAK_POSITIVE: 1,
    LabelState.ONE_VOTE_POSITIVE: 1,
    LabelState.GOLD_NEGATIVE: 0,
    LabelState.STRONG_NEGATIVE: 0,
    LabelState.WEAK_NEGATIVE: 0,
    LabelState.ONE_VOTE_NEGATIVE: 0,
}


class Status(StrEnum):
    """How the votes on a clip came out."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    TIE = "tie"
    TOO_FEW = "too few"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the votes on a clip come to.

    Attributes:
        judgement: Label and weight; None where the clip stays undecided.
        status: Whether all agreed, or why there is no label.
    """

    judgement: Judgement | None
    status: Status


def sign_of(state: LabelState) -> Label | None:
    """What a state of RISE says: 1 smoke, 0 none, None neither."""
    return _SIGNS.get(state)


def by_majority(votes: Sequence[Label | None], fewest: int = FEWEST) -> Outcome:
    """The rule of the majority.

    Args:
        votes: One a person: 1 smoke, 0 none, None unsure.
        fewest: Votes for smoke or none that a label needs.

    >>> by_majority([1, 1, 0])
    Outcome(judgement=Judgement(label=1, weight=0.667), status=<Status.DISAGREED: 'disagreed'>)
    >>> by_majority([1, 0]).status.value, by_majority([1]).status.value
    ('tie', 'too few')
    """
    smoke, none = votes.count(1), votes.count(0)
    if smoke + none < fewest:
        return Outcome(None, Status.TOO_FEW)
    if smoke == none:
        return Outcome(None, Status.TIE)
    most = max(smoke, none)
    if 2 * most <= len(votes):
        return Outcome(None, Status.UNDECIDED)
    judgement = Judgement(1 if smoke > none else 0, round(most / len(votes), 3))
    return Outcome(judgement, Status.AGREED if most == len(votes) else Status.DISAGREED)


def citizens_state(votes: Sequence[Label | None]) -> LabelState:
    """What citizens' votes come to in RISE; unsure ones do not count.

    RISE asks two people, and a third where they disagree. With more votes than three, all must
    agree for a strong state, and the majority gives a weak one.

    >>> citizens_state([1, 0]).name, citizens_state([1, 0, 1]).name
    ('DISCORD', 'WEAK_POSITIVE')
    """
    smoke, none = votes.count(1), votes.count(0)
    if smoke == none:
        return LabelState.DISCORD if smoke else LabelState.NONE
    positive = smoke > none
    if smoke + none == 1:
        return LabelState.ONE_VOTE_POSITIVE if positive else LabelState.ONE_VOTE_NEGATIVE
    if smoke and none:
        return LabelState.WEAK_POSITIVE if positive else LabelState.WEAK_NEGATIVE
    return LabelState.STRONG_POSITIVE if positive else LabelState.STRONG_NEGATIVE


def researchers_state(votes: Sequence[Label | None]) -> LabelState:
    """What researchers' votes come to: one is enough, but all must agree."""
    signs = {vote for vote in votes if vote is not None}
    if len(signs) != 1:
        return LabelState.DISCORD if signs else LabelState.NONE
    return LabelState.STRONG_POSITIVE if 1 in signs else LabelState.STRONG_NEGATIVE


def by_states(citizens: LabelState, researchers: LabelState) -> Outcome:
    """RISE's rule on the states of both sides.

    >>> by_states(LabelState.WEAK_POSITIVE, LabelState.STRONG_POSITIVE)
    Outcome(judgement=Judgement(label=1, weight=0.83), status=<Status.AGREED: 'agreed'>)
    """
    judgement = judge(citizens, researchers)
    if judgement is None:
        discord = LabelState.DISCORD in (citizens, researchers)
        return Outcome(None, Status.TIE if discord else Status.UNDECIDED)
    opposed = {sign_of(citizens), sign_of(researchers)} == {0, 1}
    split = LabelState.DISCORD in (citizens, researchers)
    return Outcome(judgement, Status.DISAGREED if opposed or split else Status.AGREED)
