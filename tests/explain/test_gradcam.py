"""Grad-CAM by captum against the gradients themselves, for every STCNet."""

from typing import Any

import pytest
import torch
from torch import Tensor

from random_networks import random_input, settled_network
from stcnet.explain.gradcam import TappedSTCNet, Target, grad_cam, signed_maps
from stcnet.networks import STCNet, build_model, smoke_logit
from stcnet.networks.registry import PRESETS

SIDE = 64
STAGES = range(1, 5)
CASES: dict[str, dict[str, Any]] = {
    "lateral": {"preset": "stcnet-lite0-lateral", "head": "attention"},
    "summed": {"preset": "stcnet-lite0", "head": "mean"},
    "three stages shared": {"preset": "stcnet-mobilenetv2"},
    "apart": {"preset": "stcnet-lite0", "fusion": "none", "head": "mean"},
}


@pytest.fixture(scope="module", params=CASES)
def network(request: pytest.FixtureRequest) -> STCNet:
    return settled_network(**CASES[request.param])


@pytest.fixture(scope="module")
def clip() -> tuple[Tensor, Tensor]:
    return random_input(2, 2, SIDE, SIDE, seed=3)


def close(first: Tensor, second: Tensor) -> bool:
    scale = float(second.abs().max())
    return scale > 0 and torch.allclose(first, second, atol=1e-4 * scale, rtol=1e-3)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_stcnet_can_be_tapped(preset: str) -> None:
    model = build_model(preset, frames=2).eval()
    assert isinstance(model, STCNet)
    inputs = random_input(1, 2, 32, 32)
    tapped = TappedSTCNet(model, "smoke", 4)
    with torch.no_grad():
        assert close(tapped(*inputs), smoke_logit(model(*inputs)))
    maps = grad_cam(tapped, *inputs)
    both = model.choices.pathways == "both"
    assert list(maps) == (["spatial", "temporal", "fused"] if both else ["spatial"])
    assert all(each.shape == (1, 2, 1, 1) for each in maps.values())


@pytest.mark.parametrize("stage", STAGES)
def test_a_map_has_the_size_of_its_stage(
    network: STCNet, clip: tuple[Tensor, Tensor], stage: int
) -> None:
    maps = grad_cam(TappedSTCNet(network, "smoke", stage), *clip)
    side = SIDE // 2 ** (stage + 1)
    assert {tuple(each.shape) for each in maps.values()} == {(2, 2, side, side)}
    assert all(each.min() >= 0 for each in maps.values())


def by_hand(network: STCNet, clip: tuple[Tensor, Tensor], side: str, stage: int) -> Tensor:
    """Grad-CAM of a pathway by a hook and PyTorch's own gradient, shape (B, T, h, w)."""
    kept: list[Tensor] = []
    backbone = getattr(network.pathways, side)
    hook = backbone.stages[stage - 1].register_forward_hook(lambda *made: kept.append(made[2]))
    try:
        logit = smoke_logit(network(*clip))
    finally:
        hook.remove()
    (values,) = kept
    (gradient,) = torch.autograd.grad(logit.sum(), values)
    summed = (values * gradient.mean(dim=(2, 3), keepdim=True)).sum(dim=1)
    return summed.reshape(2, 2, *summed.shape[1:]).detach()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("side", ["spatial", "temporal"])
@pytest.mark.parametrize("network", ["lateral", "apart"], indirect=True)
def test_a_pathway_is_explained_by_its_own_gradient(
    network: STCNet, clip: tuple[Tensor, Tensor], side: str, stage: int
) -> None:
    found = signed_maps(TappedSTCNet(network, "smoke", stage), *clip)[side]
    assert close(found, by_hand(network, clip, side, stage))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("network", ["summed", "three stages shared"], indirect=True)
def test_where_pathways_are_summed_their_maps_add_up(
    network: STCNet, clip: tuple[Tensor, Tensor], stage: int
) -> None:
    maps = signed_maps(TappedSTCNet(network, "smoke", stage), *clip)
    assert close(maps["spatial"] + maps["temporal"], maps["fused"])


def test_behind_the_last_stage_they_add_up_in_every_network(
    network: STCNet, clip: tuple[Tensor, Tensor]
) -> None:
    maps = signed_maps(TappedSTCNet(network, "smoke", 4), *clip)
    assert close(maps["spatial"] + maps["temporal"], maps["fused"])


def test_before_it_an_exchange_by_projection_is_more_than_a_sum(
    clip: tuple[Tensor, Tensor],
) -> None:
    network = settled_network(**CASES["lateral"])
    maps = signed_maps(TappedSTCNet(network, "smoke", 2), *clip)
    assert not close(maps["spatial"] + maps["temporal"], maps["fused"])


def test_a_stage_that_both_share_is_explained_for_each(clip: tuple[Tensor, Tensor]) -> None:
    """From the first sum on both hold one tensor: each has half of what it explains."""
    network = settled_network(**CASES["three stages shared"])
    maps = signed_maps(TappedSTCNet(network, "smoke", 2), *clip)
    assert close(maps["spatial"], maps["temporal"])
    assert close(2 * maps["spatial"], maps["fused"])
    first = signed_maps(TappedSTCNet(network, "smoke", 1), *clip)
    assert not close(first["spatial"], first["temporal"])


def test_evidence_for_none_is_evidence_against_smoke(clip: tuple[Tensor, Tensor]) -> None:
    network = settled_network(**CASES["lateral"])

    def maps(target: Target) -> Tensor:
        return signed_maps(TappedSTCNet(network, target, 4), *clip)["fused"]

    assert close(maps("none"), -maps("smoke"))


@pytest.mark.parametrize("stage", [0, 5])
def test_there_is_no_other_stage(stage: int) -> None:
    network = settled_network("plain-lite0")
    with pytest.raises(ValueError, match=f"has stages 1..4, got {stage}"):
        TappedSTCNet(network, "smoke", stage)
