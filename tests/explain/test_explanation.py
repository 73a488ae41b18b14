"""A clip explained with the bundled model: what is looked at, and that it adds up."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from stcnet.datasets.network_input import NetworkInput
from stcnet.demo import SAMPLE_PATH
from stcnet.errors import PackageError, ScoringError
from stcnet.explain.explanation import Explanation, explain_clip
from stcnet.explain.gradcam import TappedSTCNet, grad_cam
from stcnet.inference import ClipScorer, ModelPackage, bundled_package
from stcnet.networks.packaged import restore_stcnet
from stcnet.preprocess import centred_square, channels_first, crop_and_resize, phase_indices
from stcnet.types import Picture
from stcnet.video import open_source
from tiny_model import make_parts

FRAMES = 11
"""Fewer than a window: the phases share some pairs of frames."""


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return ModelPackage.load(bundled_package(), verify=False)


@pytest.fixture(scope="module")
def clip(package: ModelPackage) -> Picture:
    with open_source(SAMPLE_PATH, frame_interval_s=5.0) as source:
        frames = [frame.image for frame, _ in zip(source, range(64), strict=False)]
    box = centred_square(frames[0].shape[1], frames[0].shape[0])
    size = package.manifest.input.size
    return np.stack([crop_and_resize(frame, box, size) for frame in frames[-FRAMES:]])


@pytest.fixture(scope="module")
def explanation(package: ModelPackage, clip: Picture) -> Explanation:
    return explain_clip(package, clip, [5.0 * k for k in range(FRAMES)])


def test_the_verdict_is_that_of_the_scorer(
    package: ModelPackage, clip: Picture, explanation: Explanation
) -> None:
    verdict = ClipScorer(package).score(clip)
    assert explanation.verdict.logit == verdict.logit
    assert np.array_equal(explanation.verdict.activation, verdict.activation)


def test_every_moment_that_was_looked_at_is_explained(
    package: ModelPackage, clip: Picture, explanation: Explanation
) -> None:
    sampling = package.manifest.sampling
    phases = phase_indices(FRAMES, sampling.phase_frames, sampling.stride).tolist()
    pairs = sorted({(a, b) for phase in phases for a, b in pairwise(phase)})
    assert explanation.times_s == tuple(5.0 * first for first, _ in pairs)
    assert np.array_equal(explanation.earlier, clip[[first for first, _ in pairs]])
    assert np.array_equal(explanation.later, clip[[second for _, second in pairs]])
    assert all(len(each) == len(pairs) for each in explanation.maps.values())
    chosen = [explanation.times_s[row] for row in explanation.sampled]
    assert chosen == [5.0 * k for k in phases[len(phases) // 2][:-1]]


def test_a_map_is_the_mean_over_the_phases_that_look_at_a_pair(
    package: ModelPackage, clip: Picture, explanation: Explanation
) -> None:
    sampling, spec = package.manifest.sampling, package.manifest.input
    network = restore_stcnet(package.manifest.network, package.weights)
    tapped = TappedSTCNet(network, "smoke", 4)
    network_input = NetworkInput(spec.normalisation, spec.residual)
    first = []
    for phase in phase_indices(FRAMES, sampling.phase_frames, sampling.stride):
        if (phase[0], phase[1]) == (0, 1):
            pixels = torch.from_numpy(channels_first(clip[phase]))[None]
            first.append(grad_cam(tapped, *network_input(pixels))["fused"][0, 0].numpy())
    assert len(first) > 1
    np.testing.assert_allclose(explanation.maps["fused"][0], np.mean(first, axis=0), rtol=1e-3)


def test_the_strongest_moment_has_the_most_evidence(explanation: Explanation) -> None:
    sums = explanation.maps["fused"].sum(axis=(1, 2))
    assert sums[explanation.strongest] == sums.max() > 0
    assert explanation.leading == "fused"
    assert explanation.peaks["fused"] == explanation.maps["fused"].max()


def test_too_few_frames_are_refused(package: ModelPackage, clip: Picture) -> None:
    with pytest.raises(ScoringError, match="too few frames"):
        explain_clip(package, clip[:8], [0.0] * 8)


def test_another_network_than_an_stcnet_is_refused(tmp_path: Path, clip: Picture) -> None:
    foreign = make_parts().write(tmp_path / "tiny.stcnet")
    with pytest.raises(PackageError, match="cannot be rebuilt in PyTorch"):
        explain_clip(foreign, clip, [5.0 * k for k in range(FRAMES)])
