"""Frame sources behind one contract, sampling by capture time, and writers."""

from stcnet.video.cadence import native_interval_s, require_cadence
from stcnet.video.files import VideoFile
from stcnet.video.folders import PictureFolder
from stcnet.video.opening import open_source
from stcnet.video.rise_names import RiseName
from stcnet.video.sampling import Sample, sample
from stcnet.video.source import FrameSource, RecordedSource, SourceInfo, SourceKind, Timing
from stcnet.video.writing import Mp4Writer, write_gif

__all__ = [
    "FrameSource",
    "Mp4Writer",
    "PictureFolder",
    "RecordedSource",
    "RiseName",
    "Sample",
    "SourceInfo",
    "SourceKind",
    "Timing",
    "VideoFile",
    "native_interval_s",
    "open_source",
    "require_cadence",
    "sample",
    "write_gif",
]
