"""Explanations of the bundled model follow the clip and the model.

``benchmarks/explanations.py`` measures the same on more clips; the bounds here are stated on the
researchers' page and leave room below what it finds.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from stcnet.datasets.network_input import NetworkInput
from stcnet.explain.gradcam import TappedSTCNet, signed_maps
from stcnet.explain.sanity import energy_gain, randomised, rank_correlation
from stcnet.inference import ModelPackage, bundled_package
from stcnet.networks import STCNet
from stcnet.networks.packaged import restore_stcnet
from stcnet.preprocess import channels_first
from stcnet.synthesis.augment import paste_plumes
from stcnet.synthesis.scenes import render_clip
from stcnet.types import FloatArray

CLIPS = 4
LEAST_GAIN = {"fused": 1.25, "temporal": 1.5}
"""Times chance that Grad-CAM puts on a plume, mean over clips."""

MOST_AGREEMENT = 0.4
"""Rank correlation, either way, with the maps of a network that knows nothing; mean over clips."""


@dataclass(frozen=True)
class Seen:
    """One clip with a plume: where it is, and the maps of two networks, shape (T, h, w) each."""

    plume: FloatArray
    trained: dict[str, Tensor]
    shuffled: dict[str, Tensor]

    def gain(self, maps: dict[str, Tensor], name: str) -> float:
        """Of a map; one that is zero everywhere lies on no plume."""
        energy = maps[name].relu().numpy()
        return energy_gain(energy, self.plume) if energy.any() else 0.0

    def agreement(self, name: str) -> float:
        return rank_correlation(self.trained[name].numpy(), self.shuffled[name].numpy())


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return ModelPackage.load(bundled_package(), verify=False)


@pytest.fixture(scope="module")
def seen(package: ModelPackage) -> list[Seen]:
    network = restore_stcnet(package.manifest.network, package.weights)
    shuffled = randomised(network, len(network.blocks()))
    return [look(seed, package, network, shuffled) for seed in range(CLIPS)]


def look(seed: int, package: ModelPackage, network: STCNet, shuffled: STCNet) -> Seen:
    spec, sampling = package.manifest.input, package.manifest.sampling
    frames, step_s = sampling.phase_frames, sampling.interval_s * sampling.stride
    size = (spec.size, spec.size)
    clip = render_clip(1000 + seed, False, frames=frames, interval_s=step_s, size=size)
    pixels = torch.from_numpy(channels_first(clip))[None].float()
    times_s = torch.arange(frames)[None] * step_s
    smoky, opacity = paste_plumes(pixels, times_s, torch.Generator().manual_seed(seed))
    inputs = NetworkInput(spec.normalisation, spec.residual)(smoky)
    maps = [
        {
            name: each[0]
            for name, each in signed_maps(TappedSTCNet(model, "smoke", 4), *inputs).items()
        }
        for model in (network, shuffled)
    ]
    return Seen(opacity[0, :-1, 0].numpy(), *maps)


@pytest.mark.parametrize("name", LEAST_GAIN)
def test_the_evidence_lies_on_the_plume(seen: list[Seen], name: str) -> None:
    gains = [each.gain(each.trained, name) for each in seen]
    assert np.mean(gains) > LEAST_GAIN[name]


@pytest.mark.parametrize("name", LEAST_GAIN)
def test_a_network_that_knows_nothing_finds_no_plume(seen: list[Seen], name: str) -> None:
    gains = [each.gain(each.shuffled, name) for each in seen]
    assert np.mean(gains) < LEAST_GAIN[name]


@pytest.mark.parametrize("name", ["spatial", "temporal", "fused"])
def test_other_weights_give_other_maps(seen: list[Seen], name: str) -> None:
    assert np.mean([abs(each.agreement(name)) for each in seen]) < MOST_AGREEMENT
