"""Who is tested on what: the leak-free protocols of the shared cells, and their guard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from stcnet.datasets.cells import Cell, Site, Split
from stcnet.errors import ConfigError, DataError

SPLITS: tuple[Split, ...] = get_args(Split)
PLANT_SITES: tuple[Site, ...] = ("other-plants",)


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


def refuse_leaks(train: Iterable[Cell], test: Iterable[Cell]) -> None:
    """The leak guard.

    Raises:
        DataError: A clip, or a clip of the same duplicate group, stands on both sides.
    """
    groups = {cell.duplicate_group: cell.id for cell in test}
    ids = set(groups.values()) | {cell.id for cell in test}
    for cell in train:
        if cell.id in ids or cell.duplicate_group in groups:
            raise DataError(
                "a training clip leaks into the test",
                where=cell.id,
                got=f"duplicate group {cell.duplicate_group}, also of test clip "
                f"{groups.get(cell.duplicate_group, cell.id)}",
                hint="leave every clip of a test clip's duplicate group out of training",
            )


def _hold_out(name: str, cells: Sequence[Cell], test: Sequence[Cell]) -> Fold:
    """Test on ``test``; train on all other clips outside the test clips' duplicate groups."""
    if not test:
        raise DataError("no clip is left to test on", where=name)
    groups = {cell.duplicate_group for cell in test}
    train = tuple(cell for cell in cells if cell.duplicate_group not in groups)
    return Fold(name, train, tuple(test))


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
    return _hold_out(f"leave-out-{split}", cells, [c for c in cells if c.split == split])


def leave_plants_out(cells: Sequence[Cell]) -> Fold:
    """Test on the other plants' cells of all splits; train on clairton and IJmond alone."""
    test = [cell for cell in cells if cell.site in PLANT_SITES]
    return _hold_out("leave-out-plants", cells, test)


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
    single = {f"leave-out-{split}": split for split in SPLITS}
    if protocol in single:
        return [leave_split_out(cells, single[protocol])]
    raise ConfigError(
        "there is no such protocol",
        where="--protocol",
        got=protocol,
        allowed=", ".join(["leave-one-split-out", "leave-plants-out", *single]),
    )
