"""The support vector machines of RISE's table: RGB-SVM and Flow-SVM on features of I3D.

Source: Hsu et al., AAAI 2021. A machine with a radial basis kernel and C = 1 judges what an I3D,
trained for other classes, makes of a clip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stcnet.datasets.clips import ClipSet, fixed_frames
from stcnet.datasets.network_input import NetworkInput
from stcnet.errors import TrainingError
from stcnet.networks import I3D
from stcnet.wording import counted

FeatureMatrix = NDArray[np.float64]


@torch.inference_mode()
def extract_features(
    model: I3D, network_input: NetworkInput, clips: ClipSet, *, batch_size: int = 8
) -> FeatureMatrix:
    """What an I3D makes of each clip, see :meth:`stcnet.networks.I3D.features`.

    Args:
        model: In evaluation mode, on the device of ``clips``.
        network_input: Normalisation of the model.
        clips: RGB or flow, as the model takes them; the middle frame of each of its segments is
            looked at, which are all frames where there are as many.
        batch_size: Clips at a time; has no influence on the result beyond rounding.

    Returns:
        Features on the CPU, shape (N, 1024) for an I3D without additions.
    """
    length = clips.frames.shape[1]
    features = []
    for start in range(0, len(clips), batch_size):
        rows = np.arange(start, min(start + batch_size, len(clips)))
        frames = fixed_frames(len(rows), length, model.frames, 1, 0)
        features.append(model.features(*network_input(clips.gather(rows, frames))).double().cpu())
    return np.concatenate([part.numpy() for part in features])


class FeatureSVM:
    """A support vector machine with a radial basis kernel on standardised features.

    The width of the kernel is scikit-learn's ``scale``. Each feature is brought to mean 0 and
    deviation 1 over the training clips, where RISE takes the features as they are: those of an I3D
    are of very different sizes. Nothing in it is random.

    Args:
        c: C, how dear a training clip on the wrong side is.
    """

    def __init__(self, c: float = 1.0) -> None:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        self.pipeline: Any = make_pipeline(StandardScaler(), SVC(C=c, kernel="rbf", gamma="scale"))

    def fit(self, features: FeatureMatrix, labels: NDArray[np.int64]) -> FeatureSVM:
        """Learn from clips.

        Args:
            features: Shape (N, F).
            labels: 1 smoke, 0 none, shape (N,).

        Raises:
            TrainingError: Features are not finite, or the clips are all of one class.
        """
        _check_finite(features)
        classes = sorted({int(label) for label in labels})
        if classes != [0, 1]:
            raise TrainingError(
                "a support vector machine learns from clips with and without smoke",
                got=f"{counted(len(labels), 'clip')}, labels {classes}",
            )
        self.pipeline.fit(features, labels)
        return self

    def decision(self, features: FeatureMatrix) -> NDArray[np.float64]:
        """How far on the side of smoke each clip lies, shape (N,); above 0 it is called smoke.

        Raises:
            TrainingError: Features are not finite.
        """
        _check_finite(features)
        return np.asarray(self.pipeline.decision_function(features), dtype=np.float64)


def _check_finite(features: FeatureMatrix) -> None:
    wrong = int((~np.isfinite(features)).any(axis=1).sum())
    if wrong:
        raise TrainingError(
            "features of clips are not finite",
            got=f"{wrong} of {len(features)} clips",
            hint="look at the weights that the features come from",
        )
