"""RISE as published: records, labels, splits, the leak guard, and the reader of its videos."""

from stcnet.datasets.rise.labels import Judgement, LabelState, judge
from stcnet.datasets.rise.leaks import refuse_leaks, shared_pictures
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
    RiseFold,
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
    "RiseFold",
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
    "refuse_leaks",
    "shared_pictures",
    "split_file",
    "video_path",
]
