"""What a model package made of one clip, and where it saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from stcnet.datasets.network_input import NetworkInput
from stcnet.errors import PackageError
from stcnet.explain.gradcam import FUSED, TappedSTCNet, Target, grad_cam
from stcnet.inference import ClipScorer, ModelPackage
from stcnet.networks.packaged import restore_stcnet
from stcnet.preprocess import channels_first, phase_indices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stcnet.types import FloatArray, Picture, Verdict

Pair = tuple[int, int]
"""Positions of a frame and of the one that its residual leads to."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One clip, its verdict, and the maps of all moments that were looked at.

    Attributes:
        package: The model.
        verdict: Of the whole clip; its ``activation`` is exact.
        target: The class whose evidence the maps show.
        stage: Stage of the network that they are taken behind, 1..4.
        earlier: What the network saw, in order of time: RGB, uint8, shape (M, S, S, 3).
        later: The frame that each residual leads to, of the same shape.
        times_s: Capture time of each of ``earlier``, seconds since the first frame of the clip.
        maps: Grad-CAM by ``spatial``, ``temporal`` and ``fused``, or the only pathway there is:
            0 or more, float32, shape (M, h, w).
        sampled: Rows of one phase, in order: the T frames that are judged together.
    """

    package: ModelPackage
    verdict: Verdict
    target: Target
    stage: int
    earlier: Picture
    later: Picture
    times_s: tuple[float, ...]
    maps: Mapping[str, FloatArray]
    sampled: tuple[int, ...]

    @property
    def leading(self) -> str:
        """The map that speaks for the whole network: ``fused``, or of the only pathway."""
        return FUSED if FUSED in self.maps else next(iter(self.maps))

    @property
    def strongest(self) -> int:
        """Row of the moment with the most evidence in the leading map."""
        return int(self.maps[self.leading].sum(axis=(1, 2)).argmax())

    @property
    def peaks(self) -> dict[str, float]:
        """Largest value of each map over the clip."""
        return {name: float(each.max()) for name, each in self.maps.items()}


def explain_clip(
    package: ModelPackage,
    frames: Picture,
    times_s: Sequence[float],
    *,
    target: Target = "smoke",
    stage: int = 4,
    on_phase: Callable[[int, int], None] = lambda done, total: None,
) -> Explanation:
    """Judge a clip and say where the verdict comes from.

    All phases of the verdict are explained. Their maps stand in order of time; where phases of a
    short clip share a pair of frames, their mean does.

    Args:
        package: The model, made of an STCNet.
        frames: The clip as the network sees it: RGB, uint8, shape (N, S, S, 3).
        times_s: Capture time of each frame, in seconds.
        target: The class whose evidence is looked for.
        stage: Stage to look behind, 1 (finest) to 4 (last).
        on_phase: Told of phases done and phases in all.

    Raises:
        PackageError: The network cannot be rebuilt in PyTorch, as from an int8 package, or ONNX
            Runtime refuses it.
        ScoringError: The clip has too few frames or another form.
    """
    _require_float(package)
    verdict = ClipScorer(package).score(frames)
    sampling = package.manifest.sampling
    phases = phase_indices(len(frames), sampling.phase_frames, sampling.stride).tolist()
    look = _Looker(package, target, stage)
    found: dict[Pair, list[dict[str, FloatArray]]] = {}
    for done, phase in enumerate(phases, start=1):
        for pair, maps in zip(pairwise(phase), look(frames[phase]), strict=True):
            found.setdefault(pair, []).append(maps)
        on_phase(done, len(phases))
    pairs = sorted(found)
    middle = phases[len(phases) // 2]
    return Explanation(
        package,
        verdict,
        target,
        stage,
        frames[[first for first, _ in pairs]],
        frames[[second for _, second in pairs]],
        tuple(float(times_s[first]) for first, _ in pairs),
        {name: _mean_maps(name, found, pairs) for name in look.names},
        tuple(pairs.index(pair) for pair in pairwise(middle)),
    )


def _require_float(package: ModelPackage) -> None:
    quantisation = package.manifest.quantisation
    if quantisation is not None:
        raise PackageError(
            "an int8 package holds no weights that gradients could be taken of",
            where=package.source,
            allowed="fp32",
            hint="explain the package it was made of, SHA-256 " + quantisation.source_sha256,
        )


def _mean_maps(
    name: str, found: Mapping[Pair, Sequence[Mapping[str, FloatArray]]], pairs: Sequence[Pair]
) -> FloatArray:
    means = [np.mean([maps[name] for maps in found[pair]], axis=0) for pair in pairs]
    return np.stack(means).astype(np.float32)


class _Looker:
    """Takes the maps of one phase at a time, with the weights of a package."""

    def __init__(self, package: ModelPackage, target: Target, stage: int) -> None:
        manifest = package.manifest
        network = restore_stcnet(manifest.network, package.weights, where=package.source)
        self._tapped = TappedSTCNet(network, target, stage)
        self._input = NetworkInput(manifest.input.normalisation, manifest.input.residual)
        both = len(self._tapped.names) > 1
        self.names = (*self._tapped.names, FUSED) if both else self._tapped.names

    def __call__(self, phase: Picture) -> list[dict[str, FloatArray]]:
        """The maps (h, w) of each of T pairs in T + 1 frames."""
        pixels = torch.from_numpy(channels_first(phase))[None]
        maps = grad_cam(self._tapped, *self._input(pixels))
        return [
            {name: each[0, row].numpy() for name, each in maps.items()}
            for row in range(len(phase) - 1)
        ]
