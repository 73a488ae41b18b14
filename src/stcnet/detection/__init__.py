"""One pass over a recorded source: from its frames to episodes, and to a folder of results."""

from stcnet.detection.clips import ClipFrames, read_clip, score_clip
from stcnet.detection.folder import RESULT_FILES, new_folder
from stcnet.detection.progress import Progress
from stcnet.detection.record import Detection
from stcnet.detection.results import detect_into, write_results
from stcnet.detection.scoring import detect
from stcnet.detection.settings import episode_settings, operating_point
from stcnet.detection.zones import VIEW, place_zones

__all__ = [
    "RESULT_FILES",
    "VIEW",
    "ClipFrames",
    "Detection",
    "Progress",
    "detect",
    "detect_into",
    "episode_settings",
    "new_folder",
    "operating_point",
    "place_zones",
    "read_clip",
    "score_clip",
    "write_results",
]
