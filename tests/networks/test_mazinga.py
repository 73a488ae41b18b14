"""MazingaSmoke v2 has the size that was published, and its branches see what they are for."""

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from random_networks import settle
from stcnet.networks import MazingaChoices, MazingaSmoke, build_model
from stcnet.networks.mazinga_branches import changes, gather_frames

NONE = torch.empty(0)


@pytest.fixture(scope="module")
def network() -> MazingaSmoke:
    torch.manual_seed(0)
    network = MazingaSmoke(MazingaChoices(frames=4))
    settle(network, clips(), NONE)
    return network


def clips() -> Tensor:
    return torch.randn(2, 4, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def test_it_has_the_published_size() -> None:
    """1.9 M parameters; 12.3 G FLOPs, of which convolutions and matrices are two a product."""
    with torch.device("meta"):
        network = build_model("mazinga-v2").eval()
        clip = torch.empty(1, 36, 3, 224, 224)
        with FlopCounterMode(display=False) as counter:
            network(clip, clip)
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert counted / 1e6 == pytest.approx(1.887, abs=6e-4)
    assert counter.get_total_flops() / 1e9 == pytest.approx(11.07, abs=0.01)


def test_maps_are_those_of_each_frame(network: MazingaSmoke) -> None:
    with torch.no_grad():
        deep, early = network.maps(clips())
        alone, _ = network.maps(clips()[:, 2:3])
    assert (deep.shape, early.shape) == ((2, 4, 128, 2, 3), (2, 4, 40, 8, 12))
    torch.testing.assert_close(alone[:, 0], deep[:, 2], rtol=1e-4, atol=1e-4)


def test_only_the_static_branch_forgets_the_order_of_frames(network: MazingaSmoke) -> None:
    """But for what moved, which a clip that stands still has none of."""
    with torch.no_grad():
        deep, early = network.maps(clips())
        still = early[:, :1].expand_as(early)
        turned = network.static(deep.flip(1), still)
        torch.testing.assert_close(turned.flip(1), network.static(deep, still))
        there, back = network.temporal(deep, still), network.temporal(deep.flip(1), still)
    assert not torch.allclose(back.flip(1), there, atol=1e-3)


def test_both_branches_see_what_moved(network: MazingaSmoke) -> None:
    with torch.no_grad():
        deep, early = network.maps(clips())
        still = early[:, :1].expand_as(early)
        for branch in (network.static, network.temporal):
            assert not torch.allclose(branch(deep, early)[:, 1:], branch(deep, still)[:, 1:])


def test_the_fusion_looks_where_the_map_is(network: MazingaSmoke) -> None:
    with torch.no_grad():
        sequence, maps = torch.randn(1, 4, 128), torch.randn(1, 4, 128, 7, 7)
        elsewhere = maps.clone()
        elsewhere[0, 2, :, 3, 3] += 5.0
        told, other = network.fusion(sequence, maps), network.fusion(sequence, elsewhere)
    differs = (told != other).any(dim=2)[0]
    assert differs.tolist() == [False, False, True, False]


def test_frames_are_gathered_by_how_telling_they_are() -> None:
    sequence = torch.tensor([[[1.0], [5.0], [9.0]]])
    assert gather_frames(sequence, torch.zeros(1, 3, 1)).item() == pytest.approx(5.0)
    scores = torch.tensor([[[0.0], [0.0], [50.0]]])
    assert gather_frames(sequence, scores).item() == pytest.approx(9.0)


def test_the_first_frame_has_no_change() -> None:
    assert not changes(torch.randn(2, 3, 4))[:, 0].any()
