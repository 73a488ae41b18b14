"""Verdicts on whole clips and on endless streams: the same numbers, at a price a camera can pay."""

from __future__ import annotations

from collections import deque
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from stcnet.errors import ScoringError, StcnetError
from stcnet.inference.phases import PhaseScorer, check_picture, place_box, verdict_of
from stcnet.preprocess import phase_indices

if TYPE_CHECKING:
    from stcnet.inference.graphs import PhaseScore
    from stcnet.inference.manifest import Sampling
    from stcnet.inference.package import ModelPackage
    from stcnet.types import FloatArray, Picture, PixelBox, Verdict


class ClipScorer:
    """Judges one clip at a time. Safe to share between threads.

    Args:
        package: The model. Scorers of one package share its graphs.
        threads: Threads to use; None for one a core available to this process.

    Raises:
        PackageError: ONNX Runtime refuses the model.
    """

    def __init__(self, package: ModelPackage, *, threads: int | None = None) -> None:
        self._package = package
        self._scorer = PhaseScorer(package.runner(threads), package.manifest.input)

    def score(self, frames: Picture, box: PixelBox | None = None) -> Verdict:
        """Judge a clip.

        The clip is cut into T + 1 equal segments; each phase takes one frame of each segment. A
        clip of ``sampling.window_frames`` frames gives exactly the verdict of a
        :class:`StreamScorer` that has seen the same frames.

        Args:
            frames: RGB, uint8, shape (N, H, W, 3), at least T + 1 of them, evenly spaced in time.
            box: Part of the pictures to judge; None for their centred square.

        Raises:
            ScoringError: Too few frames, another type or shape, or a network that gives values
                that are not finite.
            ZoneError: The box does not lie in the pictures.
        """
        sampling = self._package.manifest.sampling
        _check_clip(frames, sampling.phase_frames)
        placed = place_box(box, frames[0])
        indices = phase_indices(len(frames), sampling.phase_frames, sampling.stride)
        prepared = {
            int(index): self._scorer.prepare(frames[index], placed) for index in np.unique(indices)
        }
        phases = [tuple(pairwise(phase)) for phase in indices.tolist()]
        # Phases of a short clip share pairs of frames: each passes the frame graph once.
        features = {
            (earlier, later): self._scorer.features(prepared[earlier], prepared[later])
            for earlier, later in set(chain.from_iterable(phases))
        }
        runner = self._scorer.runner
        scores = [runner.phase([features[pair] for pair in pairs]) for pairs in phases]
        return verdict_of(scores, self._package.calibration)


class StreamScorer:
    """Judges one zone of an endless stream, frame by frame, in bounded memory.

    A frame passes the frame graph once, together with the frame ``stride`` before it, and the clip
    graph is run once on the feature maps of its phase: never more than one run of each a frame.
    Not safe to share between threads; scorers of several zones share the graphs of their package.

    Args:
        package: The model.
        box: Part of the pictures to judge; None for their centred square.
        threads: Threads to use; None for one a core available to this process.
        sampling: How the frames were sampled; None for the model's own. One of another stride, for
            frames that come more rarely, averages as many phases.

    Raises:
        PackageError: ONNX Runtime refuses the model.
    """

    def __init__(
        self,
        package: ModelPackage,
        box: PixelBox | None = None,
        *,
        threads: int | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        sampling = sampling or package.manifest.sampling
        self._package = package
        self._stride = sampling.stride
        self._box = box
        self._scorer = PhaseScorer(package.runner(threads), package.manifest.input)
        self._shape: tuple[int, ...] | None = None
        self._frames: deque[FloatArray] = deque(maxlen=sampling.stride)
        # The maps of one phase lie ``stride`` apart: this holds just the span of one.
        self._features: deque[FloatArray] = deque(
            maxlen=sampling.stride * (sampling.frames - 1) + 1
        )
        self._phases: deque[PhaseScore] = deque(maxlen=sampling.stride)

    def push(self, image: Picture) -> Verdict | None:
        """Take the next frame, an interval of the sampling after the one before.

        After an error the scorer is as new: the frame that failed is a gap.

        Args:
            image: RGB, uint8, shape (H, W, 3), of the same size as the frames before.

        Returns:
            The verdict on the window that ends with this frame, or None until
            ``sampling.window_frames`` frames have been seen.

        Raises:
            ScoringError: Another type, shape or picture size, or a network that gives values that
                are not finite.
            ZoneError: The box does not lie in the picture.
        """
        try:
            self._take(self._prepare(image))
        except StcnetError:
            self.reset()
            raise
        if len(self._phases) < self._stride:
            return None
        return verdict_of(self._phases, self._package.calibration)

    def reset(self) -> None:
        """Forget all frames: to be called when some are missing from the stream."""
        self._shape = None
        self._frames.clear()
        self._features.clear()
        self._phases.clear()

    def _prepare(self, image: Picture) -> FloatArray:
        check_picture(image)
        if self._shape not in (None, image.shape):
            raise ScoringError(
                "the size of the pictures changes within the stream",
                got=_size(image.shape),
                allowed=_size(self._shape or ()),
                hint="the next picture starts a new window",
            )
        placed = place_box(self._box, image)
        self._shape = image.shape
        return self._scorer.prepare(image, placed)

    def _take(self, frame: FloatArray) -> None:
        if len(self._frames) == self._frames.maxlen:
            self._features.append(self._scorer.features(self._frames[0], frame))
        self._frames.append(frame)
        if len(self._features) == self._features.maxlen:
            self._phases.append(self._scorer.runner.phase(list(self._features)[:: self._stride]))


def _check_clip(frames: Picture, minimum: int) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
        raise ScoringError(
            "the clip has the wrong form",
            got=f"{frames.dtype} {frames.shape}",
            allowed="uint8 (N, H, W, 3), RGB",
        )
    if len(frames) < minimum:
        raise ScoringError(
            "the clip has too few frames",
            got=len(frames),
            allowed=f"{minimum} or more",
            hint="give a longer clip",
        )
    check_picture(frames[0])


def _size(shape: tuple[int, ...]) -> str:
    height, width = shape[:2]
    return f"{width}x{height} pixels"
