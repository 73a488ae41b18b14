"""The same judged clips under other labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from stcnet.evaluation.samples import Sample

Label = Literal[0, 1]
SUFFIX = ".mp4"


def clip_name(name: str, labels: Mapping[str, Label]) -> str:
    """The id by which a clip is relabelled: its name, or its file's name without ``.mp4``."""
    return name if name in labels else name.removesuffix(SUFFIX)


def relabelled(sample: Sample, labels: Mapping[str, Label]) -> Sample:
    """A sample with other labels; what was predicted, and how it was drawn, stays.

    Args:
        sample: Judged clips.
        labels: Other labels by the name of the clip, with or without ``.mp4``; clips that are not
            named keep theirs.
    """
    if not labels:
        return sample
    judged = sample.judged
    pairs = zip(sample.names, judged.labels.tolist(), strict=True)
    new = np.array(
        [labels.get(clip_name(name, labels), old) for name, old in pairs], dtype=np.int64
    )
    return replace(sample, judged=replace(judged, labels=new))
