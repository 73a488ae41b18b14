"""What a data set holds: clips, smoke and weights by everything that the records say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stcnet.datasets.cells import Cell
from stcnet.datasets.rise.records import RiseRecord
from stcnet.datasets.rise.splits import SPLITS, VIEWS, part_of

ALL = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip as the inventory sees it.

    Attributes:
        label: 1 smoke, 0 none, None undecided.
        weight: RISE: how sure the label is, 0..1. Shared cells: how many clips it stands for.
        traits: What it is by each grouping, such as ``{"view": "0-7"}``.
    """

    label: int | None
    weight: float
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Count:
    """The clips that share a trait.

    Attributes:
        group, value: The trait, such as ``view`` and ``0-7``.
        clips: All of them.
        labelled: Those with a label.
        smoke: Those with the label smoke.
        mean_weight: Of those with a label; NaN where there is none.
    """

    group: str
    value: str
    clips: int
    labelled: int
    smoke: int
    mean_weight: float

    @property
    def prevalence(self) -> float:
        """Share of smoke among the labelled clips, 0..1; NaN where there is none."""
        return self.smoke / self.labelled if self.labelled else math.nan


def count_entries(entries: Iterable[Entry]) -> list[Count]:
    """All clips first, then each grouping in the order it first occurs, its values sorted."""
    groups: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        for group, value in ({ALL: ALL} | dict(entry.traits)).items():
            groups[group][value].append(entry)
    return [
        _count(group, value, members)
        for group, values in groups.items()
        for value, members in sorted(values.items(), key=lambda pair: _natural(pair[0]))
    ]


def _count(group: str, value: str, members: Sequence[Entry]) -> Count:
    labelled = [entry for entry in members if entry.label is not None]
    total = math.fsum(entry.weight for entry in labelled)
    return Count(
        group,
        value,
        clips=len(members),
        labelled=len(labelled),
        smoke=sum(entry.label == 1 for entry in labelled),
        mean_weight=total / len(labelled) if labelled else math.nan,
    )


def _natural(value: str) -> list[tuple[int, float, str]]:
    """Sorts ``0-2`` before ``0-10``, and words after numbers."""
    return [
        (0, float(part), "") if part.replace(".", "", 1).isdigit() else (1, 0.0, part)
        for part in value.split("-")
    ]


def rise_entries(records: Iterable[RiseRecord]) -> list[Entry]:
    """RISE records by split, view, plant, month, hour, weight and verdict of each side."""
    return [
        Entry(
            record.judgement.label if record.judgement else None,
            record.judgement.weight if record.judgement else math.nan,
            _rise_traits(record),
        )
        for record in records
    ]


def _rise_traits(record: RiseRecord) -> dict[str, str]:
    traits = {
        "view": record.view,
        "plant": record.plant,
        "month": f"{record.name.day:%Y-%m}",
        "hour": f"{record.local_start:%H}",
        "label_state": _state(record.label_state.name),
        "label_state_admin": _state(record.label_state_admin.name),
    }
    if record.judgement is None:
        return traits
    traits["weight"] = f"{record.judgement.weight:g}"
    if record.view in VIEWS:
        traits |= {split: part_of(record, split) for split in SPLITS}
    return traits


def _state(name: str) -> str:
    return name.lower().replace("_", " ")


def cell_entries(cells: Iterable[Cell]) -> list[Entry]:
    """Shared cells by split, view, site, confidence of the view and baseline prediction."""
    return [
        Entry(
            cell.label,
            cell.population_weight,
            {
                "split": cell.split,
                "view": cell.view,
                "site": cell.site,
                "view_confidence": cell.view_confidence,
                "baseline_prediction": str(cell.baseline_prediction),
            },
        )
        for cell in cells
    ]
