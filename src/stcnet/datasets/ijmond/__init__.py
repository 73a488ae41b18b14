"""IJmond as published: clips of three cameras around a steelworks in the Netherlands."""

from stcnet.datasets.ijmond.records import (
    CAMERAS,
    IJMOND_ZONE,
    IjmondName,
    IjmondRecord,
    parse_ijmond,
    read_ijmond,
    video_url,
)

__all__ = [
    "CAMERAS",
    "IJMOND_ZONE",
    "IjmondName",
    "IjmondRecord",
    "parse_ijmond",
    "read_ijmond",
    "video_url",
]
