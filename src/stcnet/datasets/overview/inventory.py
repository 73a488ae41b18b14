"""What a data set holds: clips, smoke and weights by everything that the records say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stcnet.datasets.cells.records import Cell
from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.ijmond.records import PLANT, IjmondRecord
from stcnet.datasets.rise.records import RiseRecord
from stcnet.datasets.rise.splits import (
    SPLITS,
    VIEWS,
    RiseSplit,
    part_of,
    published_part,
    published_splits,
)
from stcnet.video import RiseName

ALL = "all"


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip as the inventory sees it.

    Attributes:
        label: 1 smoke, 0 none, None undecided.
        weight: How sure the label is, 0..1. Shared cells: how many clips it stands for.
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
        for value, members in sorted(values.items(), key=lambda pair: natural(pair[0]))
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


def natural(value: str) -> list[tuple[int, float, str]]:
    """A key that sorts ``0-2`` before ``0-10``, and words after numbers."""
    return [
        (0, float(part), "") if part.replace(".", "", 1).isdigit() else (1, 0.0, part)
        for part in value.split("-")
    ]


def rise_entries(records: Iterable[RiseRecord]) -> list[Entry]:
    """RISE records by split, view, plant, month, hour, weight and verdict of each side."""
    return [_voted(record, record.plant, _rise_parts(record)) for record in records]


def ijmond_entries(records: Iterable[IjmondRecord]) -> list[Entry]:
    """IJmond records by view, plant, month, hour, weight and verdict of each side."""
    return [_voted(record, PLANT, {}) for record in records]


def _voted(record: RiseRecord | IjmondRecord, plant: str, parts: Mapping[str, str]) -> Entry:
    """The entry of a record with votes; ``parts`` says where its splits put it."""
    traits = {
        "view": record.view,
        "plant": plant,
        "month": f"{record.local_start:%Y-%m}",
        "hour": f"{record.local_start:%H}",
        "label_state": _state(record.label_state.name),
        "label_state_admin": _state(record.label_state_admin.name),
    }
    judgement = record.judgement
    if judgement is None:
        return Entry(None, math.nan, traits)
    weight = {"weight": f"{judgement.weight:g}"}
    return Entry(judgement.label, judgement.weight, traits | weight | dict(parts))


def _rise_parts(record: RiseRecord) -> dict[str, str]:
    return {split: part_of(record, split) for split in SPLITS} if record.view in VIEWS else {}


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


def clip_entries(clips: Sequence[LabelledClip]) -> list[Entry]:
    """Clips of any kind by view, plant, month and hour (UTC), label, and RISE's splits."""
    splits = published_splits(clips)
    return [Entry(clip.label, clip.label_weight, _clip_traits(clip, splits)) for clip in clips]


def _clip_traits(clip: LabelledClip, splits: Sequence[RiseSplit]) -> dict[str, str]:
    traits = {"view": clip.view, "plant": clip.plant}
    if clip.start is not None:
        traits |= {"month": f"{clip.start:%Y-%m}", "hour": f"{clip.start:%H}"}
    if clip.label is None:
        return traits | {"label": "undecided"}
    name = RiseName.parse(clip.id)
    if name is not None:
        traits |= {split: published_part(clip.view, name.day, split) for split in splits}
    return traits | {"label": "smoke" if clip.label else "none", "weight": f"{clip.label_weight:g}"}
