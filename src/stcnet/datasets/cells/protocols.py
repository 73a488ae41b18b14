"""Who is tested on what among the shared cells: the protocols that only they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from stcnet.datasets.cells.records import Cell, Site, Split
from stcnet.datasets.folds.fold import Fold, hold_out
from stcnet.errors import ConfigError

SPLITS: tuple[Split, ...] = get_args(Split)
PLANT_SITES: tuple[Site, ...] = ("other-plants",)
PLANTS_FOLD = "leave-out-plants"
PLANTS_PROTOCOL = "leave-plants-out"
"""The protocol whose only fold that is."""
SPLIT_FOLD = "leave-out-"
CELL_PROTOCOLS = (
    "leave-one-split-out",
    PLANTS_PROTOCOL,
    *(f"{SPLIT_FOLD}{split}" for split in SPLITS),
)
"""Names of the protocols, and of single folds of the first."""


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
    tested = fold_test(cells, name) or []
    return hold_out(name, [cell.clip for cell in cells], [cell.clip for cell in tested])


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


def cell_folds(cells: Sequence[Cell], protocol: str) -> list[Fold]:
    """The folds of one of :data:`CELL_PROTOCOLS`.

    Args:
        cells: All clips at hand.
        protocol: ``leave-one-split-out``, ``leave-plants-out``, or ``leave-out-S0`` and so on for
            one fold of the first.

    Raises:
        ConfigError: There is no such protocol.
    """
    if protocol == "leave-one-split-out":
        return [leave_split_out(cells, split) for split in SPLITS]
    if protocol == PLANTS_PROTOCOL:
        return [leave_plants_out(cells)]
    if protocol in CELL_PROTOCOLS:
        return [leave_split_out(cells, protocol.removeprefix(SPLIT_FOLD))]
    raise ConfigError(
        "there is no such protocol",
        where="--protocol",
        got=protocol,
        allowed=", ".join(CELL_PROTOCOLS),
    )
