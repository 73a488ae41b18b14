"""The counts and notes of a data set of any kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from stcnet.datasets.cells.collection import CellCollection
from stcnet.datasets.collection import Collection, LabelledClip
from stcnet.datasets.ijmond.collection import ATTRIBUTION, IjmondCollection
from stcnet.datasets.ijmond.collection import video_path as ijmond_video
from stcnet.datasets.ijmond.records import IJMOND_ZONE, PLANT
from stcnet.datasets.overview.inventory import (
    Count,
    Entry,
    cell_entries,
    clip_entries,
    count_entries,
    ijmond_entries,
    rise_entries,
)
from stcnet.datasets.rise import (
    SPLITS,
    VIEWS,
    RiseRecord,
    decided,
    divide,
    part_of,
    shared_pictures,
    video_path,
)
from stcnet.datasets.rise.collection import RiseCollection
from stcnet.datasets.rise.records import RISE_ZONE

RISE_ATTRIBUTION: Final = "RISE (Hsu et al., AAAI 2021; CC0)"
RISE_PLANTS: Final = frozenset({"clairton", "other-plants", "plant-1", "plant-2"})

Note = int | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the records of a data set tell.

    Attributes:
        title: What it is.
        sources: Whose clips they are, and under which licence, as far as their plants tell.
        zone: Time zone of months and hours.
        counts: By everything that the records say.
        notes: Further numbers by their names, such as how many videos are there.
    """

    title: str
    sources: tuple[str, ...]
    zone: str
    counts: tuple[Count, ...]
    notes: Mapping[str, Note]

    def as_json(self) -> dict[str, object]:
        """Its parts as JSON holds them; what is not a number is null."""
        return {
            "title": self.title,
            "sources": list(self.sources),
            "zone": self.zone,
            "counts": [_as_object(count) for count in self.counts],
            **self.notes,
        }


def look_over(collection: Collection) -> Overview:
    """Count what a collection of any kind holds, from its records alone."""
    entries, zone, notes = _told(collection)
    counts = tuple(count_entries(entries))
    return Overview(collection.title, sources_of(collection.clips), zone, counts, notes)


def _told(collection: Collection) -> tuple[list[Entry], str, dict[str, Note]]:
    """Entries, time zone and notes, as much as this kind of data tells."""
    match collection:
        case CellCollection():
            return cell_entries(collection.cells), "UTC", {}
        case RiseCollection():
            records = collection.records
            notes: dict[str, Note] = {
                "videos": _there(video_path(collection.folder, record) for record in records),
                "test_clips_partly_seen_in_training": _partly_seen(records),
            }
            return rise_entries(records), str(RISE_ZONE), notes
        case IjmondCollection():
            videos = (ijmond_video(collection.folder, record) for record in collection.records)
            notes = {"videos": _there(videos)}
            return ijmond_entries(collection.records), str(IJMOND_ZONE), notes
    return clip_entries(collection.clips), "UTC", {}


def _there(videos: Iterable[Path]) -> int:
    return sum(video.is_file() for video in videos)


def _partly_seen(records: Sequence[RiseRecord]) -> dict[str, int]:
    """How many test clips of each split share picture and time with training clips."""
    known = [record for record in decided(records) if record.view in VIEWS]
    seen: dict[str, int] = {}
    for split in SPLITS:
        parts = divide(known, partial(part_of, split=split))
        seen[split] = len(shared_pictures(parts["train"], parts["test"]))
    return seen


def sources_of(clips: Sequence[LabelledClip]) -> tuple[str, ...]:
    """Whose clips they are: those of RISE and IJmond are known by their plants."""
    plants = {clip.plant for clip in clips}
    named = {RISE_ATTRIBUTION: plants & RISE_PLANTS, f"IJmond ({ATTRIBUTION})": plants & {PLANT}}
    return tuple(source for source, found in named.items() if found)


def _as_object(count: Count) -> dict[str, object]:
    return {
        "by": count.group,
        "value": count.value,
        "clips": count.clips,
        "labelled": count.labelled,
        "smoke": count.smoke,
        "prevalence": _rounded(count.prevalence),
        "mean_weight": _rounded(count.mean_weight),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
