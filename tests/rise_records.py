"""RISE records made by hand, for tests that need no video."""

from datetime import UTC, date, datetime, time
from typing import Any

from stcnet.datasets.rise import RiseRecord
from stcnet.video import RiseName


def record_values(
    number: int = 0,
    view: str = "0-0",
    day: str = "2018-06-11",
    minute: int = 0,
    votes: tuple[int, int] = (23, -1),
    **changes: Any,
) -> dict[str, Any]:
    """A record as the metadata has it, ``minute`` minutes after 14:00 UTC; 175 s long."""
    camera, view_number = map(int, view.split("-"))
    moment = datetime.combine(date.fromisoformat(day), time(14), tzinfo=UTC)
    start = int(moment.timestamp()) + 60 * minute
    left = 500 * view_number
    name = RiseName(
        camera, view_number, moment.date(), left, 100, left + 500, 600, 180, 180, number,
        start, start + 175,
    )  # fmt: skip
    return {
        "camera_id": camera,
        "view_id": view_number,
        "id": number,
        "label_state": votes[0],
        "label_state_admin": votes[1],
        "start_time": start,
        "file_name": str(name),
    } | changes


def rise_record(number: int = 0, *args: Any, **kwargs: Any) -> RiseRecord:
    return RiseRecord.model_validate(record_values(number, *args, **kwargs))
