"""Protocols that only the stored collection had, kept as who is tested on.

The shared cells, for one, are divided by a field that no other clips have. A store keeps the ids
that each of their folds holds out, so that the same protocols can be asked of it. All else of a
fold follows from these: it trains on every clip that shows nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from stcnet.datasets.collection import Collection, LabelledClip, labelled
from stcnet.datasets.folds.fold import Fold, hold_out
from stcnet.datasets.folds.protocols import OwnProtocols
from stcnet.datasets.store.records import HeldOut
from stcnet.errors import DataError


def held_out_by(collection: Collection) -> dict[str, tuple[HeldOut, ...]]:
    """What the folds of each protocol hold out that only this collection has.

    A protocol is left out where the collection has no clips for it, or where its folds do more than
    hold clips out.
    """
    if not isinstance(collection, OwnProtocols):
        return {}
    clips = labelled(collection.clips)
    found: dict[str, tuple[HeldOut, ...]] = {}
    for protocol in collection.protocols:
        with suppress(DataError):
            folds = collection.folds(protocol)
            if all(hold_out(fold.name, clips, fold.test) == fold for fold in folds):
                found[protocol] = tuple(map(_record_of, folds))
    return found


def _record_of(fold: Fold) -> HeldOut:
    return HeldOut(fold=fold.name, clips=tuple(clip.id for clip in fold.test))


def folds_again(clips: Sequence[LabelledClip], held_out: Sequence[HeldOut]) -> list[Fold]:
    """The folds of a protocol, of the clips that are in the store.

    Raises:
        DataError: No clip is left to train or to test on.
    """
    by_id = {clip.id: clip for clip in clips}
    return [
        hold_out(record.fold, clips, [by_id[clip] for clip in record.clips if clip in by_id])
        for record in held_out
    ]
