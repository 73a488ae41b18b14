"""The head that pools by attention."""

import pytest
import torch
from torch import Tensor, nn

from stcnet.networks import STCNet, build_model
from stcnet.networks.heads import HEAD_CHANNELS, AttentionHead, MeanHead


@pytest.fixture
def head() -> AttentionHead:
    torch.manual_seed(0)
    head = AttentionHead()
    nn.init.normal_(scores_of(head).weight, std=2.0)
    return head


def scores_of(head: AttentionHead) -> nn.Conv2d:
    last = head.tell[-1]
    assert isinstance(last, nn.Conv2d)
    return last


def features(frames: int = 4) -> Tensor:
    return torch.randn(2, frames, HEAD_CHANNELS, 3, 5, generator=torch.Generator().manual_seed(1))


def test_it_starts_as_the_mean() -> None:
    attention, mean = AttentionHead(), MeanHead()
    mean.project.load_state_dict(attention.project.state_dict())
    pooled = attention(features()).mean(dim=(2, 3))
    torch.testing.assert_close(pooled, mean(features()).mean(dim=(2, 3)), atol=1e-5, rtol=1e-5)


def test_it_gathers_what_the_plain_sum_over_places_does(head: AttentionHead) -> None:
    given = features()
    pooled = head(given).mean(dim=(2, 3))
    for clip, result in zip(given, pooled, strict=True):
        places = clip.movedim(1, -1).reshape(-1, HEAD_CHANNELS)
        first, _, last = head.tell
        assert isinstance(first, nn.Conv2d)
        assert isinstance(last, nn.Conv2d)
        assert first.bias is not None
        assert head.project.bias is not None
        weight = first.weight[:, :, 0, 0]
        hidden = torch.tanh(places @ weight.T + first.bias)
        shares = torch.softmax(hidden @ last.weight[0, :, 0, 0], dim=0)
        gathered = (shares[:, None] * places).sum(dim=0)
        expected = head.project.weight[:, :, 0, 0] @ gathered + head.project.bias
        torch.testing.assert_close(result, expected, atol=1e-4, rtol=1e-4)


def test_the_order_of_frames_does_not_matter(head: AttentionHead) -> None:
    given = features()
    pooled, turned = (head(x).mean(dim=(2, 3)) for x in (given, given.flip(1)))
    torch.testing.assert_close(pooled, turned, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [1, 4, 9])
def test_it_takes_any_number_of_frames(head: AttentionHead, frames: int) -> None:
    assert head(features(frames)).shape == (2, HEAD_CHANNELS, 3, 5)


def test_the_mean_of_the_class_maps_is_the_logit() -> None:
    torch.manual_seed(0)
    network = build_model("stcnet-lite0-lateral", head="attention").eval()
    assert isinstance(network, STCNet)
    assert isinstance(network.head, AttentionHead)
    nn.init.normal_(scores_of(network.head).weight)
    frames, residuals = torch.randn(2, 2, 8, 3, 64, 64).unbind(0)
    with torch.inference_mode():
        logits = network(frames, residuals)
        each = network.frame_features(frames.flatten(0, 1), residuals.flatten(0, 1))
        maps = network.class_maps(each.reshape(2, 8, *each.shape[1:]))
    torch.testing.assert_close(maps.mean(dim=(2, 3)), logits, atol=1e-4, rtol=1e-4)


def test_a_telling_place_is_not_drowned(head: AttentionHead) -> None:
    """One place in which the head believes outweighs all others, however many there are."""
    torch.manual_seed(1)
    given = 0.1 * torch.randn(1, 8, HEAD_CHANNELS, 5, 5)
    first = head.tell[0]
    assert isinstance(first, nn.Conv2d)
    assert head.project.bias is not None
    wanted = 3 * scores_of(head).weight[0, :, 0, 0].sign()[:, None]
    direction = torch.linalg.lstsq(first.weight[:, :, 0, 0], wanted).solution[:, 0]
    given[0, 3, :, 2, 4] = direction
    pooled = head(given).mean(dim=(2, 3))[0]
    alone = head.project.weight[:, :, 0, 0] @ direction + head.project.bias
    torch.testing.assert_close(pooled, alone, atol=0.05, rtol=0.05)
