"""The same judged clips under other labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from stcnet.evaluation.samples import Sample

Label = Literal[0, 1]
SUFFIX = ".mp4"


def clip_name(name: str) -> str:
    """The id of a clip by the name under which it was predicted: its file's, without a suffix."""
    return name.removesuffix(SUFFIX)


def relabelled(sample: Sample, labels: Mapping[str, Label]) -> Sample:
    """A sample with other labels; what was predicted, and how it was drawn, stays.

    Args:
        sample: Judged clips.
        labels: Other labels by the name of the clip, without ``.mp4``; clips that are not named
            keep theirs.
    """
    if not labels:
        return sample
    judged = sample.judged
    pairs = zip(sample.names, judged.labels.tolist(), strict=True)
    new = np.array([labels.get(clip_name(name), old) for name, old in pairs], dtype=np.int64)
    return replace(sample, judged=replace(judged, labels=new))
