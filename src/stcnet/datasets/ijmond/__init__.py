"""IJmond as published: clips of three cameras around a steelworks in the Netherlands."""

from stcnet.datasets.ijmond.collection import ATTRIBUTION, IjmondCollection
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
    "ATTRIBUTION",
    "CAMERAS",
    "IJMOND_ZONE",
    "IjmondCollection",
    "IjmondName",
    "IjmondRecord",
    "parse_ijmond",
    "read_ijmond",
    "video_url",
]
