"""Every network of the registry keeps the contract that training and prediction build on."""

import pytest
import torch
from torch import Tensor

from stcnet.networks import NETWORKS, ClipNetwork, build_model


def make(name: str, **choices: object) -> ClipNetwork:
    with torch.device("meta"):
        return build_model(name, **choices)


def shapes_only(model: ClipNetwork, *, batch: int, frames: int) -> tuple[Tensor, Tensor]:
    """Frames and residuals without content, of a size that the network takes, not square."""
    side = 2 * max(model.input_multiple, 32)
    given = torch.empty(batch, frames, model.channels, side, side + side // 2, device="meta")
    return given, given if model.takes_residuals else torch.empty(0, device="meta")


@pytest.mark.parametrize("name", NETWORKS)
def test_an_entry_says_what_it_is(name: str) -> None:
    entry, model = NETWORKS[name], make(name)
    assert (entry.name, entry.frames) == (name, model.frames)
    assert entry.input_size % model.input_multiple == 0
    assert entry.source
    assert len(model.pixel_mean) == len(model.pixel_std) == model.channels
    assert min(model.pixel_std) > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_of_every_head(name: str) -> None:
    model = make(name, frames=2)
    heads = model.supervised(*shapes_only(model, batch=3, frames=2))
    assert "joint" in heads
    for head, logits in heads.items():
        assert logits.shape == ((3, 2, 2) if head == "frames" else (3, 2)), head


@pytest.mark.parametrize("name", ["stcnet-lite0", "plain-lite0", "i3d"])
def test_the_joint_head_is_the_verdict(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(name, frames=2).eval()
    given = torch.randn(1, 2, 3, 32, 32)
    assert torch.equal(model.supervised(given, given)["joint"], model(given, given))


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_hold_every_parameter_once(name: str) -> None:
    model = make(name)
    held = [id(parameter) for block in model.blocks() for parameter in block.parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(parameter) for parameter in model.parameters()}


@pytest.mark.parametrize("name", ["stcnet-lite0", "stcnet-lite0-lateral", "plain-lite0", "i3d"])
def test_blocks_stand_in_order_from_input_to_head(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(name, frames=2).eval()
    given = torch.randn(1, 2, 3, 64, 64)
    order: list[int] = []
    for number, block in enumerate(model.blocks()):
        for module in block.modules():
            module.register_forward_hook(lambda *_, place=number: order.append(place))
    model(given, given)
    assert order == sorted(order)
    assert set(order) == set(range(len(model.blocks())))
