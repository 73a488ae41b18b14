"""What the states of a RISE clip say: its label, and how sure it is.

Hsu et al., Project RISE (AAAI 2021), and the metadata published with it: citizens vote on a clip,
researchers may judge it as well, and each side's verdict is one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Label = Literal[0, 1]


class LabelState(IntEnum):
    """The verdict of one side, citizens or researchers, on a clip."""

    GOLD_POSITIVE = 47
    GOLD_NEGATIVE = 32
    STRONG_POSITIVE = 23
    STRONG_NEGATIVE = 16
    WEAK_POSITIVE = 19
    WEAK_NEGATIVE = 20
    ONE_VOTE_POSITIVE = 5
    ONE_VOTE_NEGATIVE = 4
    DISCORD = 3
    NONE = -1
    BAD_VIDEO = -2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the votes on a clip come to.

    Attributes:
        label: 1 smoke, 0 none.
        weight: How sure the label is, above 0 and at most 1.
    """

    label: Label
    weight: float


_S = LabelState
_GOLD: dict[LabelState, Label] = {_S.GOLD_POSITIVE: 1, _S.GOLD_NEGATIVE: 0}
_STRONG: dict[LabelState, Label] = {_S.STRONG_POSITIVE: 1, _S.STRONG_NEGATIVE: 0}
_WEAK: dict[LabelState, Label] = {_S.WEAK_POSITIVE: 1, _S.WEAK_NEGATIVE: 0}
_ONE_SIDE: dict[LabelState, Judgement] = {
    **{state: Judgement(label, 1.0) for state, label in _STRONG.items()},
    **{state: Judgement(label, 0.66) for state, label in _WEAK.items()},
}
_UNCONFIRMED = 0.75
"""Weight of a researcher's verdict on which the citizens came to none."""


def judge(citizens: LabelState, researchers: LabelState) -> Judgement | None:
    """Label and weight of a clip, as in the published splits; None where it is undecided.

    A researcher's verdict goes first. Its weight is 1 where the citizens agree strongly, .83 where
    they agree weakly, .75 where they came to nothing, .66 and .5 where they disagree weakly and
    strongly; a gold verdict always weighs 1. Without one, the citizens' strong verdicts weigh 1
    and their weak ones .66.

    Args:
        citizens: The field ``label_state`` of the metadata.
        researchers: The field ``label_state_admin``.

    >>> judge(LabelState.WEAK_POSITIVE, LabelState.STRONG_NEGATIVE)
    Judgement(label=0, weight=0.66)
    >>> judge(LabelState.DISCORD, LabelState.NONE) is None
    True
    """
    if researchers in _GOLD:
        return Judgement(_GOLD[researchers], 1.0)
    if researchers in _STRONG:
        label = _STRONG[researchers]
        return Judgement(label, _agreement(citizens, label))
    return _ONE_SIDE.get(citizens)


def _agreement(citizens: LabelState, label: Label) -> float:
    """Weight of a researcher's strong verdict, by what the citizens said."""
    if citizens in _STRONG:
        return 1.0 if _STRONG[citizens] == label else 0.5
    if citizens in _WEAK:
        return 0.83 if _WEAK[citizens] == label else 0.66
    return _UNCONFIRMED
