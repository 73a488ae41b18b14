"""IJmond records made by hand."""

from typing import Any

VIDEO = "A9W8G55JucU"


def ijmond_values(number: int = 0, view: int = 3, **changes: Any) -> dict[str, Any]:
    """A record as IJmond publishes it."""
    return {
        "camera_id": 1,
        "file_name": f"{VIDEO}-{view}",
        "id": number,
        "label_state": 23,
        "label_state_admin": 16,
        "start_time": 1679680066,
        "url_part": VIDEO,
        "url_root": "https://ijmond.invalid/videos/",
        "view_id": view,
    } | changes
