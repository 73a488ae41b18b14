"""RISE as published: records, labels, splits, the leak guard, and the reader of its videos."""

from stcnet.datasets.rise.labels import Judgement, LabelState, judge
from stcnet.datasets.rise.leaks import shared_pictures
from stcnet.datasets.rise.records import (
    METADATA_FILE,
    RiseRecord,
    decided,
    judgement_of,
    read_records,
    video_path,
)
from stcnet.datasets.rise.splits import (
    SPLITS,
    VIEWS,
    RiseSplit,
    divide,
    part_of,
    published_fold,
    read_rise,
    read_split_files,
    split_file,
)

__all__ = [
    "METADATA_FILE",
    "SPLITS",
    "VIEWS",
    "Judgement",
    "LabelState",
    "RiseRecord",
    "RiseSplit",
    "decided",
    "divide",
    "judge",
    "judgement_of",
    "part_of",
    "published_fold",
    "read_records",
    "read_rise",
    "read_split_files",
    "shared_pictures",
    "split_file",
    "video_path",
]
