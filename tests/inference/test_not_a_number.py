"""A value that is not a number goes into no verdict."""

import numpy as np
import pytest

from stcnet.errors import ScoringError
from stcnet.inference import ClipScorer, ModelPackage, StreamScorer
from tiny_model import CHANNELS, SIZE, random_clip

VALUES = {"NaN": np.nan, "infinity": np.inf}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_pictures_with_one_are_refused_by_clips_and_streams(
    value: float, package: ModelPackage
) -> None:
    clip = random_clip(10).astype(np.float32)
    clip[4, 3, 2, 1] = value
    with pytest.raises(ScoringError, match=r"clip has the wrong form \(got float32 .* uint8"):
        ClipScorer(package).score(clip)  # type: ignore[arg-type]
    with pytest.raises(ScoringError, match=r"picture has the wrong form \(got float32 .* uint8"):
        StreamScorer(package).push(clip[4])


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("name", ["frame", "residual"])
def test_a_prepared_picture_with_one_is_named(
    name: str, value: float, package: ModelPackage
) -> None:
    inputs = {given: np.zeros((3, SIZE, SIZE), np.float32) for given in ("frame", "residual")}
    inputs[name][0, 1, 2] = value
    with pytest.raises(ScoringError, match=f"the input {name} of the network holds values that"):
        package.runner(1).features(**inputs)


def test_features_with_one_are_named(package: ModelPackage) -> None:
    features = np.full((CHANNELS, SIZE // 4, SIZE // 4), np.nan, np.float32)
    with pytest.raises(ScoringError, match="the input features of the network holds values that"):
        package.runner(1).phase([features] * package.manifest.sampling.frames)
