"""Which protocols a store keeps: those whose folds follow from the clips that they hold out."""

from dataclasses import dataclass

from planted_collection import PlantedCollection, planted_clip
from stcnet.datasets import Fold
from stcnet.datasets.folds.fold import hold_out
from stcnet.datasets.store.divisions import folds_again, held_out_by

CLIPS = tuple(planted_clip(number) for number in (0, 1, 2, 3, 7, 8))
TESTED = [clip for clip in CLIPS if clip.view == "0-1"]
WHOLE = hold_out("whole", CLIPS, TESTED)
FEWER = Fold("fewer", WHOLE.train[1:], WHOLE.test)
NAMED = {"whole": WHOLE, "fewer": FEWER}


@dataclass
class Divided(PlantedCollection):
    """With a protocol that trains on all that it may, and one that does not."""

    @property
    def protocols(self) -> tuple[str, ...]:
        return tuple(NAMED)

    def folds(self, protocol: str) -> list[Fold]:
        return [NAMED[protocol]]


def test_a_protocol_that_does_more_than_hold_clips_out_is_not_kept() -> None:
    kept = held_out_by(Divided(CLIPS))
    assert list(kept) == ["whole"]
    assert folds_again(CLIPS, kept["whole"]) == [WHOLE]
    assert held_out_by(PlantedCollection(CLIPS)) == {}
