"""Who is tested on what: the leak-free protocols of the shared cells, and their guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from stcnet.datasets.cells import Cell, Site, Split
from stcnet.errors import ConfigError, DataError

SPLITS: tuple[Split, ...] = get_args(Split)
PLANT_SITES: tuple[Site, ...] = ("other-plants",)
PLANTS_FOLD = "leave-out-plants"
SPLIT_FOLD = "leave-out-"


@dataclass(frozen=True, slots=True)
class Fold:
    """One division into clips to train on and clips to test on; proven free of leaks.

    Attributes:
        name: ``leave-out-S0`` and the like.
        train, test: The clips of each side.

    Raises:
        DataError: A test clip or a near-duplicate of one stands in the training clips.
    """

    name: str
    train: tuple[Cell, ...]
    test: tuple[Cell, ...]

    def __post_init__(self) -> None:
        refuse_leaks(self.train, self.test)


def refuse_leaks(train: Sequence[Cell], test: Sequence[Cell]) -> None:
    """The leak guard.

    Raises:
        DataError: A clip, or a clip of the same duplicate group, stands on both sides.
    """
    groups = {cell.duplicate_group: cell.id for cell in test}
    ids = {cell.id for cell in test}
    for cell in train:
        if cell.id in ids or cell.duplicate_group in groups:
            raise DataError(
                "a training clip leaks into the test",
                where=cell.id,
                got=f"duplicate group {cell.duplicate_group}, also of test clip "
                f"{groups.get(cell.duplicate_group, cell.id)}",
                hint="leave every clip of a test clip's duplicate group out of training",
            )


def fold_test(cells: Sequence[Cell], name: str) -> list[Cell] | None:
    """The clips that a fold of a known name holds out, None for any other name."""
    if name == PLANTS_FOLD:
        return [cell for cell in cells if cell.site in PLANT_SITES]
    split = name.removeprefix(SPLIT_FOLD)
    if name.startswith(SPLIT_FOLD) and split in SPLITS:
        return [cell for cell in cells if cell.split == split]
    return None


def _named_fold(cells: Sequence[Cell], name: str) -> Fold:
    """Train on all clips but those held out and their near-duplicates."""
    test = fold_test(cells, name) or []
    groups = {cell.duplicate_group for cell in test}
    train = [cell for cell in cells if cell.duplicate_group not in groups]
    for side, purpose in ((test, "test"), (train, "train")):
        if not side:
            raise DataError(f"no clip is left to {purpose} on", where=name)
    return Fold(name, tuple(train), tuple(test))


def leave_split_out(cells: Sequence[Cell], split: str) -> Fold:
    """Test on one split's cells; train on the others', less duplicates of test clips.

    The clairton views of the test are then unseen. The other plants' views are not: every RISE
    test set holds all of them; see :func:`leave_plants_out`.

    Raises:
        ConfigError: There is no such split.
    """
    if split not in SPLITS:
        raise ConfigError(
            "there is no such split", where="split", got=split, allowed=", ".join(SPLITS)
        )
    return _named_fold(cells, f"{SPLIT_FOLD}{split}")


def leave_plants_out(cells: Sequence[Cell]) -> Fold:
    """Test on the other plants' cells of all splits; train on clairton and IJmond alone."""
    return _named_fold(cells, PLANTS_FOLD)


def protocol_folds(cells: Sequence[Cell], protocol: str) -> list[Fold]:
    """The folds of a named protocol.

    Args:
        cells: All clips at hand.
        protocol: ``leave-one-split-out``, ``leave-plants-out``, or ``leave-out-S0`` and so on for
            one fold of the first.

    Raises:
        ConfigError: There is no such protocol.
    """
    if protocol == "leave-one-split-out":
        return [leave_split_out(cells, split) for split in SPLITS]
    if protocol == "leave-plants-out":
        return [leave_plants_out(cells)]
    single = {f"{SPLIT_FOLD}{split}": split for split in SPLITS}
    if protocol in single:
        return [leave_split_out(cells, single[protocol])]
    raise ConfigError(
        "there is no such protocol",
        where="--protocol",
        got=protocol,
        allowed=", ".join(["leave-one-split-out", "leave-plants-out", *single]),
    )
