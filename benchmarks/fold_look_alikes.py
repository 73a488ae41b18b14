"""Whether a fold of any protocol trains on a clip that looks like one it tests on.

    python benchmarks/fold_look_alikes.py --data DATA

Decodes all labelled clips of a data set once and prints, for every fold of every protocol that it
allows, its clips, those that it leaves out, and the pairs that the guard of training would refuse.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stcnet.datasets import Collection, Fold, LabelledClip
from stcnet.datasets.collection import labelled
from stcnet.datasets.folds.protocols import folds_of, protocols_of
from stcnet.datasets.leaks.look_alikes import near_duplicates
from stcnet.datasets.leaks.signatures import Signatures, signatures
from stcnet.datasets.opening import open_collection

PORTION = 256
"""Clips that are decoded at a time."""
HEAD = ("protocol", "folds", "trained on", "tested on", "left out", "look-alikes across")


def describe(collection: Collection, size: int) -> dict[str, Signatures]:
    """The signature of each labelled clip, shape (1, D), by its id."""
    clips = labelled(collection.clips)
    rows: dict[str, Signatures] = {}
    for start in range(0, len(clips), PORTION):
        decoded = collection.load(clips[start : start + PORTION], size)
        for name, row in zip(decoded.ids, signatures(decoded), strict=True):
            rows[name] = row[None]
    return rows


def line(protocol: str, folds: Sequence[Fold], rows: dict[str, Signatures]) -> tuple[str, ...]:
    """What the folds of a protocol hold, all together."""
    pairs = sum(look_alikes(fold.train, fold.test, rows) for fold in folds)
    counts = (
        len(folds),
        sum(len(fold.train) for fold in folds),
        sum(len(fold.test) for fold in folds),
        sum(fold.left_out for fold in folds),
        pairs,
    )
    return (protocol, *map(str, counts))


def look_alikes(
    train: Sequence[LabelledClip], test: Sequence[LabelledClip], rows: dict[str, Signatures]
) -> int:
    """Number of pairs of one recording on both sides."""
    sides = [np.concatenate([rows[clip.id] for clip in side]) for side in (train, test)]
    return len(near_duplicates(*sides, least_scene=None))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled clips")
    parser.add_argument("--size", type=int, default=64, help="side of the pictures, in pixels")
    arguments = parser.parse_args()
    collection = open_collection(arguments.data)
    rows = describe(collection, arguments.size)
    lines = [HEAD, ("---",) * len(HEAD)]
    for protocol in protocols_of(collection):
        lines.append(line(protocol, folds_of(collection, protocol), rows))
    print("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


if __name__ == "__main__":
    main()
