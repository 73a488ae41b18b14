"""A package is not judged on what it was trained on, whatever that is called."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from planted_collection import PlantedCollection, planted_clip
from stcnet.datasets.clips import ClipSet
from stcnet.datasets.collection import LabelledClip, OnBad, refuse
from stcnet.errors import DataError
from stcnet.evaluation.package_leaks import refuse_trained_on
from stcnet.evaluation.packages import predict_package
from stcnet.inference import ModelPackage
from tiny_model import make_parts

CLIPS = tuple(replace(planted_clip(number), group=None) for number in range(6))
TRAINED, SCORED = CLIPS[:4], CLIPS[4:]
"""Hours apart, or of unknown times."""


@dataclass
class Copied(PlantedCollection):
    """The last clip shows what the clip at a position shows, a little brighter."""

    copied: int | None = None

    def load(self, clips: Sequence[LabelledClip], size: int, *, on_bad: OnBad = refuse) -> ClipSet:
        loaded = super().load(clips, size, on_bad=on_bad)
        if self.copied is not None and CLIPS[-1].id in loaded.ids:
            shown = super().load([CLIPS[self.copied]], size).frames[0]
            place = loaded.ids.index(CLIPS[-1].id)
            loaded.frames[place] = (shown.float() * 1.05 + 2).clamp(0, 255).byte()
        return loaded


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    parts = make_parts()
    provenance = parts.description.provenance.model_copy(
        update={"clips": tuple(clip.id for clip in TRAINED)}
    )
    description = parts.description.model_copy(update={"provenance": provenance})
    path = tmp_path_factory.mktemp("package") / "tiny.stcnet"
    return parts.with_(description=description).write(path)


def test_other_recordings_are_scored(package: ModelPackage) -> None:
    predictions = predict_package(package, Copied(CLIPS), SCORED)
    assert [prediction.id for prediction in predictions] == [clip.id for clip in SCORED]


@pytest.mark.parametrize(
    ("chosen", "copied", "line"),
    [
        pytest.param(CLIPS[3:], None, f"{CLIPS[3].id}: training and scoring share a clip",
                     id="the clip itself"),
        pytest.param(SCORED, 2, f"{CLIPS[2].id}: a training clip shows a test clip again",
                     id="its pictures under another name"),
    ],
)  # fmt: skip
def test_what_was_trained_on_is_refused(
    package: ModelPackage, chosen: Sequence[LabelledClip], copied: int | None, line: str
) -> None:
    with pytest.raises(DataError) as caught:
        predict_package(package, Copied(CLIPS, copied=copied), chosen)
    assert str(caught.value).startswith(line)
    assert len(str(caught.value).splitlines()) == 1


def test_a_copy_of_what_was_not_trained_on_passes(package: ModelPackage) -> None:
    refuse_trained_on(package, Copied(CLIPS, copied=4), SCORED)


def test_a_training_clip_that_is_gone_is_told_of(
    package: ModelPackage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        refuse_trained_on(package, Copied(CLIPS, bad={CLIPS[0].id}), SCORED)
    (record,) = caplog.records
    assert record.getMessage().startswith("not compared with the clips to score: ")
    assert CLIPS[0].id in record.getMessage()
    with pytest.raises(DataError, match="the video is missing"):
        refuse_trained_on(package, Copied(CLIPS, bad={CLIPS[5].id}), SCORED)
