"""What RISE's records say of their clips."""

from __future__ import annotations

from datetime import UTC, datetime

from stcnet.datasets.collection import LabelledClip
from stcnet.datasets.rise.records import RiseRecord


def clip_of(record: RiseRecord) -> LabelledClip:
    """What a record says of its clip; the id is the file name."""
    judgement = record.judgement
    return LabelledClip(
        id=record.file_name,
        label=judgement.label if judgement else None,
        view=record.view,
        plant=record.plant,
        start=record.name.started_at,
        end=datetime.fromtimestamp(record.name.end_epoch, UTC),
        label_weight=judgement.weight if judgement else 1.0,
    )
